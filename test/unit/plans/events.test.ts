import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import type { PlanStatus, TargetPhase } from '../../../src/api/plan.ts';
import { decide } from '../../../src/plans/decide.ts';
import { eventsBetween, MOST_TOLD_TARGETS } from '../../../src/plans/events.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  someFacts,
} from '../../support/builders.ts';

const spec = aSpec(anUpdate({ controllers: '', workers: '' }));
const world = { controlNodes: [aControlNode('cp-1')], nodes: [aNode('w-1')] };

function begun(budgets: Parameters<typeof someFacts>[1] = {}): PlanStatus {
  const decision = decide(someFacts(spec, { ...world, ...budgets }));
  return decision.kind === 'begin' ? decision.status : assert.fail(decision.kind);
}

function withPhase(status: PlanStatus, phase: TargetPhase): PlanStatus {
  const next = structuredClone(status);
  Object.assign(next.commands?.[0]?.k0supdate?.controllers?.[0] ?? {}, { phase, message: 'so' });
  return next;
}

const reasons = (events: ReturnType<typeof eventsBetween>) => events.map(({ reason }) => reason);

test('the start is told, with the number of targets', () => {
  assert.deepEqual(eventsBetween(undefined, begun()), [
    { type: 'Normal', reason: 'Started', message: 'run 01234567-1: 2 targets to v1.36.3+k0s.0' },
  ]);
});

test('a warning of preflight is told', () => {
  const budgets = [{ namespace: 'default', name: 'all', expectedPods: 2, desiredHealthy: 2 }];
  assert.deepEqual(reasons(eventsBetween(undefined, begun({ budgets }))), [
    'Started',
    'BudgetNeverMet',
  ]);
});

test('a step of a node is told once', () => {
  const before = begun();
  const after = withPhase(before, 'OnTrial');
  assert.deepEqual(eventsBetween(before, after), [
    { type: 'Normal', reason: 'OnTrial', message: 'cp-1: so', target: { name: 'cp-1' } },
  ]);
  assert.deepEqual(eventsBetween(after, after), []);
});

test('what went wrong is a warning', () => {
  const before = begun();
  for (const phase of ['Undoing', 'Undone', 'Held', 'Failed'] as const) {
    assert.equal(eventsBetween(before, withPhase(before, phase))[0]?.type, 'Warning', phase);
  }
});

test('phases that cost nobody anything are not told', () => {
  const before = begun();
  assert.deepEqual(eventsBetween(before, withPhase(before, 'Downloading')), []);
});

test('a refusal is told with its reason', () => {
  const nobody = aSpec(anUpdate({ workers: ['nobody'] }));
  const decision = decide(someFacts(nobody, world));
  assert.deepEqual(
    reasons(eventsBetween(undefined, 'status' in decision ? decision.status : assert.fail())),
    ['NodeMissing'],
  );
});

test('a backup is told once, with where it lies', () => {
  const before = begun();
  const after = structuredClone(before);
  const takenAt = '2026-03-01T22:00:00.000Z';
  Object.assign(after.commands?.[0] ?? {}, {
    backup: { node: 'cp-1', path: '/backups/1.tar.gz', size: 7, takenAt },
  });
  assert.deepEqual(eventsBetween(before, after), [
    { type: 'Normal', reason: 'BackedUp', message: 'cp-1: /backups/1.tar.gz, 7 bytes' },
  ]);
  assert.deepEqual(eventsBetween(after, after), []);
});

test('that a Plan is held back is told once, with the reason', () => {
  const policy = aPolicy({ paused: true });
  const decision = decide(someFacts(spec, { ...world, policy }));
  const held = 'status' in decision ? decision.status : assert.fail();
  const message = "paused: the orchestrator's own policy file says paused: true";
  assert.deepEqual(eventsBetween(undefined, held), [{ type: 'Normal', reason: 'Paused', message }]);
  assert.deepEqual(eventsBetween(held, held), []);
});

test('a node that is passed over is told, one that had the version is not', () => {
  const before = begun();
  const after = withPhase(before, 'Skipped');
  assert.deepEqual(eventsBetween(before, after), []);
  Object.assign(after.commands?.[0]?.k0supdate?.controllers?.[0] ?? {}, { reason: 'DrainTimeout' });
  const target = { name: 'cp-1', reason: 'DrainTimeout' };
  assert.deepEqual(eventsBetween(before, after), [
    { type: 'Warning', reason: 'PassedOver', message: 'cp-1: so', target },
  ]);
});

describe('of a run with more than a hundred targets', () => {
  const nodes = Array.from({ length: MOST_TOLD_TARGETS }, (_, at) => aNode(`w-${at}`));
  const many = { ...world, nodes };
  const batch = { number: 1, size: 100, startedAt: '2026-03-01T22:00:00Z' };
  const withBatch = (status: PlanStatus, over: object = {}): PlanStatus => ({
    ...status,
    commands: status.commands?.map((one) => ({ ...one, batch: { ...batch, ...over } })) ?? [],
  });

  it('ordinary steps of a target are not told, and what is wrong is', () => {
    const before = begun(many);
    assert.deepEqual(eventsBetween(before, withPhase(before, 'OnTrial')), []);
    assert.deepEqual(reasons(eventsBetween(before, withPhase(before, 'Undoing'))), ['Undoing']);
  });

  it('the beginning and the end of each batch are told', () => {
    const before = begun(many);
    assert.deepEqual(eventsBetween(before, withBatch(before)), [
      { type: 'Normal', reason: 'BatchStarted', message: 'batch 1 of 100 nodes begins' },
    ]);
    const settled = withBatch(before, { settledAt: '2026-03-01T23:00:00Z' });
    assert.deepEqual(reasons(eventsBetween(withBatch(before), settled)), ['BatchSettled']);
    assert.deepEqual(eventsBetween(settled, settled), []);
  });

  it('of a smaller one batches are told by their nodes', () => {
    const before = begun();
    assert.deepEqual(eventsBetween(before, withBatch(before)), []);
  });
});
