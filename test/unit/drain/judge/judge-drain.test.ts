import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDefaults } from '../../../../src/api/policy.ts';
import type { DrainPod } from '../../../../src/drain/judge/drain-facts.ts';
import { type DrainRules, drainRulesOf } from '../../../../src/drain/judge/drain-rules.ts';
import { describeDrain, judgeDrain } from '../../../../src/drain/judge/judge-drain.ts';
import { aDrainPod, aRefusal, podsLeft } from '../../../support/builders.ts';

const DEFAULTS = drainRulesOf(withDefaults({}));
const atMs = Date.parse('2026-03-01T22:00:00Z');
const judge = (rules: Partial<DrainRules>, ...pods: DrainPod[]) =>
  judgeDrain({ pods }, { ...DEFAULTS, ...rules });
const names = (pods: readonly DrainPod[]) => pods.map(({ name }) => name).join();

test('without rules every pod goes, at once, and nothing blocks', () => {
  const pod = aDrainPod({ hasEmptyDir: true, owner: undefined });
  const view = judge({}, pod, aDrainPod({ name: 'other', priority: 9 }));
  assert.equal(view.remaining, 2);
  assert.equal(names(view.due), 'web,other');
  assert.deepEqual(view.blocked, []);
});

test('pods that a selector skips stay, and are not waited for, also when they are ending', () => {
  const labels = { app: 'ingress' };
  const view = judge(
    { skipPods: 'app in (ingress)' },
    aDrainPod({ labels }),
    aDrainPod({ labels, name: 'ending', endsByMs: atMs, isOverdue: true }),
  );
  assert.deepEqual(view, { remaining: 0, due: [], blocked: [] });
});

test('a selector that cannot be parsed skips nothing', () => {
  assert.equal(judge({ skipPods: 'app in' }, aDrainPod()).remaining, 1);
});

test('Block: such pods are not asked to go, are waited for, and say what to do', () => {
  const view = judge(
    { emptyDir: 'Block', unmanaged: 'Block' },
    aDrainPod({ name: 'cache', hasEmptyDir: true }),
    aDrainPod({ name: 'bare', owner: undefined, hasEmptyDir: true }),
    aDrainPod({ name: 'plain' }),
  );
  assert.equal(view.remaining, 3);
  assert.equal(names(view.due), 'plain');
  assert.deepEqual(
    view.blocked.map(({ pod, cause, message }) => `${pod} ${cause} ${message}`),
    [
      'default/bare Rule no controller would make it anew (drain.unmanaged: Block); make it anew elsewhere, then delete it',
      'default/cache Rule what its emptyDir volumes hold would be lost (drain.emptyDir: Block); save it, then delete the pod',
    ],
  );
});

test('a pod that somebody has deleted is not blocked by a rule any more', () => {
  const pod = aDrainPod({ hasEmptyDir: true, endsByMs: atMs });
  const view = judge({ emptyDir: 'Block' }, pod);
  assert.deepEqual(view, { remaining: 1, due: [], blocked: [] });
});

test('LowPriorityFirst: those of a higher priority wait until all lower ones are gone, ending ones too', () => {
  const rules = { order: 'LowPriorityFirst' } as const;
  const low = aDrainPod({ name: 'low', priority: -5, endsByMs: atMs });
  const middle = aDrainPod({ name: 'middle' });
  const high = aDrainPod({ name: 'high', priority: 1_000 });
  const first = judge(rules, high, middle, low);
  assert.equal(names(first.due), '');
  assert.deepEqual(first.blocked, [
    {
      pod: 'default/high',
      cause: 'Priority',
      message: 'goes after 2 pods of lower priority: default/low, default/middle',
    },
    {
      pod: 'default/middle',
      cause: 'Priority',
      message: 'goes after 1 pod of lower priority: default/low',
    },
  ]);
  assert.equal(names(judge(rules, high, middle).due), 'middle');
  assert.equal(names(judge(rules, high).due), 'high');
});

test('LowPriorityFirst: a pod that is skipped holds nobody up, one that is blocked does', () => {
  const rules = { order: 'LowPriorityFirst', skipPods: 'stay', emptyDir: 'Block' } as const;
  const high = aDrainPod({ name: 'high', priority: 1 });
  assert.equal(names(judge(rules, high, aDrainPod({ labels: { stay: '' } })).due), 'high');
  assert.equal(names(judge(rules, high, aDrainPod({ hasEmptyDir: true })).due), '');
});

test('the most telling comes first: a rule, then refusals as they came, then what is overdue, then order', () => {
  const view = judge(
    { order: 'LowPriorityFirst', emptyDir: 'Block' },
    aDrainPod({ name: 'p', priority: 5 }),
    aDrainPod({ name: 'o', endsByMs: atMs, isOverdue: true }),
    aDrainPod({ name: 'r2', refusal: aRefusal('second', { at: 1 }) }),
    aDrainPod({ name: 'r1', refusal: aRefusal('first', { at: 0 }) }),
    aDrainPod({ name: 'e', hasEmptyDir: true }),
  );
  assert.deepEqual(
    view.blocked.map(({ pod }) => pod.replace('default/', '')),
    ['e', 'r1', 'r2', 'o', 'p'],
  );
});

test('what is ending still has time until it is overdue; then its finalizers are named, or the kubelet', () => {
  const ending = aDrainPod({ endsByMs: atMs });
  assert.deepEqual(judge({}, ending).blocked, []);
  const said = (over: Partial<DrainPod>) =>
    judge({}, { ...ending, isOverdue: true, ...over }).blocked[0]?.message;
  assert.equal(
    said({ finalizers: ['a/b', 'c/d'] }),
    'should have ended by 2026-03-01T22:00:00Z, finalizers hold it: a/b, c/d',
  );
  assert.equal(said({}), 'should have ended by 2026-03-01T22:00:00Z, the kubelet has not ended it');
});

test('a budget that was looked at: its sum, who is not healthy and why, and who is of the same owner', () => {
  const unhealthy = [
    { name: 'web-4', owner: 'ReplicaSet/web-1', why: 'fits nowhere: 0/3 nodes are available' },
    { name: 'web-0', owner: undefined, why: 'is starting on w2' },
    { name: 'web-8', owner: 'ReplicaSet/web-0', why: 'is ending' },
    { name: 'web-9', owner: undefined, why: 'is ending' },
  ];
  const seen = { needed: 3, healthy: 3, expected: 4, unhealthy };
  const refusal = aRefusal('budget web allows no disruption now', { budget: 'web', seen });
  const [blocked] = judge({}, aDrainPod({ refusal })).blocked;
  assert.equal(
    blocked?.message,
    'budget web allows no disruption now (needs 3 healthy pods, has 3 of 4); web-4 of the same ReplicaSet fits nowhere: 0/3 nodes are available; web-0 is starting on w2; web-8 is ending; 1 more are not healthy',
  );
});

test('a budget that spares none of its healthy pods says what can be done', () => {
  const seen = { needed: 2, healthy: 2, expected: 2, unhealthy: [] };
  const said = (over: object) =>
    judge({}, aDrainPod({ refusal: aRefusal('m', { budget: 'web', seen: { ...seen, ...over } }) }))
      .blocked[0]?.message;
  assert.match(said({}) ?? '', /has 2 of 2\); it spares none of them: lower it, or run one/);
  assert.match(said({ expected: 3 }) ?? '', /has 2 of 3\)$/);
});

test('a drain in one sentence', () => {
  assert.equal(describeDrain(undefined), 'its pods are being listed');
  assert.equal(describeDrain(judgeDrain(podsLeft(1), DEFAULTS)), '1 pod still to go');
  assert.equal(describeDrain(judgeDrain(podsLeft(2), DEFAULTS)), '2 pods still to go');
  const refused = (name: string) => aDrainPod({ name, refusal: aRefusal('no') });
  assert.equal(
    describeDrain(judge({}, refused('a'), refused('b'), refused('c'))),
    'default/a: no, and 2 more pods',
  );
});
