import { compareK0sVersions, parseK0sVersion } from '../api/k0s-version.ts';
import { byVersion, whyBlocked } from './blocked.ts';
import type { ExtendedIndex, Release } from './index-schema.ts';
import { isoOf } from './iso-time.ts';

/** Publications that follow each other at once may be so much ahead of the clock. */
const MOST_AHEAD_MS = 60_000;

/** One step of a channel. */
export type Change =
  | {
      readonly kind: 'add';
      readonly release: Release;
      /** It may be older than what stands: a step between two minor versions, or a patch of an older one. */
      readonly older: boolean;
    }
  | { readonly kind: 'block'; readonly version: string; readonly reason: string }
  | {
      readonly kind: 'blockEdge';
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  /** What was blocked of a version, edges to it as well, is no longer so. */
  | { readonly kind: 'lift'; readonly version: string }
  | { readonly kind: 'remove'; readonly version: string }
  /** Nothing but a new epoch and a later expiry. */
  | { readonly kind: 'renew' };

export interface Stamp {
  readonly epoch: number;
  readonly nowMs: number;
  readonly validMs: number;
}

export type NextIndex =
  | { readonly kind: 'next'; readonly extended: ExtendedIndex }
  /** It is as wanted already; nothing has to be published. */
  | { readonly kind: 'same'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * What a channel says after a change.
 * @param current what it says now; undefined where nothing was ever published
 */
export function changeIndex(
  current: ExtendedIndex | undefined,
  change: Change,
  stamp: Stamp,
): NextIndex {
  const wholeMs = Math.floor(stamp.nowMs / 1000) * 1000;
  if (current !== undefined && current.issued - wholeMs > MOST_AHEAD_MS) {
    return refused(
      `wanted a time after ${isoOf(current.issued)}, when the index that stands was issued, found ${isoOf(wholeMs)}: set the clock`,
    );
  }
  // of two in one second web servers would say that they are the same, if they are of one length
  const issued = Math.max(wholeMs, (current?.issued ?? 0) + 1000);
  const before = current ?? { releases: [], blocked: { versions: [], edges: [] } };
  const changed = applied(before, change);
  if ('kind' in changed) return changed;
  const extended = {
    epoch: stamp.epoch,
    issued,
    expires: issued + stamp.validMs,
    releases: byVersion(changed.releases).reverse(),
    blocked: changed.blocked,
  };
  return { kind: 'next', extended };
}

type Body = Pick<ExtendedIndex, 'releases' | 'blocked'>;

function applied(before: Body, change: Change): Body | NextIndex {
  switch (change.kind) {
    case 'add':
      return added(before, change.release, change.older);
    case 'block':
      return blocked(before, change.version, change.reason);
    case 'blockEdge':
      return edgeBlocked(before, change);
    case 'lift':
      return lifted(before, change.version);
    case 'remove':
      return removed(before, change.version);
    case 'renew':
      return before;
  }
}

function added(before: Body, release: Release, older: boolean): Body | NextIndex {
  const { version } = release;
  const blockedFor = whyBlocked(before, version);
  if (blockedFor !== undefined) {
    return refused(`wanted a release that is not blocked, found ${version}: ${blockedFor}`);
  }
  const known = before.releases.find((one) => one.version === version);
  if (known !== undefined) {
    return isSame(known, release)
      ? { kind: 'same', message: `${version} is in the channel` }
      : refused(
          `${version} is in the channel with other files or facts: a release that was published stays as it is; remove it first, or give a new one another build number`,
        );
  }
  const newest = byVersion(before.releases).at(-1);
  if (!older && newest !== undefined && isBelow(version, newest.version)) {
    return refused(
      `wanted a release after ${newest.version}, the newest of the channel, found ${version}: --older adds it all the same, as a step or for an older minor version`,
    );
  }
  return { ...before, releases: [...before.releases, release] };
}

function blocked(before: Body, version: string, reason: string): Body | NextIndex {
  if (whyBlocked(before, version) === reason) {
    return { kind: 'same', message: `${version} is blocked` };
  }
  const others = before.blocked.versions.filter((one) => one.version !== version);
  return {
    ...before,
    blocked: { ...before.blocked, versions: [...others, { version, reason }] },
  };
}

function edgeBlocked(
  before: Body,
  { from, to, reason }: { readonly from: string; readonly to: string; readonly reason: string },
): Body | NextIndex {
  const { versions, edges } = before.blocked;
  const known = edges.find((one) => one.from === from && one.to === to);
  if (known?.reason === reason) {
    return { kind: 'same', message: `the way from ${from} to ${to} is blocked` };
  }
  const others = edges.filter((one) => one !== known);
  return { ...before, blocked: { versions, edges: [...others, { from, to, reason }] } };
}

function lifted(before: Body, version: string): Body | NextIndex {
  const versions = before.blocked.versions.filter((one) => one.version !== version);
  const edges = before.blocked.edges.filter((one) => one.to !== version);
  const isSameAsBefore =
    versions.length === before.blocked.versions.length &&
    edges.length === before.blocked.edges.length;
  if (isSameAsBefore) return { kind: 'same', message: `${version} is not blocked` };
  return { ...before, blocked: { versions, edges } };
}

function removed(before: Body, version: string): Body | NextIndex {
  const releases = before.releases.filter((one) => one.version !== version);
  if (releases.length === before.releases.length) {
    return { kind: 'same', message: `${version} is not in the channel` };
  }
  return { ...before, releases };
}

/** What JSON says the same of: both come out of the same schema, with their fields in its order. */
function isSame(a: Release, b: Release): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isBelow(a: string, b: string): boolean {
  const [left, right] = [parseK0sVersion(a), parseK0sVersion(b)];
  return left !== undefined && right !== undefined && compareK0sVersions(left, right) < 0;
}

function refused(message: string): NextIndex {
  return { kind: 'refused', message };
}
