import type { BatchStatus, CommandStatus } from '../api/plan.ts';
import { backupBearer } from './backup.ts';
import { joinable, membersOf, nextBatch, placed } from './batches.ts';
import type { Point } from './checkpoint.ts';
import type { UpdateCourse } from './course.ts';
import { platformsNotVerified, scheduleDownloads } from './downloads.ts';
import type { PlanFacts } from './facts.ts';
import type { Hold } from './hold.ts';
import { leftOut } from './left-out.ts';
import { controllersLeftBehind, nextController, notReady } from './next-controllers.ts';
import { isOver, nextWorkers, skip } from './next-workers.ts';
import { type Ask, afterNodes, asking, type Shut } from './passages.ts';
import { isUnderWay } from './run.ts';
import { hasCommitted, isBegun, type Schedule } from './start.ts';
import { isFinal, type Placed, type Standing } from './target.ts';

const NOTHING: Schedule = { starts: [], wait: undefined };

/**
 * Who is next: downloads first, for they cost nobody anything; then controllers, one at a time; then
 * workers, batch by batch, within the limit. Promises S1, S2, S3 and S6 are kept here and in what it calls.
 *
 * What stands behind a node, a batch or the run is asked at any time; nothing is begun while the course holds.
 */
export function schedule(
  standings: readonly Standing[],
  course: UpdateCourse,
  facts: PlanFacts,
  command: CommandStatus,
  ask: Ask = asking(course, facts, command),
): Schedule {
  if (course.stopping) return NOTHING;
  // What holds at any time ends a run at any time; what is only closed is met by whatever is to be begun.
  const always = ask([]);
  if (always?.failure !== undefined) return { starts: [], ...always };
  const workers = placed(
    standings.filter(({ target }) => target.role === 'worker'),
    command.batch,
  );
  const controllers = standings.filter(({ target }) => target.role === 'controller');
  const { batch, shut } = settle(workers, command.batch, course, ask);
  if (shut?.failure !== undefined) return { starts: [], ...shut };
  if (standings.every(({ phase }) => isFinal(phase))) {
    return {
      starts: [],
      wait: undefined,
      batch,
      ...(shut ?? end(workers, controllers, batch, course, facts, ask)),
    };
  }
  if (course.hold !== undefined) {
    if (course.hold.kind === 'brake') return { starts: [], wait: course.hold, batch };
    return heldBack(course.hold, shut ?? behind(workers, batch, course, ask), batch);
  }

  const begins = standings.some(({ target }) => target.order !== undefined || hasCommitted(target))
    ? undefined
    : isFirstUpdate(facts, command)
      ? ask([{ kind: 'BeforeRun' }])
      : undefined;
  if (begins !== undefined) return { starts: [], ...begins };

  // What is left out now is not ordered to download; what is not any more, is.
  const asked = standings.filter(
    ({ target, phase }) =>
      phase !== 'Pending' || leftOut(target.host, course.wanted, course.nowMs) === undefined,
  );
  const bearer = backupBearer(asked, course);
  const unverified = platformsNotVerified(asked);
  if (unverified.size > 0) {
    const message = `no ${[...unverified].join(' and no ')} artifact has been verified yet`;
    const wait = { reason: 'WaitsForDownload', message } as const;
    return { wait, batch, ...scheduleDownloads(asked, course, bearer, { unverified, next: [] }) };
  }
  const next = controllers.some(({ phase }) => !isFinal(phase))
    ? nextController(controllers, course, facts, bearer, ask)
    : shut !== undefined
      ? { starts: [], ...shut, batch }
      : ofWorkers(workers, controllers, batch, course, facts, ask);
  if (next.failure !== undefined) return { ...next, starts: [] };
  const downloads = scheduleDownloads(asked, course, bearer, { unverified, next: next.starts });
  return { ...next, ...downloads, starts: [...downloads.starts, ...next.starts] };
}

/**
 * A closed window keeps back what would be begun, and not the judgement of what was: a gate that says no is
 * heard before the next window. While somebody has paused, nothing at all follows from it.
 */
function heldBack(hold: Hold, shut: Shut | undefined, batch: BatchStatus | undefined): Schedule {
  if (shut === undefined) return { starts: [], wait: hold, batch };
  if (shut.failure !== undefined) return { starts: [], ...shut, batch };
  const { actions = [], wait: { untilMs } = {} } = shut;
  return { starts: [], wait: hold, batch, actions, ...(untilMs === undefined ? {} : { untilMs }) };
}

/** What stands behind the workers of the batch, or behind all of it once it is settled. */
function behind(
  workers: readonly Placed[],
  batch: BatchStatus | undefined,
  course: UpdateCourse,
  ask: Ask,
): Shut | undefined {
  if (batch === undefined) return undefined;
  return batch.settledAt === undefined
    ? ask(afterNodes(membersOf(workers, batch), course))
    : afterBatch(workers, batch, course, ask);
}

/** The batch under way as it is now: settled, once all of it is at its end and nothing behind its nodes is shut. */
function settle(
  workers: readonly Placed[],
  batch: BatchStatus | undefined,
  course: UpdateCourse,
  ask: Ask,
): { readonly batch: BatchStatus | undefined; readonly shut?: Shut } {
  if (batch === undefined || batch.settledAt !== undefined || !isOver(workers, batch, course)) {
    return { batch };
  }
  const shut = ask(afterNodes(membersOf(workers, batch), course));
  if (shut !== undefined) return { batch, shut };
  return { batch: { ...batch, settledAt: new Date(course.nowMs).toISOString() } };
}

/** What stands between a batch that is settled and what comes after it. */
function afterBatch(
  workers: readonly Placed[],
  batch: BatchStatus | undefined,
  course: UpdateCourse,
  ask: Ask,
): Shut | undefined {
  if (batch?.settledAt === undefined) return undefined;
  // Everybody who was to be in it has gone, or is left out: nothing was changed that could be watched.
  if (membersOf(workers, batch).length === 0) return undefined;
  const settledAtMs = Date.parse(batch.settledAt);
  const untilMs = settledAtMs + course.policy.soakMs;
  if (course.nowMs < untilMs) {
    const message = `batch ${batch.number} of ${batch.size} soaks until ${iso(untilMs)}`;
    return { wait: { reason: 'Soaking', message, untilMs } };
  }
  return ask([{ kind: 'AfterBatch', batch: batch.number, settledAtMs }]);
}

function ofWorkers(
  workers: readonly Placed[],
  controllers: readonly Standing[],
  batch: BatchStatus | undefined,
  course: UpdateCourse,
  facts: PlanFacts,
  ask: Ask,
): Schedule {
  const isParked = workers.some(({ phase }) => phase === 'Staged');
  if (isParked && course.controllersNotReady.length > 0) {
    const message = notReady(course.controllersNotReady, facts);
    return { starts: [], wait: { reason: 'ControllerNotReady', message }, batch };
  }
  const isOpen = batch !== undefined && batch.settledAt === undefined;
  if (isOpen) return { ...nextWorkers(workers, batch, course, facts, ask), batch };
  const failure = controllersLeftBehind(controllers, course);
  if (failure !== undefined) return { starts: [], wait: undefined, failure };
  const soaks = afterBatch(workers, batch, course, ask);
  if (soaks !== undefined) return { starts: [], ...soaks, batch };
  const next = nextBatch(workers, batch, course);
  if (next === undefined) return { starts: skip(workers, course), wait: undefined, batch };
  // Neither a person nor a hook is troubled for a batch that has nobody yet who could be begun.
  const isReady = joinable(workers, next, course).some(({ phase }) => phase === 'Staged');
  if (!isReady) return { starts: [], wait: undefined, batch };
  const shut = ask([
    ...(batch === undefined ? [...behindControllers(controllers, course), BEFORE_WORKERS] : []),
    { kind: 'BeforeBatch', batch: next.number },
  ]);
  if (shut !== undefined) return { starts: [], ...shut, batch };
  return { ...nextWorkers(workers, next, course, facts, ask), batch: next };
}

const BEFORE_WORKERS: Point = { kind: 'BeforeWorkers' };

function behindControllers(controllers: readonly Standing[], course: UpdateCourse): Point[] {
  return controllers.some(isBegun)
    ? [...afterNodes(controllers, course), { kind: 'AfterControllers' }]
    : [];
}

/** All targets are at their end: what is still asked before the command is. */
function end(
  workers: readonly Placed[],
  controllers: readonly Standing[],
  batch: BatchStatus | undefined,
  course: UpdateCourse,
  facts: PlanFacts,
  ask: Ask,
): Shut | undefined {
  // Given back first, so that what is judged is what stays.
  const all = [...controllers, ...workers];
  if (!all.some(isBegun) || all.some(({ target }) => target.marked)) return undefined;
  return (
    (batch === undefined
      ? ask(behindControllers(controllers, course))
      : afterBatch(workers, batch, course, ask)) ??
    (isLastUpdate(facts, course) ? ask([{ kind: 'AfterRun' }]) : undefined)
  );
}

/** Whether no other update of this run came before this one: bundles take nothing away, and have no points. */
function isFirstUpdate(facts: PlanFacts, { id }: CommandStatus): boolean {
  const { status } = facts.plan;
  if (!isUnderWay(status)) return false;
  const { startedAt: runSince = '' } = status;
  return !status.commands.some(
    ({ id: other, k0supdate, startedAt }) =>
      other < id && k0supdate !== undefined && startedAt !== undefined && startedAt >= runSince,
  );
}

function isLastUpdate(facts: PlanFacts, { command }: UpdateCourse): boolean {
  const { commands = [] } = facts.plan.status?.frozenSpec ?? {};
  return !commands.some(({ k0supdate }, id) => id > command && k0supdate !== undefined);
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
