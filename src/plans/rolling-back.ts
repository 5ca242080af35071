import type { CommandStatus, PlanStatus, Role, TargetStatus } from '../api/plan.ts';
import { withDefaults } from '../api/policy.ts';
import type { PlanFacts } from './facts.ts';
import { progressOf, targetsOf } from './progress.ts';
import { planRollback, type Updated, updatedTargets } from './rollback.ts';
import type { RunningStatus } from './run.ts';

/**
 * What becomes of a run whose command has just ended otherwise than it should: the commands that put back what
 * somebody, or the policy, wants to be put back.
 * @returns undefined where nothing goes back
 */
export function rollBack(
  facts: PlanFacts,
  status: RunningStatus,
  ended: CommandStatus,
): RunningStatus | undefined {
  const run = { commands: status.commands, spec: status.frozenSpec };
  const all = updatedTargets(facts, run);
  const asked = status.rollback;
  const wanted =
    asked === undefined ? byPolicy(status, ended, all) : all.filter((one) => isAbout(asked, one));
  if (wanted.length === 0) return undefined;
  const { added, left } = planRollback(facts, run, wanted);
  return withRollback(status, added, {
    at: asked?.at ?? new Date(facts.nowMs).toISOString(),
    ...(asked?.by === undefined ? {} : { by: asked.by }),
    ...(asked?.nodes === undefined ? {} : { nodes: asked.nodes }),
    ...(left.length === 0 ? {} : { left: [...left] }),
  });
}

/** Adds the commands to a run; where there are none, what is left is said all the same. */
export function withRollback<T extends Pick<RunningStatus, 'commands' | 'frozenSpec'>>(
  status: T,
  added: ReturnType<typeof planRollback>['added'],
  rollback: NonNullable<PlanStatus['rollback']>,
): T & Pick<RunningStatus, 'commands' | 'frozenSpec' | 'rollback'> {
  const { frozenSpec } = status;
  return {
    ...status,
    rollback,
    frozenSpec: {
      ...frozenSpec,
      commands: [...frozenSpec.commands, ...added.map(({ spec }) => spec)],
    },
    commands: [...status.commands, ...added.map((one) => one.status)],
  };
}

export function isAbout(
  { nodes }: Pick<NonNullable<PlanStatus['rollback']>, 'nodes'>,
  { status }: Pick<Updated, 'status'>,
): boolean {
  return nodes === undefined || nodes.includes(status.name);
}

function byPolicy(
  { policy, aborted }: RunningStatus,
  ended: CommandStatus,
  all: readonly Updated[],
): readonly Updated[] {
  const { onFailure, rollbackScope } = withDefaults(policy ?? {});
  if (aborted !== undefined || onFailure !== 'RollBack') return [];
  switch (rollbackScope) {
    case 'Node':
      return [];
    case 'Batch': {
      const numbers = batchesThatFailed(ended);
      return all.filter(
        ({ role, command, status }) =>
          role === 'worker' && command.id === ended.id && numbers.has(status.batch),
      );
    }
    case 'Plan':
      return all;
  }
}

/** Of a command without batches, undefined stands for the one that all workers are in. */
function batchesThatFailed({
  k0supdate,
  batch,
  failure,
}: CommandStatus): ReadonlySet<number | undefined> {
  const failed = (k0supdate?.workers ?? []).filter(
    ({ phase }) => phase === 'Failed' || phase === 'Undone',
  );
  return new Set([
    ...failed.map((one) => one.batch),
    ...(failure === undefined ? [] : [batch?.number]),
  ]);
}

/**
 * Writes down at the run's own commands what was put back since: such a target has not got its version, and a
 * command with one of them is not completed.
 * @param done targets of commands that put back, with the version that they run again
 */
export function markRolledBack(
  commands: readonly CommandStatus[],
  nowMs: number,
  versions: (command: CommandStatus) => string,
): CommandStatus[] {
  const back = new Map<string, string>();
  for (const command of commands) {
    if (command.rollback !== true) continue;
    for (const role of ['controller', 'worker'] as const) {
      for (const { name, state } of command.k0supdate?.[`${role}s`] ?? []) {
        if (state === 'SignalCompleted') back.set(`${role}/${name}`, versions(command));
      }
    }
  }
  if (back.size === 0) return [...commands];
  return commands.map((command) => {
    if (command.rollback === true || command.k0supdate === undefined) return command;
    const marked = (role: Role, targets: readonly TargetStatus[] = []) =>
      targets.map((target) => {
        const version = back.get(`${role}/${target.name}`);
        return version === undefined || !isToBeMarked(target)
          ? target
          : putBack(target, version, nowMs);
      });
    const k0supdate = {
      controllers: marked('controller', command.k0supdate.controllers),
      workers: marked('worker', command.k0supdate.workers),
    };
    const isChanged = targetsOf({ ...command, k0supdate }).some(
      (target, at) => target !== targetsOf(command)[at],
    );
    return isChanged ? { ...command, k0supdate, state: 'ApplyFailed' } : command;
  });
}

/** One that kept its version because it was left alone has none to go back from. */
function isToBeMarked({ phase, reason }: TargetStatus): boolean {
  return phase === 'Committed' || (phase === 'Failed' && reason !== 'RolledBack');
}

function putBack(target: TargetStatus, version: string, nowMs: number): TargetStatus {
  const { deadline: _, ...rest } = target;
  return {
    ...rest,
    state: 'SignalApplyFailed',
    phase: 'Undone',
    reason: 'RolledBack',
    message: `${version} runs again`,
    lastUpdatedTimestamp: new Date(nowMs).toISOString(),
  };
}

/** After what was put back is marked: the commands, and the count of targets that have their version. */
export function afterMarks(
  status: RunningStatus,
  nowMs: number,
): Pick<RunningStatus, 'commands' | 'progress'> {
  const version = ({ id }: CommandStatus) =>
    status.frozenSpec.commands[id]?.k0supdate?.version ?? 'the old version';
  const commands = markRolledBack(status.commands, nowMs, version);
  return { commands, progress: progressOf(commands) };
}
