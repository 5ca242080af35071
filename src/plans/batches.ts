import { countOf } from '../api/count-or-percent.ts';
import type { BatchStatus } from '../api/plan.ts';
import type { Policy } from '../api/policy.ts';
import { byZone } from '../targets/order.ts';
import type { UpdateCourse } from './course.ts';
import { leftOut } from './left-out.ts';
import { isBegun } from './start.ts';
import { isFinal, type Placed, type Standing, type Target } from './target.ts';

type BatchPolicy = Pick<Policy, 'ramp' | 'canaries' | 'zones' | 'zoneLabel'>;

/**
 * The batch that a worker was begun in. It is told by status; where that was lost with a leader, a worker that
 * is begun can only be of the batch that was under way, for no two ever are.
 * @param underWay as it is stored; undefined: none was opened, or by a version of ours that knew none
 */
export function batchOf(standing: Standing, underWay: BatchStatus | undefined): number | undefined {
  return standing.target.status.batch ?? (isBegun(standing) ? (underWay?.number ?? 1) : undefined);
}

export function placed(
  workers: readonly Standing[],
  underWay: BatchStatus | undefined,
): readonly Placed[] {
  return workers.map((worker) => {
    const { target, phase } = worker;
    if (worker === target.still) return target.still;
    return { target, phase, batch: batchOf(worker, underWay) };
  });
}

export function membersOf(workers: readonly Placed[], { number }: BatchStatus): Placed[] {
  return workers.filter(({ batch }) => batch === number);
}

/** Workers that nothing was taken away from in this run, and that are not at their end. */
function untouched(workers: readonly Placed[]): Placed[] {
  return workers.filter(({ phase, batch }) => !isFinal(phase) && batch === undefined);
}

export function isWilling({ target }: Standing, course: UpdateCourse): boolean {
  return leftOut(target.host, course.wanted, course.nowMs) === undefined;
}

/**
 * Who may yet join a batch, those that are left out by their annotations included: canaries while one of them
 * is untouched, workers of its zone where zones go one by one.
 */
export function joinable(
  workers: readonly Placed[],
  batch: BatchStatus,
  course: UpdateCourse,
): Placed[] {
  const { policy } = course;
  const members = membersOf(workers, batch);
  const isOfCanaries = isCanaryBatch(members, workers, batch, course);
  return untouched(workers).filter(
    ({ target }) =>
      (!isOfCanaries || policy.canaries.includes(target.name)) &&
      (batch.zone === undefined || zoneOf(target, policy) === batch.zone),
  );
}

/** Its members tell; of one that has none yet, that there is a canary that could be the first. */
function isCanaryBatch(
  members: readonly Placed[],
  workers: readonly Placed[],
  batch: BatchStatus,
  course: UpdateCourse,
): boolean {
  const { policy } = course;
  const candidates =
    members.length > 0 ? members : untouched(workers).filter((worker) => isWilling(worker, course));
  return candidates.some(
    ({ target }) =>
      policy.canaries.includes(target.name) &&
      (batch.zone === undefined || zoneOf(target, policy) === batch.zone),
  );
}

/** Whether a batch takes no more workers: it is full, or nobody is left that would join. */
export function isClosed(
  workers: readonly Placed[],
  batch: BatchStatus,
  course: UpdateCourse,
): boolean {
  return (
    membersOf(workers, batch).length >= batch.size ||
    !joinable(workers, batch, course).some((worker) => isWilling(worker, course))
  );
}

/**
 * The batch after the one given. Its size holds from then on: nodes that are made or deleted meanwhile change
 * that of the next one.
 * @returns undefined where no worker is left that would be begun
 */
export function nextBatch(
  workers: readonly Placed[],
  before: BatchStatus | undefined,
  course: UpdateCourse,
): BatchStatus | undefined {
  const { policy } = course;
  const left = untouched(workers).filter((worker) => isWilling(worker, course));
  const canaries = left.filter(({ target }) => policy.canaries.includes(target.name));
  const group = canaries.length > 0 ? canaries : left;
  if (group.length === 0) return undefined;
  const zone =
    policy.zones === 'OneByOne'
      ? group.map(({ target }) => zoneOf(target, policy)).toSorted(byZone)[0]
      : undefined;
  const holds = group.filter(({ target }) => zone === undefined || zoneOf(target, policy) === zone);
  const number = (before?.number ?? 0) + 1;
  const isOfCanaries = canaries.length > 0;
  const most = isOfCanaries ? holds.length : rampedSize(workers, number, policy);
  // Those that were begun by a version of ours that knew no batches are of the first.
  const begun = workers.filter(({ batch }) => batch === number).length;
  return {
    number,
    size: begun + Math.min(holds.length, most),
    startedAt: new Date(course.nowMs).toISOString(),
    ...(zone === undefined ? {} : { zone }),
  };
}

/** The ramp begins with the first batch that is not one of canaries. */
function rampedSize(
  workers: readonly Placed[],
  number: number,
  { ramp, canaries }: BatchPolicy,
): number {
  if (ramp === undefined) return workers.length;
  const ofCanaries = new Set(
    workers
      .filter(({ target }) => canaries.includes(target.name))
      .map(({ batch }) => batch)
      .filter((batch) => batch !== undefined),
  );
  const step = ramp[Math.min(number - 1 - ofCanaries.size, ramp.length - 1)]!;
  const existing = workers.filter(({ target }) => target.node !== undefined).length;
  return Math.max(1, countOf(step, existing));
}

/** Empty where the node has no such label: a zone of its own. */
export function zoneOf({ node }: Target, { zoneLabel }: Pick<BatchPolicy, 'zoneLabel'>): string {
  return node?.labels[zoneLabel] ?? '';
}
