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
import { isHeld } from './held.ts';
import { holdOf } from './hold.ts';
import { livePolicy, ownFlaws } from './live-policy.ts';
import { preflight, runningVersion } from './preflight.ts';
import { progressOf, targetsOf } from './progress.ts';
import { quarantineOf } from './quarantine.ts';
import { summary } from './refusals.ts';
import { isUnderWay, outlivesRun, type RunningStatus } from './run.ts';
import { nextRunId } from './run-id.ts';
import { isFinal, machineOf } from './target.ts';
import { queueMessage } from './turn.ts';

/**
 * Begins a run that ended otherwise than it should once more, for the targets that are not done: a new run, so
 * that its orders are told from those of the run before. Targets that are done stay so; the others are those
 * that were frozen then. Preflight is asked again, and the policy is frozen anew: it may be what was mended.
 */
export function retry(facts: PlanFacts): Answer {
  const { plan } = facts;
  const { status } = plan;
  if (status === undefined || !(isTerminalState(status.state) || isHeld(status))) {
    return refused(
      'StillRunning',
      'only a run that has ended, or is held after a failure, can be retried; abort it first, or wait for its end',
    );
  }
  // A Job is begun once in a run, and so is one that has failed.
  const isOfHook = ({ failure }: CommandStatus) => failure?.reason === 'HookFailed';
  if (isHeld(status) && status.commands?.some(isOfHook)) {
    return refused(
      'StillRunning',
      'a hook has failed, and is begun again by a new run only: abort this one, and retry then',
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
  const bad = pinnedAndBad(status, plan.spec, facts);
  if (bad !== undefined) return refused('Quarantined', bad);
  if (facts.apiCheck.kind === 'unknown') {
    return refused('WaitsForApiCheck', `${facts.apiCheck.message}; ask again`);
  }
  const { refusals } = preflight({ ...plan.spec, commands: open }, facts);
  if (refusals[0] !== undefined) return refused(refusals[0].reason, summary(refusals));
  const again = isUnderWay(status) ? goOn(facts, status) : anew(facts, status, plan.spec);
  const hold = holdOf(facts);
  const left = again.progress!.total - again.progress!.done;
  const still = hold === undefined ? '' : `; it is held: ${hold.message}`;
  const message = `run ${again.runID}: ${left} of ${again.progress!.total} targets again${still}`;
  return done('Retried', message, again);
}

/**
 * A run that is held goes on as the same run: what is staged stays so, and what failed is tried with orders of
 * another attempt. What is still being judged is left alone.
 */
function goOn(facts: PlanFacts, { rollback: _back, ...status }: RunningStatus): PlanStatus {
  const again = (role: Role, targets: readonly TargetStatus[] = []) =>
    targets.map((one) => (isFinal(one.phase) && !isDone(one) ? pending(one, role, facts) : one));
  const commands = status.commands.map(
    ({ failure: _failure, quarantined: _quarantined, ...command }): CommandStatus => ({
      ...command,
      ...(command.k0supdate === undefined
        ? {}
        : {
            k0supdate: {
              controllers: again('controller', command.k0supdate.controllers),
              workers: again('worker', command.k0supdate.workers),
            },
          }),
      ...(command.airgapupdate === undefined
        ? {}
        : { airgapupdate: { workers: again('worker', command.airgapupdate.workers) } }),
    }),
  );
  return {
    ...status,
    progress: progressOf(commands),
    waitsFor: 'targets to be tried again',
    policy: frozenPart(livePolicy(facts)),
    commands,
    conditions: withCondition(
      status.conditions ?? [],
      {
        type: 'Waiting',
        status: 'True',
        reason: 'Retried',
        message: 'what failed is tried again',
      },
      facts.plan.generation,
      facts.nowMs,
    ),
  };
}

/** Where the Plan gives no digest, what is pinned is what would be applied again. */
function pinnedAndBad(
  status: StoredPlanStatus,
  spec: PlanSpec,
  { quarantined }: PlanFacts,
): string | undefined {
  for (const command of status.commands ?? []) {
    const update = spec.commands[command.id]?.k0supdate;
    if (update === undefined || command.state === 'Completed') continue;
    for (const sha256 of Object.values(
      (isHeld(status) ? command.pinned : staysPinned(command)) ?? {},
    )) {
      const bad = quarantineOf(quarantined, { sha256, version: update.version });
      if (bad !== undefined) return bad;
    }
  }
  return undefined;
}

function staysPinned(command: CommandStatus): CommandStatus['pinned'] {
  return targetsOf(command).some(wasUpdated) ? command.pinned : undefined;
}

function anew(facts: PlanFacts, status: StoredPlanStatus, spec: PlanSpec): PlanStatus {
  const { plan, nowMs } = facts;
  const { finishedAt: _end, aborted: _aborted, rollback: _back, ...rest } = status;
  // Those that have put back stand in no spec.
  const own = (status.commands ?? []).filter(({ rollback }) => rollback !== true);
  const commands = own.map((command) =>
    command.state === 'Completed' ? command : openAgain(command, facts),
  );
  const conditions = withCondition(
    // What the run before came to is told by the answer and by Events; of this one nothing is known yet.
    (status.conditions ?? []).filter(
      ({ type }) => !['Failed', 'Completed', 'RolledBack'].includes(type),
    ),
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
    pinned: _pinned,
    backup,
    description: _why,
    batch: _batch,
    failure: _failure,
    quarantined: _quarantined,
    jobs: _jobs,
    approvals,
    ...rest
  } = command;
  const stays = staysPinned(command);
  const { k0supdate, airgapupdate } = command;
  const again = (role: Role, targets: readonly TargetStatus[] = []) =>
    targets.map((target) => (isDone(target) ? outOfBatches(target) : pending(target, role, facts)));
  const passed = passedApprovals(command, approvals);
  return {
    ...rest,
    state: 'SchedulableWait',
    ...(passed.length === 0 ? {} : { approvals: passed }),
    ...(stays === undefined ? {} : { pinned: stays }),
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
  const { host, node } = machineOf(facts, role, name);
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
    ...(isCordonedByOthers(node) ? { cordoned: true } : {}),
  };
}

function isDone({ state }: TargetStatus): boolean {
  return state === 'SignalCompleted';
}

function wasUpdated({ phase }: TargetStatus): boolean {
  return phase === 'Committed';
}
