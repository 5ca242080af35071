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

/** Cells side by side, each column as wide as its widest; the last one is not padded. */
export function columnsText(rows: readonly (readonly string[])[]): string[] {
  const widths =
    rows[0]?.map((_, at) => Math.max(...rows.map((row) => [...row[at]!].length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, at) => pad(cell, widths[at]!))
      .join('  ')
      .trimEnd(),
  );
}
