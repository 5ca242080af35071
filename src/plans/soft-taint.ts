import type { TargetStatus } from '../api/plan.ts';
import type { Course } from './course.ts';
import type { Action } from './facts.ts';
import { isFinal, occupiesSlot, phaseOf, type Standing, type Target } from './target.ts';

/** So many nodes carry it at once, those whose turn is next: a run of thousands costs no more than one of hundreds. */
export const MOST_SOFT_TAINTS = 200;

/** The nearer a worker is to its turn, the sooner it is marked. */
const WAITING = ['Staged', 'Downloading', 'Pending'] as const;

export interface SoftTaints {
  /** Those that were given, with what is remembered of the taint. */
  readonly statuses: readonly TargetStatus[];
  readonly actions: readonly Action[];
}

/**
 * From when the first worker of an update is begun, those that wait for their turn carry a PreferNoSchedule
 * taint, so that evicted pods rather go to nodes that are done, or are left alone: they are moved once. Only
 * while there are pods that have to go from any of them. It goes when the node is cordoned, in the same write, and
 * from all of them while nothing may be begun.
 *
 * One that somebody else has removed is not set again for as long as the node waits.
 * @param standings after this judgement, in the order of `statuses`
 */
export function softTaints(
  standings: readonly Standing[],
  statuses: readonly TargetStatus[],
  course: Course,
): SoftTaints {
  if (!standings.some((standing, at) => isConcerned(standing, statuses[at]!))) {
    return { statuses, actions: [] };
  }
  const run = course.runID;
  const wanted = wantedOn(standings, course);
  const actions: Action[] = [];
  const remembered = standings.map(({ target, phase }, at) => {
    const status = statuses[at]!;
    if (target.isAtRest) return status;
    const { name, node } = target;
    const isThere = node?.softTaint === run;
    if (wanted.has(target)) {
      const wasSeen = isThere || (target.status.softTaint === true && isWaiting(phaseOf(target)));
      if (!wasSeen) actions.push({ kind: 'softTaint', name, run });
      return remember(status, wasSeen);
    }
    // Where it is still there under way, it goes when the node is given back.
    if (isThere && !occupiesSlot(target, phase)) {
      actions.push({ kind: 'removeSoftTaint', name, run });
    }
    return remember(status, false);
  });
  return { statuses: remembered, actions };
}

/** Of thousands, at every look: where nobody carries a taint, and nobody has pods to lose, none is set or taken away. */
function isConcerned(standing: Standing, status: TargetStatus): boolean {
  const { isAtRest, node, status: before } = standing.target;
  if (isAtRest) return false;
  const isRemembered = before.softTaint === true || status.softTaint === true;
  return isRemembered || node?.softTaint !== undefined || hasPodsToGo(standing);
}

/** The very same object where nothing has changed. */
function remember(status: TargetStatus, wasSeen: boolean): TargetStatus {
  if ((status.softTaint ?? false) === wasSeen) return status;
  const { softTaint: _, ...rest } = status;
  return wasSeen ? { ...rest, softTaint: true } : rest;
}

function wantedOn(standings: readonly Standing[], course: Course): ReadonlySet<Target> {
  if (course.kind !== 'k0s' || !course.policy.softTaint) return new Set();
  if (course.stopping || course.hold !== undefined) return new Set();
  const workers = standings.filter(
    ({ target }) => target.role === 'worker' && target.node !== undefined,
  );
  const isBegun = workers.some(
    ({ target, phase }) =>
      occupiesSlot(target, phase) || phase === 'Committed' || phase === 'Undone',
  );
  if (!isBegun) return new Set();
  const waiting = workers.filter(({ target, phase }) => isWaiting(phase) && !target.marked);
  const wanted = new Set<Target>();
  const take = (these: readonly Standing[]) => {
    for (const { target } of these) {
      if (wanted.size >= MOST_SOFT_TAINTS) return;
      wanted.add(target);
    }
  };
  // Whoever has it keeps it: downloads that end in another order must not move it about. The others in the
  // order of the status, which is about that of their turns; sorting thousands at every look is not worth more.
  take(
    waiting.filter(
      ({ target: { status, node } }) =>
        status.softTaint === true || node?.softTaint === course.runID,
    ),
  );
  // Also on those that are empty: what is moved there would be moved once more.
  if (!workers.some(hasPodsToGo)) return wanted;
  for (const phase of WAITING) {
    if (wanted.size < MOST_SOFT_TAINTS) take(waiting.filter((one) => one.phase === phase));
  }
  return wanted;
}

function hasPodsToGo({ target, phase }: Standing): boolean {
  return !isFinal(phase) && (target.node?.toGo ?? 0) > 0;
}

function isWaiting(phase: string): boolean {
  return (WAITING as readonly string[]).includes(phase);
}
