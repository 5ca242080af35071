import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anUpdate, aSpec } from '../../support/builders.ts';
import { actionsOf, look, ordered } from '../../support/scene.ts';

const restartedAt = '2026-03-01T21:59:58.000Z';
const onTrial = ordered({
  goal: 'apply',
  signal: { phase: 'OnTrial', restartedAt, running: { exits: 0, healthy: false } },
});

test('when the trial of a controller begins, what its old processes were elected for is freed, once', () => {
  const spec = aSpec(anUpdate({ controllers: ['c1', 'c2'] }));
  const controllers = { c1: onTrial, c2: {} };
  const first = look({ spec, controllers, told: { c1: { phase: 'Applying' } } });
  assert.ok(actionsOf(first).includes('releaseLeadership c1'), actionsOf(first).join());
  const second = look({ spec, controllers, told: { c1: { phase: 'OnTrial' } } });
  assert.ok(!actionsOf(second).includes('releaseLeadership c1'), actionsOf(second).join());
});

test('a worker is elected for nothing', () => {
  const spec = aSpec(anUpdate({ workers: ['w1'] }));
  const decision = look({ spec, nodes: { w1: onTrial }, told: { w1: { phase: 'Applying' } } });
  assert.deepEqual(actionsOf(decision), []);
});
