import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanSpec, StoredPlanStatus, TargetPhase } from '../../../src/api/plan.ts';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import { NO_OTHERS, othersOf } from '../../../src/plans/others.ts';
import type { QueuedPlan } from '../../../src/plans/queue.ts';
import { aNode, anUpdate, aSpec } from '../../support/builders.ts';

const some = (...workers: string[]) => aSpec(anUpdate({ workers, concurrent: workers.length }));

function aPlan(
  name: string,
  appliedAtMs: number,
  spec: PlanSpec,
  status?: StoredPlanStatus,
): QueuedPlan {
  return {
    ...{ name, uid: `${name}-uid`, generation: 1, createdAtMs: appliedAtMs, appliedAtMs },
    ...{ status, requests: [], deleted: false, spec },
  };
}

const STATES: Partial<Record<TargetPhase, string>> = {
  Committed: 'SignalCompleted',
  Undone: 'SignalApplyFailed',
};

function running(
  runID: string,
  spec: PlanSpec,
  workers: Readonly<Record<string, TargetPhase>>,
): StoredPlanStatus {
  const targets = Object.entries(workers).map(([name, phase]) => ({
    name,
    state: STATES[phase] ?? 'SignalSent',
    lastUpdatedTimestamp: '2026-03-01T00:00:00Z',
    phase,
  }));
  const commands = [{ id: 0, state: 'SchedulableWait', k0supdate: { workers: targets } }];
  return { state: 'SchedulableWait', runID, frozenSpec: spec, commands };
}

function of(
  plan: QueuedPlan,
  others: readonly QueuedPlan[],
  nodes: readonly NodeFacts[] = [],
  held: readonly string[] = [],
) {
  const world = { nodes: new Map(nodes.map((one) => [one.name, one])), controlNodes: new Map() };
  return othersOf(plan, [plan, ...others], { world, isHeld: ({ name }) => held.includes(name) });
}

test('alone: nothing of others', () => {
  assert.deepEqual(of(aPlan('a', 1, some('w-1')), []).others, NO_OTHERS);
});

test('what another has begun counts from the moment that it was decided', () => {
  const mine = aPlan('a', 1, some('w-1'));
  const spec = some('w-2', 'w-3');
  const other = aPlan('b', 2, spec, running('b', spec, { 'w-2': 'Draining', 'w-3': 'Staged' }));
  const { others } = of(
    mine,
    [other],
    ['w-1', 'w-2', 'w-3'].map((name) => aNode(name)),
  );
  assert.deepEqual([...others.inFlight], ['w-2']);
  assert.deepEqual([...others.workers], ['w-2', 'w-3']);
  assert.equal(others.limit, 2);
});

test('a node that a Plan which is gone has left cordoned counts, and our own do not', () => {
  const spec = some('w-1');
  const mine = aPlan('a', 1, spec, running('a-run', spec, { 'w-1': 'Draining' }));
  const other = aPlan('b', 2, some('w-3'));
  const left = aNode('w-2', { cordon: { orderId: 'gone-1.0.1', ours: true } });
  const own = aNode('w-1', { cordon: { orderId: 'a-run.0.1', ours: true } });
  assert.deepEqual([...of(mine, [other], [left, own]).others.inFlight], ['w-2']);
});

test('a run that is held claims no slot beyond what it has in flight, and what it has staged gives way', () => {
  const spec = some('w-1', 'w-2');
  const held = aPlan(
    'old',
    1,
    spec,
    running('old-run', spec, { 'w-1': 'Staged', 'w-2': 'Pending' }),
  );
  const { others, plansBefore } = of(aPlan('patch', 2, some('w-1')), [held], [], ['old']);
  assert.deepEqual(plansBefore, []);
  assert.deepEqual([...others.workers], []);
  assert.deepEqual([...others.parkedRuns], ['old-run']);
  assert.deepEqual([...of(aPlan('patch', 2, some('w-1')), [held]).others.parkedRuns], []);
});

test('what later Plans have brought is known, and what earlier ones have is not', () => {
  const spec = some('w-1', 'w-2');
  const done = {
    ...running('r', spec, { 'w-1': 'Committed', 'w-2': 'Undone' }),
    state: 'ApplyFailed',
  };
  const ended = { ...done, observedGeneration: 1 };
  const [later] = of(aPlan('a', 1, spec), [aPlan('b', 2, spec, ended)]).others.later;
  assert.deepEqual([...(later?.brought.keys() ?? [])], ['w-1']);
  assert.deepEqual(of(aPlan('a', 3, spec), [aPlan('b', 2, spec, ended)]).others.later, []);
});
