import type { StoredPlanStatus, TargetStatus } from '../api/plan.ts';
import { TARGETS_IN_CHUNK } from '../api/plan-targets.ts';
import { targetOfLasting } from './lasting-target.ts';
import { chunkName, type Rest, restName, withLists } from './pack-status.ts';
import type { TrimmedPlanTargets } from './trim-plan-targets.ts';

export type Unpacked =
  | { readonly kind: 'whole'; readonly status: StoredPlanStatus | undefined }
  /** Names of chunks that the status speaks of and that are not there, or are older than it. */
  | { readonly kind: 'missing'; readonly names: readonly string[] };

/** The Plan whose status it is. */
export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/**
 * The whole status, of what {@link packStatus} has made of it. A leader may have died between any two writes: a
 * chunk that is newer than the status wins over what that says of its targets, and what neither says the world
 * tells.
 */
export function unpackStatus(
  { name: plan, uid }: Owner,
  stored: StoredPlanStatus | undefined,
  chunkOf: (name: string) => TrimmedPlanTargets | undefined,
): Unpacked {
  if (stored?.membership === undefined) return { kind: 'whole', status: stored };
  const { membership, ...status } = stored;
  const runID = status.runID ?? '';
  const since = status.startedAt ?? new Date(0).toISOString();
  const missing: string[] = [];
  const find = (name: string, revision: number) => {
    const chunk = chunkOf(name);
    const isIt = chunk?.runID === runID && chunk.planUID === uid && chunk.revision >= revision;
    if (!isIt) missing.push(name);
    return isIt ? chunk : undefined;
  };

  const lists = new Map<number, TargetStatus[]>();
  for (const { command, total, revisions } of membership.lists) {
    const told = new Map(
      (status.commands ?? [])
        .filter(({ id }) => id === command)
        .flatMap(({ k0supdate, airgapupdate }) => k0supdate?.workers ?? airgapupdate?.workers ?? [])
        .map((one) => [one.name, one]),
    );
    const targets = revisions.flatMap((revision, part) => {
      const name = chunkName(plan, runID, command, part);
      const chunk = find(name, revision);
      const wanted = Math.min(TARGETS_IN_CHUNK, total - part * TARGETS_IN_CHUNK);
      if (chunk !== undefined && chunk.targets.length !== wanted) missing.push(name);
      const isNewer = chunk !== undefined && chunk.revision > revision;
      return (chunk?.targets ?? []).map(
        (one) => (isNewer ? undefined : told.get(one.name)) ?? targetOfLasting(one, since),
      );
    });
    lists.set(command, targets);
  }
  const pieces = (membership.rest ?? []).map(
    (revision, part) => find(restName(plan, runID, part), revision)?.rest ?? '',
  );
  if (missing.length > 0) return { kind: 'missing', names: missing };
  const rest = pieces.length === 0 ? {} : (JSON.parse(pieces.join('')) as Rest);
  return {
    kind: 'whole',
    status: { ...withLists(status, (_, { id }) => lists.get(id) ?? []), ...rest },
  };
}
