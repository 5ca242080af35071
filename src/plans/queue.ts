import { isTerminalState } from '../api/plan.ts';
import { isUnderWay } from './run.ts';
import { nextRunId, runIdOf } from './run-id.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** A Plan as its own controller knows it: the status may be newer than the one that is stored. */
export type QueuedPlan = Pick<
  TrimmedPlan,
  'name' | 'uid' | 'generation' | 'createdAtMs' | 'status' | 'requests' | 'deleted' | 'spec'
> & {
  /** Its targets are being frozen at this moment. */
  readonly isBeginning?: boolean;
};

/**
 * Plans run one after the other, so that the promises about controllers, limits and versions hold across
 * all of them: one that is under way goes first, then the older. One that may not begin now, by a policy
 * of its own, is overtaken.
 */
export function plansBefore(
  plan: QueuedPlan,
  all: Iterable<QueuedPlan>,
  mayBegin: (other: QueuedPlan) => boolean = () => true,
): string[] {
  return [...all]
    .filter((other) => other.uid !== plan.uid && !other.deleted)
    .filter(
      (other) => isRunning(other) || (wantsToRun(other) && isOlder(other, plan) && mayBegin(other)),
    )
    .map(({ name }) => name)
    .sort();
}

function isRunning({ status, isBeginning }: QueuedPlan): boolean {
  return isUnderWay(status) || isBeginning === true;
}

function wantsToRun({ status, generation }: QueuedPlan): boolean {
  if (status?.state === undefined || status.state === '') return true;
  const observed = status.observedGeneration;
  return isTerminalState(status.state) && observed !== undefined && observed < generation;
}

function isOlder(a: QueuedPlan, b: QueuedPlan): boolean {
  return a.createdAtMs - b.createdAtMs < 0 || (a.createdAtMs === b.createdAtMs && a.name < b.name);
}

/** Whether something is under way, or would be if it might begin. */
export function isAtWork(plan: QueuedPlan): boolean {
  return !plan.deleted && (isRunning(plan) || wantsToRun(plan));
}

/**
 * Runs whose orders are their own Plan's business. A Plan that has not begun counts with the id that it
 * will have, and one that has ended with that of a retry: another leader may have begun it a moment ago, and
 * we not have heard of it yet.
 */
export function activeRuns(all: Iterable<QueuedPlan>): Set<string> {
  const runs = new Set<string>();
  for (const plan of all) {
    if (plan.deleted) continue;
    if (isUnderWay(plan.status)) runs.add(plan.status.runID);
    if (!isTerminalState(plan.status?.state) || wantsToRun(plan)) runs.add(runIdOf(plan));
    else runs.add(nextRunId(plan, plan.status?.runID));
  }
  return runs;
}
