/** Version of the first API servers that know what our admission policies are written in. */
export const LEAST_MINOR = 30;
/** The newest that this release was tried with, and one more. */
export const MOST_MINOR = 37;

export const WANTED_SERVERS = `1.${LEAST_MINOR} to 1.${MOST_MINOR}`;

/**
 * @param gitVersion as an API server says it of itself: `v1.36.3+k0s`
 * @returns `older` has no admission policies, so that agents could write what is not theirs; `newer` was never tried
 */
export function fitOfServer(gitVersion: string): 'fits' | 'older' | 'newer' | 'unknown' {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  if (major === undefined || minor === undefined) return 'unknown';
  const number = Number(major) === 1 ? Number(minor) : Number.POSITIVE_INFINITY;
  if (number < LEAST_MINOR) return 'older';
  return number > MOST_MINOR ? 'newer' : 'fits';
}
