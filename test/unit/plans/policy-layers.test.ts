import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { decide } from '../../../src/plans/decide.ts';
import { trimPlan } from '../../../src/plans/trim-plan.ts';
import { aNode, anUpdate, aPolicy, aSpec, someFacts } from '../../support/builders.ts';
import { actionsOf, failureOf, look, staged, statusOf } from '../../support/scene.ts';

const names = (count: number) => Array.from({ length: count }, (_, at) => `w-${at + 1}`);

/** How many of the staged workers are begun in one look. */
function begun(workers: number, concurrent: number, policy: PolicyLayer, own?: PolicyLayer) {
  const decision = look({
    spec: { ...aSpec(anUpdate({ workers: '', concurrent })), ...(own && { policy: own }) },
    nodes: Object.fromEntries(names(workers).map((name) => [name, staged()])),
    policy,
  });
  const waiting = statusOf(decision).conditions?.find(({ type }) => type === 'Waiting');
  return {
    cordoned: actionsOf(decision).filter((one) => one.startsWith('cordon')).length,
    waiting,
  };
}

const rows: [sentence: string, of: [number, number, PolicyLayer, PolicyLayer?], number][] = [
  ['without a policy the limit of the Plan holds', [8, 3, {}], 3],
  ['the smaller of both holds: the policy', [8, 3, { maxUnavailable: 2 }], 2],
  ['the smaller of both holds: the Plan', [8, 3, { maxUnavailable: 5 }], 3],
  ['a policy that overrides may allow more', [8, 1, { maxUnavailable: 5, limits: 'Override' }], 5],
  ['a percentage is rounded down', [7, 7, { maxUnavailable: '50%' }], 3],
  ['a percentage is never less than one', [4, 4, { maxUnavailable: '10%' }], 1],
  ["the Plan's own policy wins", [8, 8, { maxUnavailable: 1 }, { maxUnavailable: 4 }], 4],
];
for (const [sentence, of, expected] of rows) {
  test(`workers at once: ${sentence}`, () => assert.equal(begun(...of).cordoned, expected));
}

test('a node that waits for a slot is told whose limit it is', () => {
  const decision = look({
    spec: aSpec(anUpdate({ workers: '', concurrent: 9 })),
    nodes: {
      'w-1': {
        ...staged(),
        cordon: { orderId: '01234567-1.0.1', ours: true },
        unschedulable: true,
      },
      'w-2': staged(),
    },
    policy: { maxUnavailable: '50%' },
  });
  assert.match(JSON.stringify(statusOf(decision)), /w-1 Draining/);
  const stuck = begun(2, 9, { maxUnavailable: '50%' });
  assert.equal(stuck.cordoned, 1);
});

test('the merged policy is frozen and shown, without what is read live', () => {
  const facts = someFacts(
    { ...aSpec(anUpdate({ workers: '' })), policy: { gate: { timeout: '1m' }, paused: false } },
    {
      nodes: [aNode('w-1')],
      policy: aPolicy({ gate: { stable: '5s', timeout: '2m' }, confirmTimeout: '3m' }),
    },
  );
  assert.deepEqual(statusOf(decide(facts)).policy, {
    gate: { stable: '5s', timeout: '1m' },
    confirmTimeout: '3m',
  });
});

test('a run goes on with the policy that it was frozen with', () => {
  const spec = aSpec(anUpdate({ workers: '', concurrent: 4 }));
  const nodes = Object.fromEntries(names(4).map((name) => [name, staged()]));
  const first = look({ spec, nodes, policy: { maxUnavailable: 2 } });
  const status = { ...statusOf(first) };
  const second = look({ spec, nodes, status, policy: { maxUnavailable: 1 } });
  assert.equal(actionsOf(second).length, 2);
});

test("a Plan's own policy that cannot be met is refused at once, by the path of the field", () => {
  const spec = { ...aSpec(anUpdate({ workers: '' })), policy: { gate: { timeout: '6m' } } };
  const decision = decide(someFacts(spec, { nodes: [aNode('w-1')] }));
  assert.equal(decision.kind, 'refuse');
  assert.equal(failureOf(decision)?.reason, 'InvalidPolicy');
  assert.match(
    failureOf(decision)?.message ?? '',
    /spec.policy.gate.timeout: 360s must be shorter than confirmTimeout \(300s\)/,
  );
});

test("a Plan's own policy that cannot be read is refused at once, by the path of the field", () => {
  const { spec } = trimPlan({
    metadata: { name: 'autopilot' },
    spec: { ...aSpec(anUpdate({ workers: '' })), policy: { drain: { timeout: '1d' } } },
  });
  const decision = decide(someFacts(spec));
  assert.equal(failureOf(decision)?.reason, 'InvalidPolicy');
  assert.match(failureOf(decision)?.message ?? '', /spec.policy.drain.timeout: wanted a duration/);
});

test('a policy of the cluster that cannot be met holds Plans back, and refuses none', () => {
  const policy = { ...aPolicy({}), flaw: 'UpdatePolicy/default spec.limits: no' };
  const spec = aSpec(anUpdate({ workers: '' }));
  const decision = decide(someFacts(spec, { nodes: [aNode('w-1')], policy }));
  assert.equal(decision.kind, 'queue');
  assert.equal(decision.kind === 'queue' && decision.reason, 'InvalidPolicy');
  assert.equal(statusOf(decision).waitsFor, 'UpdatePolicy/default spec.limits: no');
});
