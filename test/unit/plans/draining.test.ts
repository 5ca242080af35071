import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import type { DrainPod } from '../../../src/drain/judge/drain-facts.ts';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import {
  aDrainPod,
  anUpdate,
  aRefusal,
  aSpec,
  NEW,
  SHA,
  START_MS,
} from '../../support/builders.ts';
import { actionsOf, look, ordered, RUN, statusOf, targetOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ workers: '' }));

/** One worker that is being emptied, by the drain rules of a policy. */
function drain(
  pods: readonly DrainPod[],
  policy: PolicyLayer['drain'] = {},
  over: { readonly nowMs?: number; readonly node?: Partial<NodeFacts> } = {},
) {
  const staged = ordered({
    goal: 'stage',
    signal: { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } },
  });
  return look({
    spec: SPEC,
    policy: { drain: policy },
    ...(over.nowMs === undefined ? {} : { nowMs: over.nowMs }),
    told: { 'w-1': { phase: 'Draining', lastUpdatedTimestamp: new Date(START_MS).toISOString() } },
    nodes: {
      'w-1': {
        ...staged,
        unschedulable: true,
        cordon: { orderId: `${RUN}.0.1`, ours: true },
        drain: { pods },
        ...over.node,
      },
    },
  });
}

test('evictions are asked for by the rules of the policy that the run was frozen with', () => {
  const policy = { gracePeriod: '90s', emptyDir: 'Block', skipPods: 'a=b' } as const;
  const decision = drain([aDrainPod()], policy);
  assert.deepEqual(decision.kind === 'act' && decision.actions[0], {
    kind: 'evict',
    name: 'w-1',
    rules: {
      graceSeconds: 90,
      emptyDir: 'Block',
      unmanaged: 'Evict',
      skipPods: 'a=b',
      order: 'Together',
    },
  });
});

test('pods that a policy skips keep no node from its update', () => {
  const pods = [aDrainPod({ labels: { app: 'ingress' } })];
  assert.deepEqual(actionsOf(drain(pods, { skipPods: 'app=ingress' })), ['apply w-1']);
  assert.deepEqual(actionsOf(drain(pods)), ['evict w-1']);
});

test('the most telling pod is in the message, ten are in the status, and all are counted', () => {
  const pods = Array.from({ length: 14 }, (_, at) =>
    aDrainPod({ name: `p${at + 1}`, refusal: aRefusal('no', { at }) }),
  );
  const told = targetOf(drain(pods), 'w-1');
  assert.equal(told.message, 'default/p1: no, and 13 more pods');
  assert.equal(told.blockedBy?.length, 10);
  assert.deepEqual(told.blockedBy?.[9], { pod: 'default/p10', message: 'no' });
});

test('a pod that a rule blocks is waited for, until the deadline decides as ever', () => {
  const pods = [aDrainPod({ name: 'cache', hasEmptyDir: true })];
  const before = drain(pods, { emptyDir: 'Block' });
  assert.match(targetOf(before, 'w-1').message ?? '', /^default\/cache: what its emptyDir volumes/);
  const nowMs = START_MS + 5 * 60_000;
  for (const [onTimeout, phase, reason] of [
    ['Stop', 'Failed', 'DrainTimeout'],
    ['Skip', 'Skipped', 'DrainTimeout'],
    ['Force', 'Applying', 'WaitsForRestart'],
  ] as const) {
    const after = targetOf(drain(pods, { emptyDir: 'Block', onTimeout }, { nowMs }), 'w-1');
    assert.equal(`${after.phase} ${after.reason}`, `${phase} ${reason}`);
    assert.match(after.message ?? '', /not empty within 300s: default\/cache: /);
    assert.equal(after.blockedBy?.length, onTimeout === 'Force' ? undefined : 1);
  }
});

test('who held a drain up is still told when the run has ended', () => {
  const pods = [aDrainPod({ refusal: aRefusal('no') })];
  const nowMs = START_MS + 5 * 60_000;
  const failed = drain(pods, {}, { nowMs });
  const cancelled = ordered({ goal: 'cancel', signal: { phase: 'Cancelled' } });
  const ended = look({
    spec: SPEC,
    nowMs,
    status: statusOf(failed),
    nodes: { 'w-1': cancelled },
  });
  assert.equal(ended.kind, 'end');
  assert.deepEqual(targetOf(ended, 'w-1').blockedBy, [{ pod: 'default/web', message: 'no' }]);
});
