import { compareK0sVersions, type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';
import type { ExtendedIndex, Release } from './index-schema.ts';
import { isWithin, parseRange } from './version-range.ts';

type Blocked = Pick<ExtendedIndex, 'blocked'>;

/** @returns why nobody shall go to a version; undefined where anybody may */
export function whyBlocked({ blocked }: Blocked, version: string): string | undefined {
  return blocked.versions.find((one) => one.version === version)?.reason;
}

/** @returns why nobody shall go from one version straight to another, where that alone is blocked */
export function whyEdgeBlocked(
  { blocked }: Blocked,
  from: K0sVersion,
  to: string,
): string | undefined {
  const edge = blocked.edges.find(
    (one) => one.to === to && isWithin(parseRange(one.from) ?? [], from),
  );
  return edge?.reason;
}

/** @returns the newest release that is not blocked; undefined where there is none */
export function newestOf(extended: ExtendedIndex): Release | undefined {
  return byVersion(extended.releases)
    .filter(({ version }) => whyBlocked(extended, version) === undefined)
    .at(-1);
}

/** Oldest first. */
export function byVersion<T extends { readonly version: string }>(releases: readonly T[]): T[] {
  return releases
    .map((release) => ({ release, version: parseK0sVersion(release.version) }))
    .sort((a, b) => (a.version && b.version ? compareK0sVersions(a.version, b.version) : 0))
    .map(({ release }) => release);
}
