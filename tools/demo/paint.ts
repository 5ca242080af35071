/** Cuts what does not fit and says so. Every character counts as one column. */
export function fit(text: string, width: number): string {
  const oneLine = text.replaceAll(/\s+/g, ' ');
  const characters = [...oneLine];
  if (characters.length <= width) return oneLine;
  return width <= 1 ? '…'.slice(0, width) : `${characters.slice(0, width - 1).join('')}…`;
}

export function pad(text: string, width: number): string {
  const cut = fit(text, width);
  return cut + ' '.repeat(width - [...cut].length);
}

/** @param share 0 to 1 */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

export function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
