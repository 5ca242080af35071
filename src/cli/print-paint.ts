/** Colours by their meaning; each leaves the text alone where colours are not wanted. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly busy: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
}

const ESCAPE = '\x1b[';

/** Colours for a terminal, and for nothing else. @see https://no-color.org */
export function paintFor(
  out: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const wanted = out.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
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
