/** Colours by their meaning; each leaves the text alone where colours are not wanted. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly busy: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
}

const ESCAPE = '\x1b[';

/** @see https://no-color.org */
export function paintFor(out: {
  readonly isTTY?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}): Paint {
  const wanted = out.isTTY === true && !out.env?.NO_COLOR && out.env?.TERM !== 'dumb';
  const sgr = (code: number, end: number) => (text: string) =>
    wanted && text !== '' ? `${ESCAPE}${code}m${text}${ESCAPE}${end}m` : text;
  return {
    good: sgr(32, 39),
    bad: sgr(31, 39),
    busy: sgr(36, 39),
    dim: sgr(2, 22),
    strong: sgr(1, 22),
  };
}

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
