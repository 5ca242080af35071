import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { isPastFailures } from '../../../src/plans/failures.ts';
import { aDrainPod, anUpdate, aRefusal, aSpec, START_MS } from '../../support/builders.ts';
import {
  actionsOf,
  failureOf,
  look,
  ordered,
  RUN,
  staged,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const workers = (good: number, bad: number) => [
  ...Array.from({ length: good }, () => ({ role: 'worker' as const, inTrouble: false })),
  ...Array.from({ length: bad }, () => ({ role: 'worker' as const, inTrouble: true })),
];
const controller = { role: 'controller' as const, inTrouble: true };

const rows: [string, ...Parameters<typeof isPastFailures>, past: boolean][] = [
  ['none is borne by default', workers(9, 1), 'k0s', 0, true],
  ['as many as are borne', workers(8, 2), 'k0s', 2, false],
  ['one more than is borne', workers(7, 3), 'k0s', 2, true],
  ['a percentage', workers(9, 1), 'k0s', '10%', false],
  ['a percentage is rounded down', workers(8, 1), 'k0s', '10%', true],
  ['a controller is always too much', [controller, ...workers(9, 0)], 'k0s', '100%', true],
  ['but not when it fetches a bundle', [controller, ...workers(9, 0)], 'airgap', 1, false],
];
for (const [sentence, outcomes, kind, bound, past] of rows) {
  test(`failures: ${sentence}`, () => {
    assert.equal(isPastFailures(outcomes, kind, bound), past);
  });
}

const spec = aSpec(anUpdate({ workers: '', concurrent: 1 }));
const failed = () =>
  ordered({ goal: 'stage', signal: { phase: 'Failed', reason: 'DownloadFailed', message: '404' } });

test('a failure that is borne is given up, and the others go on', () => {
  const scene = { spec, nodes: { 'w-1': failed(), 'w-2': staged() } };
  const borne = look({ ...scene, policy: { maxFailures: 1 } });
  assert.deepEqual(actionsOf(borne), ['cancel w-1', 'cordon w-2']);
  assert.equal(targetOf(borne, 'w-1').phase, 'Failed');
  assert.deepEqual(actionsOf(look(scene)), ['cancel w-1', 'cancel w-2']);
});

test('a failed download does not count as a verified artifact', () => {
  const decision = look({
    spec: aSpec(anUpdate({ controllers: '', workers: '' })),
    controllers: { 'cp-1': ordered({ goal: 'stage', signal: {} }) },
    nodes: { 'w-1': failed(), 'w-2': ordered({ goal: 'stage', signal: {} }) },
    policy: { maxFailures: 1 },
  });
  assert.deepEqual(actionsOf(decision), ['cancel w-1']);
});

/** A worker whose pods could not be evicted in time, and one that is next. */
function overdue(onTimeout?: 'Stop' | 'Skip' | 'Force') {
  const refusal = aRefusal('budget web allows no disruption now');
  const policy: PolicyLayer = onTimeout === undefined ? {} : { drain: { onTimeout } };
  return look({
    spec,
    nodes: {
      'w-1': {
        ...staged(),
        unschedulable: true,
        cordon: { orderId: `${RUN}.0.1`, ours: true },
        drain: { pods: [aDrainPod({ name: 'web-1', refusal })] },
      },
      'w-2': staged(),
    },
    told: {
      'w-1': {
        phase: 'Draining',
        state: 'SignalSent',
        lastUpdatedTimestamp: new Date(START_MS - 301_000).toISOString(),
      },
    },
    policy,
  });
}
const WHY = 'not empty within 300s: default/web-1: budget web allows no disruption now';

test('a drain that is overdue stops the run, if nothing else is said', () => {
  for (const decision of [overdue(), overdue('Stop')]) {
    assert.deepEqual(actionsOf(decision), ['uncordon w-1', 'cancel w-1', 'cancel w-2']);
    assert.equal(targetOf(decision, 'w-1').phase, 'Failed');
  }
});

test('a drain that is overdue may be passed over: the node is given back, and others go on', () => {
  const decision = overdue('Skip');
  assert.deepEqual(actionsOf(decision), ['uncordon w-1']);
  const { phase, reason, message } = targetOf(decision, 'w-1');
  assert.deepEqual([phase, reason, message], ['Skipped', 'DrainTimeout', WHY]);
  const next = look({
    spec,
    nodes: { 'w-1': staged(), 'w-2': staged() },
    status: statusOf(decision),
    policy: { drain: { onTimeout: 'Skip' } },
  });
  assert.deepEqual(actionsOf(next), ['cordon w-2']);
});

test('a run in which a node was passed over has not completed, and says which', () => {
  const skipped = statusOf(overdue('Skip'));
  const done = ordered({ goal: 'commit', signal: { phase: 'Committed' } });
  const end = look({ spec, nodes: { 'w-1': staged(), 'w-2': done }, status: skipped });
  assert.equal(end.kind, 'end');
  assert.equal(statusOf(end).state, 'ApplyFailed');
  assert.equal(failureOf(end)?.reason, 'DrainTimeout');
  assert.match(
    failureOf(end)?.message ?? '',
    /^w-1 was passed over: not empty within 300s.* Now w-2 runs v1\.36\.3\+k0s\.0\./,
  );
});

test('a drain that is overdue may be forced: the node is updated with the pods that are left', () => {
  const decision = overdue('Force');
  assert.deepEqual(actionsOf(decision), ['apply w-1']);
  assert.match(targetOf(decision, 'w-1').message ?? '', /updated with them, as the policy says$/);
});
