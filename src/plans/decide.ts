import type { CommandStatus, PlanStatus, StoredPlanStatus, TargetStatus } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import { advance } from './advance.ts';
import { backupOf } from './backup.ts';
import { batchOf } from './batches.ts';
import { type Beginning, begin, targetVersion } from './begin.ts';
import { withCondition } from './conditions.ts';
import type { Course, UpdateCourse } from './course.ts';
import { advanceDelivery } from './deliver.ts';
import { scheduleDeliveries } from './deliveries.ts';
import { endOf } from './end.ts';
import type { Action, PlanFacts } from './facts.ts';
import { judgeFailures } from './failures.ts';
import { isBusyElsewhere } from './give-order.ts';
import type { Hold } from './hold.ts';
import { jobRecords } from './job-records.ts';
import { keptBinary } from './kept-binary.ts';
import { wasLeftOut } from './left-out.ts';
import { isVerdict, overwrittenHold } from './overwritten.ts';
import { STAGED } from './parked.ts';
import { plotCourse } from './plot-course.ts';
import { targetsOf } from './progress.ts';
import { quarantine } from './quarantine.ts';
import { answerRequests } from './requests.ts';
import { afterMarks, rollBack } from './rolling-back.ts';
import { isUnderWay, lastingOf, type RunningStatus, turnOf } from './run.ts';
import { schedule } from './schedule.ts';
import { softTaints } from './soft-taint.ts';
import type { Schedule } from './start.ts';
import { fail, kept, type Step } from './step.ts';
import { overtakenBy } from './supersede.ts';
import {
  isBeingWritten,
  isFinal,
  isTrouble,
  phaseOf,
  type Standing,
  standingOf,
  type Target,
  viewTargets,
} from './target.ts';
import { statusAfter } from './target-status.ts';
import { waitsFor } from './waits.ts';

/**
 * What one observation of the world comes to. `status` is what is now true of the Plan; where `actions`
 * follow from it they are carried out after it was written.
 */
export type Decision =
  /** Nothing to do, and nothing to wait for: the Plan is at its end. */
  | { readonly kind: 'rest' }
  /** The Plan has not begun, for a reason that other Plans or a person can end. */
  | {
      readonly kind: 'queue';
      readonly status: PlanStatus;
      readonly reason: Reason;
      readonly message: string;
      readonly untilMs: number | undefined;
    }
  /** Somebody asked something: the answer, and what it changes. */
  | { readonly kind: 'answer'; readonly status: PlanStatus }
  | { readonly kind: 'begin'; readonly status: PlanStatus }
  | { readonly kind: 'refuse'; readonly status: PlanStatus }
  | {
      readonly kind: 'act';
      readonly status: PlanStatus;
      readonly actions: readonly Action[];
      readonly untilMs: number | undefined;
      /** When the schedule goes on by itself. */
      readonly dueMs: number | undefined;
      /** Workers that are next, whose pods are worth to be known. */
      readonly lookAhead: readonly string[];
    }
  | {
      readonly kind: 'wait';
      readonly status: PlanStatus;
      readonly reason: Reason;
      readonly message: string;
      /** When to look again even if nothing has changed. */
      readonly untilMs: number | undefined;
      /** When the schedule goes on by itself; never before {@link untilMs}. */
      readonly dueMs: number | undefined;
      /** Workers that are next, whose pods are worth to be known. */
      readonly lookAhead: readonly string[];
    }
  | { readonly kind: 'end'; readonly status: PlanStatus };

/** The judgement of a Plan: a pure function of one observation. */
export function decide(facts: PlanFacts): Decision {
  const status = facts.plan.status;
  const overwritten = isUnderWay(status) ? overwrittenHold(facts) : undefined;
  // An answer that cannot be kept is not given.
  const answered = overwritten === undefined ? answerRequests(facts) : undefined;
  if (answered !== undefined) return { kind: 'answer', status: answered };
  if (isUnderWay(status)) {
    const decision = proceed(facts, status);
    return overwritten === undefined ? decision : remembered(facts, status, decision, overwritten);
  }
  const beginning = begin(facts);
  switch (beginning.kind) {
    case 'run':
      return { kind: 'begin', status: beginning.status };
    case 'refuse':
      return { kind: 'refuse', status: beginning.status };
    case 'wait':
      return queue(facts, beginning);
    case 'nothing':
      return { kind: 'rest' };
  }
}

/**
 * Of a decision only what needs not be stored before it is carried out; anything else waits for our definition.
 * Verdicts go out whatever has changed beside them: a node on trial has a deadline.
 */
function remembered(
  { plan, nowMs }: PlanFacts,
  status: RunningStatus,
  decision: Decision,
  { reason, message }: Hold,
): Decision {
  const goesOn = decision.kind === 'act' || decision.kind === 'wait';
  if (goesOn && lastingOf(decision.status) === lastingOf(status)) return decision;
  const waiting = { type: 'Waiting', status: 'True', reason, message } as const;
  const generation = status.observedGeneration ?? plan.generation;
  const conditions = withCondition(status.conditions ?? [], waiting, generation, nowMs);
  const held = { ...status, waitsFor: message, conditions };
  const common = { status: held, untilMs: undefined, dueMs: undefined, lookAhead: [] };
  const verdicts = decision.kind === 'act' ? decision.actions.filter(isVerdict) : [];
  return verdicts.length > 0
    ? { kind: 'act', ...common, actions: verdicts }
    : { kind: 'wait', ...common, reason, message };
}

/** S12: a Plan that has not begun says why, and keeps whatever its last run left. */
function queue(
  facts: PlanFacts,
  { reason, message, opensAtMs }: Extract<Beginning, { kind: 'wait' }>,
): Decision {
  const { plan } = facts;
  const status: PlanStatus = {
    ...withOpening(plan.status ?? {}, opensAtMs),
    state: plan.status?.state ?? '',
    // k0s's definition of Plans wants the list.
    ...(reason === 'KindsOverwritten' ? { commands: plan.status?.commands ?? [] } : {}),
    waitsFor: message,
    conditions: withCondition(
      plan.status?.conditions ?? [],
      { type: 'Waiting', status: 'True', reason, message },
      plan.generation,
      facts.nowMs,
    ),
  };
  return { kind: 'queue', status, reason, message, untilMs: opensAtMs };
}

/** The next opening is shown while it is waited for. */
function withOpening<T extends StoredPlanStatus>(status: T, opensAtMs: number | undefined): T {
  const { opensAt: _, ...rest } = status;
  return {
    ...rest,
    ...(opensAtMs === undefined ? {} : { opensAt: new Date(opensAtMs).toISOString() }),
  } as T;
}

function proceed(facts: PlanFacts, status: RunningStatus): Decision {
  const index = status.commands.findIndex((one) => !isOverFor(one, status));
  const command = status.commands[index];
  const views = command === undefined ? [] : viewTargets(facts, status, command);
  const course = command && plotCourse(facts, status, command, views);
  // Preflight refuses what has no command or no version, so all commands are over here.
  if (command === undefined || course === undefined) {
    const state = isGoingBack(status) ? 'ApplyFailed' : 'Completed';
    return { kind: 'end', status: endOf(facts, status, state) };
  }
  const judged = judgeTargets(views, course, facts, command);
  const backup = backupOf(command, views, facts.nowMs);
  const controllers = command.k0supdate?.controllers?.length ?? 0;
  const jobs = jobRecords(command, judged.actions, facts);
  const next: CommandStatus = {
    ...command,
    startedAt: command.startedAt ?? new Date(facts.nowMs).toISOString(),
    ...(Object.keys(course.pinned).length === 0 ? {} : { pinned: { ...course.pinned } }),
    ...(backup === undefined ? {} : { backup }),
    ...(judged.quarantined.length === 0 ? {} : { quarantined: [...judged.quarantined] }),
    ...(jobs.length === 0 ? {} : { jobs }),
    ...(judged.batch === undefined ? {} : { batch: judged.batch }),
    ...(judged.failure === undefined || command.failure !== undefined
      ? {}
      : { failure: { ...judged.failure, at: new Date(facts.nowMs).toISOString() } }),
    ...(course.kind === 'airgap'
      ? { airgapupdate: { workers: [...judged.statuses] } }
      : {
          k0supdate: {
            controllers: judged.statuses.slice(0, controllers),
            workers: judged.statuses.slice(controllers),
          },
        }),
  };
  return conclude(facts, status, index, next, judged);
}

interface Judged extends Pick<Schedule, 'batch' | 'failure' | 'lookAhead'> {
  readonly statuses: readonly TargetStatus[];
  readonly standings: readonly Standing[];
  readonly actions: readonly Action[];
  readonly untilMs: number | undefined;
  readonly wait: Schedule['wait'];
  readonly hold: Hold | undefined;
  readonly quarantined: readonly string[];
}

const AT_REST: Step = { phase: 'Committed', actions: [] };

function judgeTargets(
  views: readonly Target[],
  course: Course,
  facts: PlanFacts,
  command: CommandStatus,
): Judged {
  let steps = views.map((target) => judgeTarget(target, course));
  const inTrouble = ({ phase, reason }: Step) => isTrouble(phase, reason);
  // S6: a failure that is found in this very look calls the others back at once, and starts nothing.
  const verdict = judgeFailures(
    views,
    (at) => inTrouble(steps[at]!),
    course.kind,
    course.policy,
    command.failure,
  );
  const now: Course = {
    ...course,
    stopping: course.stopping || verdict.kind === 'stop',
    ...(verdict.kind === 'hold' && !course.stopping ? { hold: verdict.hold } : {}),
  };
  if (now.stopping !== course.stopping || now.hold?.reason !== course.hold?.reason) {
    steps = views.map((target, at) =>
      inTrouble(steps[at]!) ? steps[at]! : judgeTarget(target, now),
    );
  }
  const standings = views.map((target, at) => standingOf(target, steps[at]!.phase));
  const scheduled: Schedule =
    now.hold?.reason === 'HeldAfterFailure'
      ? { starts: [], wait: now.hold }
      : now.kind === 'airgap'
        ? scheduleDeliveries(standings, now)
        : schedule(standings, now, facts, command);
  const { wait, untilMs, batch, failure, lookAhead } = scheduled;
  const starts = scheduled.starts.filter(({ target }) => !isBeingWritten(target, now));
  const started = new Map(starts.map((start) => [start.target, start]));
  const statuses = views.map((target, at) => {
    if (target.isAtRest) return target.status;
    const start = started.get(target);
    if (start !== undefined) return statusAfter(target, start, facts.nowMs, start.batch);
    if (target.parked !== undefined && steps[at] === STAGED) return target.status;
    if (isBeingWritten(target, now)) return target.status;
    const isWorker = now.kind === 'k0s' && target.role === 'worker';
    const own = isWorker ? batchOf(standings[at]!, command.batch) : undefined;
    return statusAfter(target, steps[at]!, facts.nowMs, own);
  });
  const after =
    starts.length === 0
      ? standings
      : standings.map((standing) => {
          const start = started.get(standing.target);
          return start === undefined ? standing : { target: standing.target, phase: start.phase };
        });
  const soft = softTaints(after, statuses, now);
  const hold = now.stopping ? undefined : now.hold;
  const { names: quarantined, actions: quarantining } =
    course.kind === 'k0s' && !course.rollback
      ? quarantine(views, steps, course, command)
      : { names: [], actions: [] };
  const busy = steps.filter((step) => step.deadlineMs !== undefined || step.actions.length > 0);
  const deadlines = [
    ...busy.map(({ deadlineMs }) => deadlineMs),
    hold?.opensAtMs,
    wait?.untilMs,
    untilMs,
  ].filter((deadlineMs) => deadlineMs !== undefined);
  return {
    statuses: soft.statuses,
    standings: after,
    actions: [
      ...busy.flatMap(({ actions }) => actions),
      ...starts.flatMap(({ actions }) => actions),
      ...(scheduled.actions ?? []),
      ...soft.actions,
      ...quarantining,
    ],
    untilMs: deadlines.length === 0 ? undefined : Math.min(...deadlines),
    wait,
    hold,
    quarantined,
    batch,
    ...(failure === undefined ? {} : { failure }),
    ...(lookAhead === undefined ? {} : { lookAhead }),
  };
}

function conclude(
  facts: PlanFacts,
  status: RunningStatus,
  index: number,
  command: CommandStatus,
  judged: Judged,
): Decision {
  const targets = targetsOf(command);
  const over = targets.every(({ phase }) => isFinal(phase));
  // What is left to be said, such as a cancel to an agent that was silent, is said before the end.
  const given =
    judged.actions.length === 0 &&
    judged.wait === undefined &&
    judged.standings.every(({ target }) => !target.marked && !isBeingWritten(target, facts));
  const succeeded =
    command.failure === undefined &&
    targets.every((one) => one.state === 'SignalCompleted' || wasLeftOut(one));
  const held = judged.hold?.reason === 'HeldAfterFailure';
  const commandState =
    !over || !given || held ? 'SchedulableWait' : succeeded ? 'Completed' : 'ApplyFailed';
  const commands = status.commands.map((one) =>
    one.id === command.id ? { ...command, state: commandState } : one,
  );
  const next: RunningStatus = {
    ...withOpening(status, judged.hold?.opensAtMs),
    ...afterMarks({ ...status, commands }, facts.nowMs),
    ...targetVersion(status.frozenSpec, index),
  };
  const hasEnded = commandState !== 'SchedulableWait';
  // Somebody may have asked for it while the last target was committed.
  const isLast = commandState !== 'Completed' || status.rollback !== undefined;
  if (hasEnded && isLast && command.rollback !== true) {
    const back = rollBack(facts, next, command);
    if (back === undefined || !isGoingBack(back)) {
      return { kind: 'end', status: endOf(facts, back ?? next, 'ApplyFailed') };
    }
    const going = goingOn(facts, back, judged);
    const common = { untilMs: undefined, dueMs: undefined, lookAhead: [] };
    return { kind: 'act', ...common, status: going, actions: [] };
  }
  if (hasEnded && index === status.commands.length - 1) {
    const state = isGoingBack(next) ? 'ApplyFailed' : 'Completed';
    return { kind: 'end', status: endOf(facts, next, state) };
  }
  const wait = waitsFor(judged.standings, targets, judged, facts);
  const full = { ...next, ...wait.status };
  const { actions, untilMs, lookAhead = [] } = judged;
  const common = { status: full, untilMs, dueMs: judged.wait?.untilMs, lookAhead };
  // A turn of the run is stored at once, even where nothing follows before the next look.
  return actions.length > 0 || turnOf(full) !== turnOf(status)
    ? { kind: 'act', ...common, actions }
    : { kind: 'wait', ...common, reason: wait.reason, message: wait.message };
}

/** A rollback begins at the next look; what is said of it until then. */
function goingOn(facts: PlanFacts, status: RunningStatus, judged: Judged): RunningStatus {
  const before = facts.plan.status?.conditions ?? [];
  const condition = {
    type: 'RollingOut',
    status: 'True',
    reason: 'RollingBack',
    message: 'what the run had updated is being put back',
  } as const;
  const generation = status.observedGeneration ?? facts.plan.generation;
  return {
    ...withOpening(status, judged.hold?.opensAtMs),
    waitsFor: 'targets to be put back',
    conditions: withCondition(before, condition, generation, facts.nowMs),
  };
}

/** Once something is being put back, only that is left to be done. */
function isOverFor(command: CommandStatus, status: RunningStatus): boolean {
  if (command.state === 'Completed') return true;
  return isGoingBack(status) && (command.rollback !== true || command.state === 'ApplyFailed');
}

function isGoingBack({ commands }: Pick<RunningStatus, 'commands'>): boolean {
  return commands.some(({ rollback }) => rollback === true);
}

function judgeTarget(target: Target, course: Course): Step {
  if (target.isAtRest) return AT_REST;
  if (staysParked(target, course)) return STAGED;
  if (isBeingWritten(target, course)) return asItStands(target);
  if (course.kind === 'airgap') return advanceDelivery(target, course);
  if (isFinal(target.status.phase)) return advance(target, course);
  return alreadyThere(target, course) ?? cannotGoBack(target, course) ?? advance(target, course);
}

/** As it was told before the write that is under way: that was judged, and the answer to it is not known yet. */
function asItStands(target: Target): Step {
  return { phase: target.status.phase ?? 'Pending', ...kept(target), actions: [] };
}

/** Of thousands at every look: what advance() would come to as well. */
function staysParked({ parked, host }: Target, course: Course): boolean {
  if (parked === undefined || course.kind === 'airgap') return false;
  if (course.stopping || course.rollback || course.quarantined.length > 0) return false;
  const wanted = course.pinned[host?.platform ?? ''];
  return wanted === undefined || wanted === parked;
}

/** What the host had kept when the rollback was planned may be gone since. */
function cannotGoBack(target: Target, course: UpdateCourse): Step | undefined {
  const { host, order, status } = target;
  if (!course.rollback || host === undefined || order !== undefined || course.stopping) {
    return undefined;
  }
  if (phaseOf(target) !== 'Pending' && phaseOf(target) !== 'Downloading') return undefined;
  const kept = keptBinary(host);
  if (kept?.version === course.version) return undefined;
  const found = kept === undefined ? 'has kept none' : `has kept ${kept.version}`;
  const message = `wanted ${course.version}, and the host ${found}; it runs ${status.previousVersion} still`;
  return fail('PreviousMissing', message);
}

/** k0s's rule: a node that runs the version already is done, unless the update is forced. */
function alreadyThere(target: Target, course: UpdateCourse): Step | undefined {
  if (course.stopping || phaseOf(target) !== 'Pending') return undefined;
  // What another Plan is about to judge may go back yet.
  if (isBusyElsewhere(target)) return undefined;
  // Versions do not go back to those of a Plan that another one has overtaken.
  const overtaken = overtakenBy(target, course.wanted, course.later);
  if (overtaken !== undefined) {
    return { phase: 'Skipped', reason: 'Superseded', message: overtaken, actions: [] };
  }
  if (course.force) return undefined;
  const { report } = target.host ?? {};
  if (report?.kind !== 'valid' || report.value.host.k0sVersion !== course.wanted.text)
    return undefined;
  // Two builds may call themselves the same: only the bytes tell whether one has gone back.
  if (course.rollback && report.value.host.sha256 !== keptBinary(target.host!)?.sha256) {
    return undefined;
  }
  return {
    phase: 'Skipped',
    reason: 'AlreadyUpdated',
    message: `ran ${course.wanted.text} before`,
    actions: [],
  };
}
