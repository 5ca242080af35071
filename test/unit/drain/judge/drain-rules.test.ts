import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyLayer, withDefaults } from '../../../../src/api/policy.ts';
import { drainRulesOf } from '../../../../src/drain/judge/drain-rules.ts';
import { layerFlaws } from '../../../../src/plans/layer-flaws.ts';

const rules = (drain: PolicyLayer['drain']) => drainRulesOf(withDefaults({ drain }));

test('a grace period is rounded up to whole seconds; not said, each pod has its own', () => {
  assert.equal(rules({}).graceSeconds, undefined);
  assert.equal(rules({ gracePeriod: '30s' }).graceSeconds, 30);
  assert.equal(rules({ gracePeriod: '1.2s' }).graceSeconds, 2);
  assert.equal(rules({ gracePeriod: '10ms' }).graceSeconds, 1);
});

test('a grace period of nothing is refused: the API server would forget pods that run', () => {
  const [flaw] = layerFlaws({ drain: { gracePeriod: '0s' } });
  assert.equal(flaw?.path, 'drain.gracePeriod');
});

test('an unparsable selector of pods to skip is refused with its path and what was found', () => {
  const [flaw, ...more] = layerFlaws({ drain: { skipPods: 'app in ingress' } });
  assert.equal(flaw?.path, 'drain.skipPods');
  assert.match(flaw?.message ?? '', /found "app in ingress"/);
  assert.deepEqual(more, []);
});

test('an empty selector skips nothing, and is no flaw', () => {
  assert.deepEqual(layerFlaws({ drain: { skipPods: '' } }), []);
  assert.equal(rules({ skipPods: '' }).skipPods, undefined);
});
