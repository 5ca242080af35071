import type { PlanStatus, TargetStatus } from '../api/plan.ts';
import { isReason, type Reason } from '../api/reasons.ts';
import { withCondition } from './conditions.ts';
import type { PlanFacts } from './facts.ts';
import { progressOf, targetsOf } from './progress.ts';

/** The status of a run that is over: what happened, where everything stands, what a person can do. */
export function endOf(
  facts: PlanFacts,
  status: PlanStatus,
  state: 'Completed' | 'ApplyFailed',
): PlanStatus {
  const commands = status.commands ?? [];
  const progress = progressOf(commands);
  const targets = commands.flatMap(targetsOf);
  const { reason, message } =
    state === 'Completed'
      ? {
          reason: 'Completed' as const,
          message:
            commands.length === 0
              ? 'the Plan has no commands, so there was nothing to do'
              : `${progress.text} targets run ${status.targetVersion}`,
        }
      : failure(targets, status);
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
  ] as const) {
    conditions = withCondition(
      conditions,
      news,
      status.observedGeneration ?? facts.plan.generation,
      facts.nowMs,
    );
  }
  const { frozenSpec: _, ...rest } = status;
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

function failure(
  targets: readonly TargetStatus[],
  status: PlanStatus,
): { reason: Reason; message: string } {
  const failed = targets.filter(({ phase }) => phase === 'Failed' || phase === 'Undone');
  const updated = targets.filter(({ state }) => state === 'SignalCompleted');
  const untouched = targets.filter(
    ({ phase, reason }) => phase === 'Pending' || reason === 'RunStopped',
  );
  const first = failed[0];
  const what = failed.map(({ name, phase, message, previousVersion }) =>
    phase === 'Undone'
      ? `${name} was put back to ${previousVersion ?? 'its old version'}: ${message ?? 'no reason given'}`
      : `${name} failed: ${message ?? 'no reason given'}`,
  );
  const stand = [
    updated.length === 0
      ? `no target runs ${status.targetVersion}`
      : `${names(updated)} ${updated.length === 1 ? 'runs' : 'run'} ${status.targetVersion}`,
    ...(untouched.length === 0
      ? []
      : [`${names(untouched)} ${untouched.length === 1 ? 'was' : 'were'} not touched`]),
  ];
  return {
    reason: isReason(first?.reason) ? first.reason : 'RunStopped',
    message: `${what.join('; ') || 'the run was stopped'}. Now ${stand.join(', ')}. Mend the cause and apply the Plan with a new spec.id`,
  };
}

const SHOWN_NAMES = 5;

function names(targets: readonly TargetStatus[]): string {
  const shown = targets.slice(0, SHOWN_NAMES).map(({ name }) => name);
  const rest = targets.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}
