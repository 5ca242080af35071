import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetPhase, TargetStatus } from '../../../src/api/plan.ts';
import { baselinePassage } from '../../../src/plans/baseline-passage.ts';
import { gatedRun } from '../../../src/plans/gated-run.ts';
import type { QueuedPlan } from '../../../src/plans/queue.ts';
import { aSpec } from '../../support/builders.ts';

const BEGAN = '2026-03-01T12:00:00.000Z';
const BEGAN_MS = Date.parse(BEGAN);
const at = (minutes: number) => new Date(BEGAN_MS + minutes * 60_000).toISOString();

const target = (name: string, phase: TargetPhase, minutes = 1): TargetStatus => ({
  name,
  phase,
  state: 'SignalSent',
  lastUpdatedTimestamp: at(minutes),
});

function aPlan(workers: TargetStatus[], over: Partial<QueuedPlan> = {}): QueuedPlan {
  return {
    name: 'autopilot',
    uid: 'u1',
    generation: 1,
    createdAtMs: 0,
    appliedAtMs: 0,
    requests: [],
    deleted: false,
    spec: aSpec(),
    status: {
      state: 'Schedulable',
      runID: 'u1-1',
      startedAt: BEGAN,
      frozenSpec: aSpec(),
      policy: { workloads: { ignoreNamespaces: ['test'] } },
      commands: [{ id: 0, state: 'Schedulable', k0supdate: { workers } }],
    },
    ...over,
  };
}

test('a run that has touched nobody', () => {
  const plan = aPlan([target('w1', 'Staged'), target('w2', 'Skipped')]);
  assert.deepEqual(gatedRun(plan), {
    plan: { name: 'autopilot', uid: 'u1' },
    runID: 'u1-1',
    gates: [],
    workloads: 'Gate',
    ignoreNamespaces: ['test'],
    touched: false,
    nodesUnderWay: [],
    settledAtMs: 0,
  });
});
test('nodes in our hands, and when one came to its end last', () => {
  const plan = aPlan([
    target('w1', 'Committed', 2),
    target('w2', 'Undone', 3),
    target('w3', 'Draining', 4),
    target('w4', 'OnTrial', 5),
    target('w5', 'Pending', 6),
  ]);
  const run = gatedRun(plan);
  assert.equal(run?.touched, true);
  assert.deepEqual(run?.nodesUnderWay, ['w3', 'w4']);
  assert.equal(run?.settledAtMs, BEGAN_MS + 3 * 60_000);
});
test('what the run before a retry has done is not of this one', () => {
  const run = gatedRun(aPlan([target('w1', 'Committed', -10), target('w2', 'Pending')]));
  assert.equal(run?.touched, false);
  assert.equal(run?.settledAtMs, 0);
});
test('no run, no gates', () => {
  assert.equal(gatedRun(aPlan([], { status: undefined })), undefined);
  assert.equal(gatedRun(aPlan([], { deleted: true })), undefined);
});

const course = { policy: { workloadsTimeoutMs: 300_000 }, sightedSinceMs: 0 } as Parameters<
  typeof baselinePassage
>[1];
const { requests, ...plan } = aPlan([]);
const facts = {
  nowMs: BEGAN_MS,
  baseline: { kind: 'missing', message: 'workloads: is being looked at' } as const,
  plan: { ...plan, requests },
};

test('nobody is touched before it is known how it was', () => {
  assert.deepEqual(baselinePassage({ kind: 'BeforeControllers' }, course, facts), {
    kind: 'closed',
    reason: 'WaitsForBaseline',
    message: 'workloads: is being looked at',
    untilMs: BEGAN_MS + 300_000,
    actions: [],
  });
});
test('what cannot be known in time ends the run', () => {
  const late = { ...facts, nowMs: BEGAN_MS + 300_000 };
  assert.deepEqual(baselinePassage({ kind: 'BeforeBatch' }, course, late), {
    kind: 'failed',
    reason: 'BaselineMissing',
    message: 'workloads: is being looked at',
  });
  const newLeader = { ...course, sightedSinceMs: BEGAN_MS + 299_000 };
  assert.equal(baselinePassage({ kind: 'BeforeBatch' }, newLeader, late)?.kind, 'closed');
});
test('a run goes on where it is known or not needed, and after its points', () => {
  for (const kind of ['stored', 'notNeeded'] as const) {
    const known = { ...facts, baseline: { kind } };
    assert.equal(baselinePassage({ kind: 'BeforeRun' }, course, known), undefined);
  }
  assert.equal(baselinePassage({ kind: 'AfterNode' }, course, facts), undefined);
});
