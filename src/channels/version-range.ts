import { compareK0sVersions, type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';

interface Comparator {
  readonly operator: '<' | '<=' | '>' | '>=' | '=';
  readonly version: K0sVersion;
}

/** Versions that meet all of its comparators. */
export type VersionRange = readonly Comparator[];

/**
 * Reads `<v1.36.3`, `>=v1.35.0+k0s.0 <v1.36.0` or one version alone. Versions are ordered as k0s orders
 * them: `v1.36.3`, without a build, is below `v1.36.3+k0s.0`.
 * @returns undefined for what is no range
 */
export function parseRange(text: string): VersionRange | undefined {
  const words = text.trim().split(/\s+/);
  const range: Comparator[] = [];
  for (const word of words) {
    const [, operator = '=', said = ''] = /^(<=|>=|<|>|=)?(v.+)$/.exec(word) ?? [];
    const version = parseK0sVersion(said);
    if (version === undefined) return undefined;
    range.push({ operator: operator as Comparator['operator'], version });
  }
  return range;
}

export function isWithin(range: VersionRange, version: K0sVersion): boolean {
  return range.every((one) => {
    const order = compareK0sVersions(version, one.version);
    if (one.operator === '=') return order === 0;
    if (order === 0) return one.operator.endsWith('=');
    return one.operator.startsWith('<') ? order < 0 : order > 0;
  });
}
