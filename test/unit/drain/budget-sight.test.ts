import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetSight, labelSelectorOf } from '../../../src/drain/budget-sight.ts';
import type { RawPod } from '../../../src/kube/raw.ts';

const metadata = { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1' };

function aPod(
  name: string,
  status: NonNullable<RawPod['status']>,
  nodeName?: string,
  meta: object = {},
): RawPod {
  return {
    metadata: { ...metadata, name, ...meta },
    spec: nodeName === undefined ? {} : { nodeName },
    status,
  };
}
const condition = (type: string, status: string, message = '') => [{ type, status, message }];
const unhealthyOf = (...pods: RawPod[]) =>
  budgetSight({ metadata }, pods).unhealthy.map(({ name, why }) => `${name} ${why}`);

test('a selector as a list request takes it; none at all selects nothing', () => {
  const of = (selector: object | null) => labelSelectorOf({ metadata, spec: { selector } });
  assert.equal(of({ matchLabels: { a: 'b', c: '' } }), 'a=b,c=');
  assert.equal(
    of({
      matchLabels: { a: 'b' },
      matchExpressions: [
        { key: 'x', operator: 'In', values: ['1', '2'] },
        { key: 'y', operator: 'NotIn', values: ['3'] },
        { key: 'z', operator: 'Exists' },
        { key: 'n', operator: 'DoesNotExist' },
      ],
    }),
    'a=b,x in (1,2),y notin (3),z,!n',
  );
  assert.equal(of({}), '');
  assert.equal(of(null), undefined);
  assert.equal(labelSelectorOf({ metadata, spec: {} }), undefined);
});

test('healthy and finished pods are not told of; the sum is that of the budget', () => {
  const status = { expectedPods: 3, desiredHealthy: 2, currentHealthy: 2 };
  const ready = aPod('a', { phase: 'Running', conditions: condition('Ready', 'True') }, 'w1');
  const done = aPod('b', { phase: 'Succeeded' }, 'w1');
  assert.deepEqual(budgetSight({ metadata, status }, [ready, done]), {
    needed: 2,
    healthy: 2,
    expected: 3,
    unhealthy: [],
  });
});

test('what fits nowhere says so in the words of the scheduler, and comes first', () => {
  const message =
    '0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient memory. preemption: 0/4 nodes are available.';
  assert.deepEqual(
    unhealthyOf(
      aPod('a', { phase: 'Running' }, 'w1'),
      aPod('b', { phase: 'Pending', conditions: condition('PodScheduled', 'False', message) }),
    ),
    [
      'b fits nowhere: 0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient memory',
      'a runs on w1 and is not ready',
    ],
  );
});

test('a crash loop, an image that is not there, a start, and an end', () => {
  const waiting = (reason: string, restartCount?: number) => ({
    phase: 'Running',
    containerStatuses: [
      { name: 'c', state: { waiting: { reason } }, ...(restartCount ? { restartCount } : {}) },
    ],
  });
  assert.deepEqual(
    unhealthyOf(
      aPod('crash', waiting('CrashLoopBackOff', 5), 'w1'),
      aPod('image', waiting('ImagePullBackOff'), 'w2'),
      aPod('start', { ...waiting('ContainerCreating'), phase: 'Pending' }, 'w2'),
      aPod('new', { phase: 'Pending' }),
      aPod('end', { phase: 'Running', conditions: condition('Ready', 'True') }, 'w1', {
        deletionTimestamp: '2026-03-01T22:00:00Z',
      }),
    ),
    [
      'crash on w1: CrashLoopBackOff (container c, restarted 5 times)',
      'image on w2: ImagePullBackOff (container c)',
      'new waits to be scheduled',
      'start is starting on w2',
      'end is ending',
    ],
  );
});
