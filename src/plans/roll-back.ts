import { isTerminalState, type PlanStatus, type StoredPlanStatus } from '../api/plan.ts';
import { frozenPart } from '../api/policy-merge.ts';
import { type Answer, done, refused } from './answer.ts';
import { withCondition } from './conditions.ts';
import type { PlanFacts } from './facts.ts';
import { isHeld } from './held.ts';
import { livePolicy } from './live-policy.ts';
import { nameList } from './name-list.ts';
import { progressOf } from './progress.ts';
import {
  type Left,
  planRollback,
  type RollbackPlan,
  type Updated,
  updatedTargets,
} from './rollback.ts';
import { isAbout, withRollback } from './rolling-back.ts';
import { isUnderWay, type RunningStatus } from './run.ts';
import { nextRunId } from './run-id.ts';

/**
 * Puts back what the last run of the Plan has updated. Of a run that has ended that is a new run; one that is
 * under way comes to its end first, as an abort would bring it there, and goes on with putting back. So one
 * request is enough for whoever is in a hurry.
 */
export function rollback(facts: PlanFacts, by: string, given: { readonly nodes?: string }): Answer {
  const { status } = facts.plan;
  const nodes = namesOf(given.nodes);
  if (nodes?.length === 0) {
    return refused('UnknownArgument', 'wanted names with commas between them in nodes, found none');
  }
  if (isUnderWay(status)) return ofRunning(facts, status, by, nodes);
  return ofEnded(facts, status, by, nodes);
}

function namesOf(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',').map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== '');
}

function ofRunning(
  facts: PlanFacts,
  status: RunningStatus,
  by: string,
  nodes: readonly string[] | undefined,
): Answer {
  if (status.rollback !== undefined) {
    return done('RollingBack', 'is being put back already', status);
  }
  const isAtRest = isHeld(status) || status.paused !== undefined;
  if (nodes !== undefined && !isAtRest) {
    return refused(
      'StillRunning',
      'named targets can be put back of a run that is held, paused or over: this one is under way; abort it first, or ask for all of it',
    );
  }
  const run = { commands: status.commands, spec: status.frozenSpec };
  const wanted = chosen(updatedTargets(facts, run), nodes);
  if ('reason' in wanted) return wanted;
  const plan = planRollback(facts, run, wanted);
  // What is on trial at this moment may be committed before the run has come to its end.
  if (isAtRest && plan.added.length === 0) return nothing(plan.left);
  const { paused: _paused, aborted: _aborted, ...rest } = status;
  const rollback = {
    at: new Date(facts.nowMs).toISOString(),
    by,
    ...(nodes === undefined ? {} : { nodes: [...nodes] }),
  };
  return done(
    'RollingBack',
    `nothing new is begun; what is under way is judged to its end, and then ${describe(plan)}`,
    { ...rest, rollback },
  );
}

function ofEnded(
  facts: PlanFacts,
  status: StoredPlanStatus | undefined,
  by: string,
  nodes: readonly string[] | undefined,
): Answer {
  const { plan } = facts;
  if (status === undefined || !isTerminalState(status.state)) {
    return refused('NotRunning', 'the Plan has not begun: there is nothing to put back');
  }
  const { runID, observedGeneration } = status;
  if (observedGeneration !== undefined && observedGeneration < plan.generation) {
    return refused('NewGenerationWaits', 'the spec was edited since, and runs by itself');
  }
  if (runID === undefined || observedGeneration === undefined) {
    return refused('LeftByK0s', 'it was not run by this program: nobody knows what was before it');
  }
  if ('invalid' in plan.spec) return refused(plan.spec.reason, plan.spec.invalid);
  if (facts.plansBefore.length > 0) {
    const message = `Plan ${facts.plansBefore.join(', ')} runs first; ask again when it has ended`;
    return refused('WaitsForOtherPlan', message);
  }
  const commands = (status.commands ?? []).filter((one) => one.rollback !== true);
  const run = { commands, spec: plan.spec };
  const wanted = chosen(updatedTargets(facts, run), nodes);
  if ('reason' in wanted) return wanted;
  const back = planRollback(facts, run, wanted);
  if (back.added.length === 0) return nothing(back.left);
  const {
    finishedAt: _end,
    aborted: _aborted,
    paused: _paused,
    rollback: _before,
    ...rest
  } = status;
  const begun = {
    ...rest,
    state: 'SchedulableWait',
    runID: nextRunId(plan, runID),
    startedAt: new Date(facts.nowMs).toISOString(),
    progress: progressOf(commands),
    waitsFor: 'targets to be put back',
    conditions: beginning(facts, status),
    frozenSpec: plan.spec,
    policy: frozenPart(livePolicy(facts)),
    commands,
  } satisfies PlanStatus;
  const again = withRollback(begun, back.added, {
    at: new Date(facts.nowMs).toISOString(),
    by,
    ...(nodes === undefined ? {} : { nodes: [...nodes] }),
    ...(back.left.length === 0 ? {} : { left: [...back.left] }),
  });
  return done('RollingBack', `run ${begun.runID}: ${describe(back)}`, again);
}

function beginning(
  facts: PlanFacts,
  status: StoredPlanStatus,
): NonNullable<PlanStatus['conditions']> {
  return withCondition(
    (status.conditions ?? []).filter(
      ({ type }) => !['Failed', 'Completed', 'RolledBack'].includes(type),
    ),
    {
      type: 'RollingOut',
      status: 'True',
      reason: 'RollingBack',
      message: 'what the run had updated is being put back',
    },
    facts.plan.generation,
    facts.nowMs,
  );
}

function chosen(
  all: readonly Updated[],
  nodes: readonly string[] | undefined,
): readonly Updated[] | Extract<Answer, { result: 'Refused' }> {
  const wanted = all.filter((one) => isAbout({ ...(nodes && { nodes: [...nodes] }) }, one));
  const missing = nodes?.filter((name) => !all.some(({ status }) => status.name === name)) ?? [];
  if (missing.length > 0) {
    return {
      result: 'Refused',
      reason: 'NothingToRollBack',
      message: `${nameList(missing)}: not updated by the last run of this Plan`,
    };
  }
  return wanted;
}

function nothing(left: readonly Left[]): Answer {
  const why = left.map(({ name, message }) => `${name}: ${message}`).join('; ');
  return refused(
    'NothingToRollBack',
    why === '' ? 'no target has got its version from the last run of this Plan' : why,
  );
}

function describe({ added, left }: RollbackPlan): string {
  const groups = added.map(({ spec, status }) => {
    const { controllers = [], workers = [] } = status.k0supdate ?? {};
    const names = [...workers, ...controllers].map(({ name }) => name);
    return `${nameList(names)} ${names.length === 1 ? 'goes' : 'go'} back to ${spec.k0supdate?.version}`;
  });
  const stay = left.map(({ name, message }) => `${name} stays: ${message}`);
  return [...groups, ...stay].join('; ') || 'what has got its version goes back';
}
