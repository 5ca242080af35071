import { parseK0sVersion } from '../api/k0s-version.ts';
import {
  type CommandStatus,
  isTerminalState,
  type K0sUpdate,
  type PlanSpec,
  type PlanStatus,
  type Role,
  type StoredPlanStatus,
  type TargetPhase,
  type TargetState,
  type TargetStatus,
} from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import type { Reason } from '../api/reasons.ts';
import { advance, type Step } from './advance.ts';
import { type Schedule, type Standing, schedule } from './batches.ts';
import { begin, targetVersion } from './begin.ts';
import { withCondition } from './conditions.ts';
import type { Course } from './course.ts';
import { endOf } from './end.ts';
import type { Action, PlanFacts } from './facts.ts';
import { progressOf, targetsOf } from './progress.ts';
import { phaseOf, type Target, viewTarget } from './target.ts';
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
    }
  | { readonly kind: 'begin'; readonly status: PlanStatus }
  | { readonly kind: 'refuse'; readonly status: PlanStatus }
  | {
      readonly kind: 'act';
      readonly status: PlanStatus;
      readonly actions: readonly Action[];
      readonly untilMs: number | undefined;
    }
  | {
      readonly kind: 'wait';
      readonly status: PlanStatus;
      readonly reason: Reason;
      readonly message: string;
      /** When to look again even if nothing has changed. */
      readonly untilMs: number | undefined;
    }
  | { readonly kind: 'end'; readonly status: PlanStatus };

/** The judgement of a Plan: a pure function of one observation. */
export function decide(facts: PlanFacts): Decision {
  const status = facts.plan.status;
  if (isUnderWay(status)) return proceed(facts, status);
  const beginning = begin(facts);
  switch (beginning.kind) {
    case 'run':
      return { kind: 'begin', status: beginning.status };
    case 'refuse':
      return { kind: 'refuse', status: beginning.status };
    case 'wait':
      return queue(facts, beginning.reason, beginning.message);
    case 'nothing':
      return { kind: 'rest' };
  }
}

/** S12: a Plan that has not begun says why, and keeps whatever its last run left. */
function queue(facts: PlanFacts, reason: Reason, message: string): Decision {
  const { plan } = facts;
  const status: PlanStatus = {
    ...plan.status,
    state: plan.status?.state ?? '',
    waitsFor: message,
    conditions: withCondition(
      plan.status?.conditions ?? [],
      { type: 'Waiting', status: 'True', reason, message },
      plan.generation,
      facts.nowMs,
    ),
  };
  return { kind: 'queue', status, reason, message };
}

/** The status of a run of ours that has begun and not ended. */
export type RunningStatus = PlanStatus & {
  readonly runID: string;
  readonly frozenSpec: PlanSpec;
  readonly commands: CommandStatus[];
};

export function isUnderWay(status: StoredPlanStatus | undefined): status is RunningStatus {
  return (
    status?.runID !== undefined &&
    status.frozenSpec !== undefined &&
    status.commands != null &&
    !isTerminalState(status.state)
  );
}

function proceed(facts: PlanFacts, status: RunningStatus): Decision {
  const index = status.commands.findIndex(({ state }) => state !== 'Completed');
  const command = status.commands[index];
  const update = status.frozenSpec.commands[index]?.k0supdate;
  const wanted = parseK0sVersion(update?.version ?? '');
  // Preflight refuses what has no command or no version, so all commands are Completed here.
  if (command === undefined || update === undefined || wanted === undefined) {
    return { kind: 'end', status: endOf(facts, status, 'Completed') };
  }
  const views = viewTargets(facts, status, command);
  const course = plotCourse(facts, status, command, update, wanted, views);
  const judged = judgeTargets(views, course, facts);
  const next: CommandStatus = {
    ...command,
    startedAt: command.startedAt ?? new Date(facts.nowMs).toISOString(),
    ...(Object.keys(course.pinned).length === 0 ? {} : { pinned: { ...course.pinned } }),
    k0supdate: {
      controllers: judged.statuses.filter((_, at) => views[at]?.role === 'controller'),
      workers: judged.statuses.filter((_, at) => views[at]?.role === 'worker'),
    },
  };
  return conclude(facts, status, index, next, judged);
}

interface Judged {
  readonly statuses: readonly TargetStatus[];
  readonly standings: readonly Standing[];
  readonly actions: readonly Action[];
  readonly untilMs: number | undefined;
  readonly wait: Schedule['wait'];
}

function judgeTargets(views: readonly Target[], course: Course, facts: PlanFacts): Judged {
  let steps = views.map((target) => alreadyThere(target, course) ?? advance(target, course));
  const inTrouble = ({ phase, reason }: Step) => isTrouble(phase, reason);
  // S6: a failure that is found in this very look calls the others back at once, and starts nothing.
  const stopping = course.stopping || steps.some(inTrouble);
  if (stopping && !course.stopping) {
    const stopped = { ...course, stopping };
    steps = views.map((target, at) =>
      inTrouble(steps[at]!) ? steps[at]! : advance(target, stopped),
    );
  }
  const standings = views.map((target, at) => ({ target, phase: steps[at]!.phase }));
  const { starts, wait } = schedule(standings, { ...course, stopping }, facts);
  const started = new Map(starts.map((start) => [start.target, start]));
  const statuses = views.map((target, at) => {
    const start = started.get(target);
    return start === undefined
      ? statusAfter(target, steps[at]!, course)
      : statusAfter(target, { phase: start.phase, actions: [] }, course);
  });
  const deadlines = steps.flatMap(({ deadlineMs }) =>
    deadlineMs === undefined ? [] : [deadlineMs],
  );
  return {
    statuses,
    standings: views.map((target, at) => ({
      target,
      phase: started.get(target)?.phase ?? steps[at]!.phase,
    })),
    actions: [
      ...steps.flatMap(({ actions }) => actions),
      ...starts.flatMap(({ actions }) => actions),
    ],
    untilMs: deadlines.length === 0 ? undefined : Math.min(...deadlines),
    wait,
  };
}

function conclude(
  facts: PlanFacts,
  status: RunningStatus,
  index: number,
  command: CommandStatus,
  judged: Judged,
): Decision {
  const over = targetsOf(command).every(({ phase }) => phase !== undefined && isOver(phase));
  // What is left to be said, such as a cancel to an agent that was silent, is said before the end.
  const given =
    judged.actions.length === 0 && judged.standings.every(({ target }) => !target.marked);
  const succeeded = targetsOf(command).every(({ state }) => state === 'SignalCompleted');
  const commandState =
    !over || !given ? 'SchedulableWait' : succeeded ? 'Completed' : 'ApplyFailed';
  const commands = status.commands.map((one) =>
    one.id === command.id ? { ...command, state: commandState } : one,
  );
  const next: RunningStatus = {
    ...status,
    commands,
    progress: progressOf(commands),
    ...targetVersion(status.frozenSpec, index),
  };
  if (commandState === 'ApplyFailed') {
    return { kind: 'end', status: endOf(facts, next, 'ApplyFailed') };
  }
  if (commandState === 'Completed' && index === status.commands.length - 1) {
    return { kind: 'end', status: endOf(facts, next, 'Completed') };
  }
  const wait = waitsFor(judged.standings, targetsOf(command), judged.wait, facts);
  const full = { ...next, ...wait.status };
  return judged.actions.length > 0 || commandState === 'Completed'
    ? { kind: 'act', status: full, actions: judged.actions, untilMs: judged.untilMs }
    : {
        kind: 'wait',
        status: full,
        reason: wait.reason,
        message: wait.message,
        untilMs: judged.untilMs,
      };
}

function viewTargets(facts: PlanFacts, status: RunningStatus, command: CommandStatus): Target[] {
  const view = (role: Role) => (target: TargetStatus) =>
    viewTarget(facts, status.runID, command.id, role, target);
  return [
    ...(command.k0supdate?.controllers ?? []).map(view('controller')),
    ...(command.k0supdate?.workers ?? []).map(view('worker')),
  ];
}

function plotCourse(
  facts: PlanFacts,
  status: RunningStatus,
  command: CommandStatus,
  update: K0sUpdate,
  wanted: Course['wanted'],
  views: readonly Target[],
): Course {
  return {
    nowMs: facts.nowMs,
    sightedSinceMs: facts.sightedSinceMs,
    epoch: facts.epoch,
    policy: withDefaults(status.policy ?? {}),
    plan: facts.plan,
    runID: status.runID,
    command: command.id,
    update,
    wanted,
    force: update.forceupdate === true,
    // An order that was called back tells of a failure whose record may have died with the last leader.
    stopping: views.some(
      (target) =>
        target.order?.goal === 'cancel' || isTrouble(phaseOf(target), target.status.reason),
    ),
    pinned: pin(update, command, views),
    controllersNotReady: [...facts.controlNodes.values()]
      .filter(({ apiServer }) => apiServer.ready !== 'True')
      .map(({ name }) => name),
  };
}

/**
 * The digest that every node of a platform must have: the Plan's own, or that of the first that was staged.
 * Written down before anything is applied, so that a mirror cannot hand out two different files in one run.
 */
function pin(
  update: K0sUpdate,
  command: CommandStatus,
  views: readonly Target[],
): Readonly<Record<string, string>> {
  const pinned: Record<string, string> = { ...command.pinned };
  for (const [platform, { sha256 }] of Object.entries(update.platforms)) {
    if (sha256) pinned[platform] ??= sha256.toLowerCase();
  }
  for (const { host, signal } of views) {
    if (host?.platform !== undefined && signal?.staged !== undefined) {
      pinned[host.platform] ??= signal.staged.sha256;
    }
  }
  return pinned;
}

/** k0s's rule: a node that runs the version already is done, unless the update is forced. */
function alreadyThere(target: Target, course: Course): Step | undefined {
  if (course.force || course.stopping || phaseOf(target) !== 'Pending') return undefined;
  const { report } = target.host ?? {};
  if (report?.kind !== 'valid' || report.value.host.k0sVersion !== course.wanted.text)
    return undefined;
  return {
    phase: 'Skipped',
    reason: 'AlreadyUpdated',
    message: `ran ${course.wanted.text} before`,
    actions: [],
  };
}

function statusAfter(target: Target, step: Step, course: Course): TargetStatus {
  const { status } = target;
  const state = stateOf(step);
  const moved = status.phase !== step.phase || status.state !== state;
  return {
    name: status.name,
    state,
    lastUpdatedTimestamp: moved
      ? new Date(course.nowMs).toISOString()
      : status.lastUpdatedTimestamp,
    phase: step.phase,
    ...(step.reason === undefined ? {} : { reason: step.reason }),
    ...(step.message === undefined ? {} : { message: step.message }),
    ...(status.previousVersion === undefined ? {} : { previousVersion: status.previousVersion }),
    attempts: status.attempts ?? 1,
    ...(step.deadlineMs === undefined ? {} : { deadline: new Date(step.deadlineMs).toISOString() }),
  };
}

function stateOf(step: Step): TargetState {
  switch (step.phase) {
    case 'Pending':
      return 'SignalPending';
    case 'Committed':
      return 'SignalCompleted';
    case 'Skipped':
      return step.reason === 'AlreadyUpdated' ? 'SignalCompleted' : 'SignalPending';
    case 'Undone':
      return 'SignalApplyFailed';
    case 'Failed':
      return step.reason === 'NodeVanished' ? 'SignalMissingNode' : 'SignalApplyFailed';
    default:
      return 'SignalSent';
  }
}

function isOver(phase: TargetPhase): boolean {
  return ['Committed', 'Undone', 'Skipped', 'Failed'].includes(phase);
}

/** Whether a target's state forbids to touch anything new. */
function isTrouble(phase: TargetPhase, reason: string | undefined): boolean {
  if (phase === 'Skipped') return reason === 'RunStopped';
  return phase === 'Failed' || phase === 'Undone' || phase === 'Undoing' || phase === 'Held';
}
