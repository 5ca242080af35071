import {
  type CommandStatus,
  isTerminalState,
  type PlanSpec,
  type PlanStatus,
  type Role,
  type StoredPlanStatus,
  type TargetStatus,
} from '../api/plan.ts';
import { describeFlaws } from '../api/policy-flaws.ts';
import { frozenPart } from '../api/policy-merge.ts';
import { type Answer, done, refused } from './answer.ts';
import { isCordonedByOthers } from './availability.ts';
import { wasTouched } from './behind.ts';
import { withCondition } from './conditions.ts';
import type { PlanFacts } from './facts.ts';
import { holdOf } from './hold.ts';
import { livePolicy, ownFlaws } from './live-policy.ts';
import { preflight, runningVersion } from './preflight.ts';
import { progressOf, targetsOf } from './progress.ts';
import { summary } from './refusals.ts';
import { outlivesRun } from './run.ts';
import { nextRunId } from './run-id.ts';
import { queueMessage } from './turn.ts';

/**
 * Begins a run that ended otherwise than it should once more, for the targets that are not done: a new run, so
 * that its orders are told from those of the run before. Targets that are done stay so; the others are those
 * that were frozen then. Preflight is asked again, and the policy is frozen anew: it may be what was mended.
 */
export function retry(facts: PlanFacts): Answer {
  const { plan } = facts;
  const { status } = plan;
  if (status === undefined || !isTerminalState(status.state)) {
    return refused(
      'StillRunning',
      'only a run that has ended can be retried; abort it first, or wait for its end',
    );
  }
  const { runID, observedGeneration, commands } = status;
  if (observedGeneration !== undefined && observedGeneration < plan.generation) {
    return refused('NewGenerationWaits', 'the spec was edited since, and runs by itself');
  }
  if (runID === undefined || observedGeneration === undefined) {
    return refused('LeftByK0s', 'it was not run by this program; give it a new spec.id to run it');
  }
  if (status.state === 'Completed') {
    return refused('NothingFailed', 'every target has its version; a new spec.id runs it again');
  }
  // Preflight had refused it, so that nothing was ever ordered: it is judged like a new one.
  if (status.startedAt === undefined) {
    return done('Retried', 'is checked again, and begins if nothing forbids it', {
      state: '',
      ...outlivesRun(status),
    });
  }
  if ('invalid' in plan.spec) return refused(plan.spec.reason, plan.spec.invalid);
  if (facts.plansBefore.length > 0) {
    const message = `${queueMessage(facts)}; ask again when it has ended`;
    return refused('WaitsForOtherPlan', message);
  }
  const flaws = ownFlaws(facts);
  if (flaws.length > 0) return refused('InvalidPolicy', describeFlaws('spec.policy', flaws));
  // What is done is not judged again: its version may be that of a later command.
  const open = plan.spec.commands.filter((_, id) => commands?.[id]?.state !== 'Completed');
  const { refusals } = preflight({ ...plan.spec, commands: open }, facts);
  if (refusals[0] !== undefined) return refused(refusals[0].reason, summary(refusals));
  const again = anew(facts, status, plan.spec);
  const hold = holdOf(facts);
  const left = again.progress!.total - again.progress!.done;
  const still = hold === undefined ? '' : `; it is held: ${hold.message}`;
  const message = `run ${again.runID}: ${left} of ${again.progress!.total} targets again${still}`;
  return done('Retried', message, again);
}

function anew(facts: PlanFacts, status: StoredPlanStatus, spec: PlanSpec): PlanStatus {
  const { plan, nowMs } = facts;
  const { finishedAt: _end, aborted: _aborted, ...rest } = status;
  const commands = (status.commands ?? []).map((command) =>
    command.state === 'Completed' ? command : openAgain(command, facts),
  );
  const conditions = withCondition(
    // What the run before came to is told by the answer and by Events; of this one nothing is known yet.
    (status.conditions ?? []).filter(({ type }) => type !== 'Failed' && type !== 'Completed'),
    {
      type: 'RollingOut',
      status: 'True',
      reason: 'Retried',
      message: 'what is not done is tried again',
    },
    plan.generation,
    nowMs,
  );
  return {
    ...rest,
    state: 'SchedulableWait',
    runID: nextRunId(plan, status.runID),
    startedAt: new Date(nowMs).toISOString(),
    progress: progressOf(commands),
    waitsFor: 'downloads to begin',
    conditions,
    frozenSpec: spec,
    policy: frozenPart(livePolicy(facts)),
    commands,
  };
}

/**
 * A digest that was pinned and a backup that was made stay while some target stands on them. Otherwise they go:
 * the first file may have been the wrong one, and a backup is best made just before.
 */
function openAgain(command: CommandStatus, facts: PlanFacts): CommandStatus {
  const {
    startedAt: _,
    pinned,
    backup,
    description: _why,
    batch: _batch,
    failure: _failure,
    jobs: _jobs,
    approvals,
    ...rest
  } = command;
  const { k0supdate, airgapupdate } = command;
  const again = (role: Role, targets: readonly TargetStatus[] = []) =>
    targets.map((target) => (isDone(target) ? outOfBatches(target) : pending(target, role, facts)));
  const passed = passedApprovals(command, approvals);
  return {
    ...rest,
    state: 'SchedulableWait',
    ...(passed.length === 0 ? {} : { approvals: passed }),
    ...(pinned !== undefined && targetsOf(command).some(wasUpdated) ? { pinned } : {}),
    ...(backup !== undefined && k0supdate?.controllers?.some(wasUpdated) ? { backup } : {}),
    ...(k0supdate === undefined
      ? {}
      : {
          k0supdate: {
            controllers: again('controller', k0supdate.controllers),
            workers: again('worker', k0supdate.workers),
          },
        }),
    ...(airgapupdate === undefined
      ? {}
      : { airgapupdate: { workers: again('worker', airgapupdate.workers) } }),
  };
}

/**
 * A person is asked again only for what the run had not come to. Batches are counted anew: what their numbers
 * meant is no more.
 */
function passedApprovals(
  { k0supdate }: CommandStatus,
  approvals: CommandStatus['approvals'] = [],
): NonNullable<CommandStatus['approvals']> {
  return approvals.filter(
    ({ of }) =>
      (of === 'Controllers' && k0supdate?.controllers?.some(wasTouched)) ||
      (of === 'Workers' && k0supdate?.workers?.some(wasTouched)),
  );
}

/** Batches are counted anew. */
function outOfBatches({ batch: _, ...target }: TargetStatus): TargetStatus {
  return target;
}

function pending(target: TargetStatus, role: Role, facts: PlanFacts): TargetStatus {
  const { name, phase, previousVersion, attempts = 1 } = target;
  const host = role === 'worker' ? facts.nodes.get(name) : facts.controlNodes.get(name);
  const before =
    previousVersion === undefined || host === undefined
      ? previousVersion
      : (runningVersion(host) ?? previousVersion);
  return {
    name,
    state: 'SignalPending',
    lastUpdatedTimestamp: new Date(facts.nowMs).toISOString(),
    phase: 'Pending',
    // One that had never been begun is not tried again, it is tried.
    attempts: phase === 'Pending' || target.reason === 'RunStopped' ? attempts : attempts + 1,
    ...(before === undefined ? {} : { previousVersion: before }),
    ...(role === 'worker' && isCordonedByOthers(facts.nodes.get(name)) ? { cordoned: true } : {}),
  };
}

function isDone({ state }: TargetStatus): boolean {
  return state === 'SignalCompleted';
}

function wasUpdated({ phase }: TargetStatus): boolean {
  return phase === 'Committed';
}
