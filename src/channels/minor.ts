/** A minor version, such as `v1.36`. */
export interface Minor {
  readonly major: number;
  readonly minor: number;
}

/** @returns undefined for what is no minor version: `v1.36.3`, `1.36` */
export function parseMinor(text: string): Minor | undefined {
  const [, major, minor] = /^v(\d{1,6})\.(\d{1,6})$/.exec(text) ?? [];
  return minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
