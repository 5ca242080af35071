import type { Command, CommandStatus, PlanStatus, TargetStatus } from '../api/plan.ts';
import { isReason, type Reason } from '../api/reasons.ts';
import type { Asked } from '../api/requests.ts';
import { describeAsked } from './asked.ts';
import { withCondition } from './conditions.ts';
import { type RollbackEnd, rollbackEnd } from './end-rollback.ts';
import type { PlanFacts } from './facts.ts';
import { wasLeftOut } from './left-out.ts';
import { meanwhile } from './meanwhile.ts';
import { nameList } from './name-list.ts';
import { progressOf, targetsOf } from './progress.ts';

/** The status of a run that is over: what happened, where everything stands, what a person can do. */
export function endOf(
  facts: PlanFacts,
  status: PlanStatus,
  state: 'Completed' | 'ApplyFailed',
): PlanStatus {
  const commands = status.commands ?? [];
  const progress = progressOf(commands);
  const begun = commands
    .filter(({ rollback }) => rollback !== true)
    .map((one) => ({ status: one, spec: status.frozenSpec?.commands[one.id] ?? {} }));
  const back = rollbackEnd(status);
  const { reason, message: came } =
    state === 'Completed'
      ? { reason: 'Completed' as const, message: success(begun, progress.text) }
      : failure(begun, facts.plan.name, status.aborted, back);
  const message = `${came}${meanwhile(facts, status)}`;
  let conditions = status.conditions ?? [];
  for (const news of [
    { type: 'Waiting', status: 'False', reason, message: 'the run is over' },
    { type: 'RollingOut', status: 'False', reason, message: 'the run is over' },
    {
      type: 'Completed',
      status: state === 'Completed' ? 'True' : 'False',
      reason,
      message,
    },
    ...(state === 'Completed'
      ? []
      : [{ type: 'Failed', status: 'True', reason, message } as const]),
    ...(back === undefined ? [] : [rolledBack(back)]),
  ] as const) {
    conditions = withCondition(
      conditions,
      news,
      status.observedGeneration ?? facts.plan.generation,
      facts.nowMs,
    );
  }
  const { frozenSpec: _spec, opensAt: _opening, ...rest } = status;
  return {
    ...rest,
    state,
    finishedAt: new Date(facts.nowMs).toISOString(),
    progress,
    waitsFor: '',
    conditions,
    commands,
  };
}

function rolledBack({ isWhole, sentence }: RollbackEnd) {
  return {
    type: 'RolledBack',
    status: isWhole ? 'True' : 'False',
    reason: isWhole ? 'RolledBack' : 'RollbackFailed',
    message: sentence,
  } as const;
}

/** A command with what it says. */
interface SpecifiedCommand {
  readonly status: CommandStatus;
  readonly spec: Command;
}

function success(commands: readonly SpecifiedCommand[], progress: string): string {
  const last = commands.at(-1);
  if (last === undefined) return 'the Plan has no commands, so there was nothing to do';
  const left = leftOutOf(commands);
  const but = left.length === 0 ? '' : `; ${left.join(', ')}`;
  if (commands.every(({ spec }) => spec.airgapupdate === undefined)) {
    return `${progress} targets ${broughtBy(last.spec, 2)}${but}`;
  }
  const each = commands.map(({ status, spec }) => {
    const { length } = targetsOf(status).filter(isDone);
    return `${length} ${broughtBy(spec, length)}`;
  });
  return `${progress} targets are done: ${each.join(', ')}${but}`;
}

/** Targets that their own annotations have left out, and why. */
function leftOutOf(commands: readonly SpecifiedCommand[]): string[] {
  return commands
    .flatMap(({ status }) => targetsOf(status))
    .filter(wasLeftOut)
    .map(({ name, message }) => `${name} was left alone (${message ?? 'no reason given'})`);
}

/** What a target has once the command is done: `run v1.36.3+k0s.0`. */
function broughtBy({ k0supdate, airgapupdate }: Command, targets: number): string {
  const one = targets === 1;
  return k0supdate === undefined
    ? `${one ? 'has' : 'have'} the bundle ${airgapupdate?.version}`
    : `${one ? 'runs' : 'run'} ${k0supdate.version}`;
}

function failure(
  commands: readonly SpecifiedCommand[],
  plan: string,
  aborted: Asked | undefined,
  back: RollbackEnd | undefined,
): { reason: Reason; message: string } {
  const targets = commands.flatMap(({ status }) => targetsOf(status));
  const failed = targets.filter(
    ({ phase, reason }) => phase === 'Failed' || (phase === 'Undone' && reason !== 'RolledBack'),
  );
  const touched = new Set([...failed, ...targets.filter(isDone)].map(({ name }) => name));
  const untouched = targets.filter(
    ({ name, phase, reason }) =>
      !touched.has(name) && (phase === 'Pending' || reason === 'RunStopped'),
  );
  const passedOver = targets.filter(
    ({ phase, reason }) =>
      phase === 'Skipped' && (reason === 'DrainTimeout' || reason === 'Superseded'),
  );
  const first = failed[0] ?? passedOver[0];
  const asked = aborted === undefined ? [] : [`aborted: ${describeAsked(aborted)}`];
  const broken = commands.flatMap(({ status }) => status.failure ?? []);
  const what = failed.map(({ name, phase, message, previousVersion }) =>
    phase === 'Undone'
      ? `${name} was put back to ${previousVersion ?? 'its old version'}: ${message ?? 'no reason given'}`
      : `${name} failed: ${message ?? 'no reason given'}`,
  );
  const left = new Set(untouched.map(({ name }) => name));
  const stand = [
    ...achievements(commands),
    ...leftOutOf(commands),
    ...(left.size === 0
      ? []
      : [`${nameList([...left])} ${left.size === 1 ? 'was' : 'were'} not touched`]),
  ];
  const orElse =
    first?.reason === 'BackupFailed' ? ', or let the policy say `backup: {mode: Never}`' : '';
  const cause = broken[0]?.reason ?? first?.reason;
  const cure = cause === undefined ? 'To go on:' : `Mend the cause${orElse}, then`;
  const happened = [
    ...asked,
    ...broken.map(({ message }) => message),
    ...what,
    ...passedOver.map(skipped),
    ...(back === undefined ? [] : [back.sentence]),
  ].join('; ');
  return {
    reason:
      aborted !== undefined
        ? 'Aborted'
        : back !== undefined
          ? back.isWhole
            ? 'RolledBack'
            : 'RollbackFailed'
          : isReason(cause)
            ? cause
            : 'RunStopped',
    message: `${happened || 'the run was stopped'}. Now ${stand.join(', ')}. ${cure} \`autopilot retry ${plan}\`, or apply the Plan with a new spec.id`,
  };
}

function skipped({ name, reason, message }: TargetStatus): string {
  if (reason === 'Superseded') return `${name} was left alone: ${message}`;
  return `${name} was passed over: ${message ?? 'no reason given'}`;
}

/** Of each command that was begun, who has what it brings; of two updates of one node, the later. */
function achievements(commands: readonly SpecifiedCommand[]): string[] {
  return commands.flatMap(({ status, spec }, at) => {
    if (at > 0 && status.startedAt === undefined) return [];
    const done = targetsOf(status).filter(isDone);
    if (done.length === 0) return [`no target ${broughtBy(spec, 1)}`];
    const later = new Set(
      commands
        .slice(at + 1)
        .filter((other) => (other.spec.k0supdate === undefined) === (spec.k0supdate === undefined))
        .flatMap((other) => targetsOf(other.status).filter(isDone))
        .map(({ name }) => name),
    );
    const still = done.map(({ name }) => name).filter((name) => !later.has(name));
    return still.length === 0 ? [] : [`${nameList(still)} ${broughtBy(spec, still.length)}`];
  });
}

function isDone({ state }: TargetStatus): boolean {
  return state === 'SignalCompleted';
}
