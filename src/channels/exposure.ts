import { compareK0sVersions, type K0sVersion, parseK0sVersion } from '../api/k0s-version.ts';
import { type Exposure, KEPT_EXPOSURES } from '../api/update-config.ts';
import { whyBlocked } from './blocked.ts';
import type { Machine } from './machines.ts';
import type { Offered, OfferedRelease } from './offered.ts';

const HOUR_MS = 3_600_000;
/** Between two additions while nothing changes: each is a write. */
const COUNT_EVERY_MS = 300_000;

/**
 * How long machines have run without each release, brought up to now. A machine counts from the release on, until
 * it runs that release or a newer one. What it was before the release was seen here is taken to be what it is then.
 * @param offered what the channel offers now; undefined: not known, so that nothing new is added
 * @returns the same list where there is nothing to add yet
 */
export function countExposures(
  before: readonly Exposure[],
  offered: Offered | undefined,
  machines: readonly Machine[],
  nowMs: number,
): readonly Exposure[] {
  const known = new Set(before.map(({ version }) => version));
  const census = censusOf(machines);
  const fresh = (offered?.releases ?? []).flatMap((release): Exposure[] => {
    const { version } = release;
    if (known.has(version.text) || whyBlocked(offered!, version.text) !== undefined) return [];
    const behind = countBehind(census, version);
    return behind === 0 ? [] : [beginOf(release, behind, nowMs)];
  });
  // What the channel has taken back is nothing to be without.
  const kept = before.filter(
    ({ version, behind }) =>
      behind === 0 || offered === undefined || whyBlocked(offered, version) === undefined,
  );
  const counted = kept.map((one) => bringUp(one, census, nowMs));
  const hasChanged =
    fresh.length > 0 || kept.length < before.length || counted.some((one, at) => one !== kept[at]);
  if (!hasChanged) return before;
  return [...counted, ...fresh].toSorted(byVersionDown).slice(0, KEPT_EXPOSURES);
}

function beginOf(release: OfferedRelease, behind: number, nowMs: number): Exposure {
  const { version, releasedMs, severity, cves } = release;
  const at = new Date(nowMs).toISOString();
  const sinceMs = Math.min(releasedMs ?? nowMs, nowMs);
  return {
    version: version.text,
    ...(releasedMs === undefined ? {} : { releasedAt: new Date(releasedMs).toISOString() }),
    seenAt: at,
    ...(severity === undefined ? {} : { severity }),
    ...(cves.length === 0 ? {} : { cves: [...cves] }),
    behind,
    nodeHours: rounded((behind * (nowMs - sinceMs)) / HOUR_MS),
    countedAt: at,
  };
}

function bringUp(one: Exposure, census: Census, nowMs: number): Exposure {
  const version = parseK0sVersion(one.version);
  // Machines that do not tell at this moment are no proof that all of them have it.
  if (version === undefined || census.has(undefined)) return one;
  const behind = countBehind(census, version);
  const sinceMs = nowMs - Date.parse(one.countedAt);
  const isDue = one.behind > 0 && sinceMs >= COUNT_EVERY_MS;
  if (behind === one.behind && !isDue) return one;
  const at = new Date(nowMs).toISOString();
  const { doneAt: _before, ...rest } = one;
  return {
    ...rest,
    behind,
    // As many as were counted the last time have been behind until now.
    nodeHours: rounded(one.nodeHours + (one.behind * Math.max(0, sinceMs)) / HOUR_MS),
    countedAt: at,
    ...(behind === 0 ? { doneAt: at } : {}),
  };
}

/** How many machines run what: a cluster of thousands runs a handful of versions. */
type Census = ReadonlyMap<K0sVersion | undefined, number>;

function censusOf(machines: readonly Machine[]): Census {
  const census = new Map<K0sVersion | undefined, number>();
  for (const { version } of machines) census.set(version, (census.get(version) ?? 0) + 1);
  return census;
}

function countBehind(census: Census, version: K0sVersion): number {
  let behind = 0;
  for (const [running, machines] of census) {
    if (running !== undefined && compareK0sVersions(running, version) < 0) behind += machines;
  }
  return behind;
}

function rounded(hours: number): number {
  return Math.round(hours * 1e4) / 1e4;
}

function byVersionDown(a: Exposure, b: Exposure): number {
  const [left, right] = [parseK0sVersion(a.version), parseK0sVersion(b.version)];
  return left && right ? compareK0sVersions(right, left) : 0;
}
