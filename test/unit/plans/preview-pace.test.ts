import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredPlanStatus, TargetStatus } from '../../../src/api/plan.ts';
import { assumedPace, measuredPace } from '../../../src/plans/preview-pace.ts';

const policy = { gateStableMs: 3_000 };
const START = Date.parse('2026-03-01T22:00:00Z');

function took(name: string, ms: number, over: Partial<TargetStatus> = {}): TargetStatus {
  return {
    name,
    state: 'SignalCompleted',
    phase: 'Committed',
    startedAt: new Date(START).toISOString(),
    lastUpdatedTimestamp: new Date(START + ms).toISOString(),
    ...over,
  };
}

function aRun(controllers: TargetStatus[], workers: TargetStatus[]): StoredPlanStatus {
  return { commands: [{ id: 0, state: 'Completed', k0supdate: { controllers, workers } }] };
}

const workerMs = (pace: ReturnType<typeof assumedPace>) =>
  pace.drainMs + pace.restartMs + pace.workerHealthMs + pace.answerMs;
const controllerMs = (pace: ReturnType<typeof assumedPace>) =>
  pace.restartMs + pace.controllerHealthMs + pace.answerMs;

test('without an earlier run everything is assumed', () => {
  assert.deepEqual(measuredPace(policy, [undefined, {}]), assumedPace(policy));
});

test('a node takes what the median of earlier runs took, over all Plans', () => {
  const pace = measuredPace(policy, [
    aRun([took('c1', 50_000)], [took('w1', 200_000), took('w2', 240_000)]),
    aRun([took('c2', 40_000), took('c3', 44_000)], [took('w3', 600_000)]),
  ]);
  assert.deepEqual(pace.measured, { controllers: 3, workers: 3 });
  assert.equal(controllerMs(pace), 44_000);
  assert.equal(workerMs(pace), 240_000);
});

test('what was measured faster than assumed is kept whole, and nothing is negative', () => {
  const pace = measuredPace(policy, [aRun([took('c1', 7_000)], [took('w1', 15_000)])]);
  assert.equal(controllerMs(pace), 7_000);
  assert.equal(workerMs(pace), 15_000);
  for (const ms of Object.values(pace)) if (typeof ms === 'number') assert.ok(ms >= 0);
});

test('only what was updated counts: not what failed, was there already, or has no beginning', () => {
  const { startedAt: _, ...noBeginning } = took('w3', 99_000);
  const pace = measuredPace(policy, [
    aRun(
      [],
      [
        took('w1', 99_000, { phase: 'Undone' }),
        took('w2', 99_000, { phase: 'Skipped' }),
        noBeginning,
        took('w4', -5_000),
      ],
    ),
  ]);
  assert.deepEqual(pace, assumedPace(policy));
});
