import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasEmptyDir, mustGo, ownerOf, trimPod } from '../../../src/drain/evictable.ts';
import type { RawPod } from '../../../src/kube/raw.ts';

const metadata = { name: 'p', namespace: 'default', uid: 'u', resourceVersion: '1' };
const owner = (kind: string, controller: boolean) => ({
  ownerReferences: [{ kind, name: 'o', controller }],
});

const ROWS: readonly (readonly [string, Partial<RawPod['metadata']>, phase: string, boolean])[] = [
  ['a pod of a ReplicaSet goes', owner('ReplicaSet', true), 'Running', true],
  ['a pod without a controller goes', {}, 'Running', true],
  ['a pod that waits for its image goes', {}, 'Pending', true],
  ['a pod of unknown phase goes', {}, 'Unknown', true],
  ['a pod of a DaemonSet stays', owner('DaemonSet', true), 'Running', false],
  ['a pod that a DaemonSet only has a share in goes', owner('DaemonSet', false), 'Running', true],
  ['a mirror pod stays', { annotations: { 'kubernetes.io/config.mirror': 'x' } }, 'Running', false],
  ['a pod that succeeded stays', owner('Job', true), 'Succeeded', false],
  ['a pod that failed stays', owner('Job', true), 'Failed', false],
];

for (const [sentence, meta, phase, expected] of ROWS) {
  test(sentence, () => {
    const pod: RawPod = { metadata: { ...metadata, ...meta }, status: { phase } };
    assert.equal(mustGo(pod), expected);
  });
}

test('of a pod only what the drain needs is kept', () => {
  const raw = {
    metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:30Z', finalizers: ['f'] },
    spec: {
      nodeName: 'w-1',
      containers: [{ image: 'big' }],
      priority: 7,
      volumes: [{ emptyDir: {} }],
    },
  };
  assert.deepEqual(trimPod(raw), {
    name: 'p',
    namespace: 'default',
    resourceVersion: '1',
    uid: 'u',
    node: 'w-1',
    mustGo: true,
    labels: {},
    priority: 7,
    hasEmptyDir: true,
    owner: undefined,
    endsByMs: Date.parse('2026-01-01T00:00:30Z'),
    finalizers: ['f'],
  });
});

test('volumes of other kinds are not emptyDir, and a pod may have none', () => {
  const volumes = [{ configMap: {} }, { emptyDir: null }] as object[];
  assert.equal(hasEmptyDir({ metadata, spec: { volumes } }), false);
  assert.equal(hasEmptyDir({ metadata }), false);
});

test('who would make it anew is its controller, not just any owner', () => {
  assert.equal(
    ownerOf({ metadata: { ...metadata, ...owner('ReplicaSet', true) } }),
    'ReplicaSet/o',
  );
  assert.equal(ownerOf({ metadata: { ...metadata, ...owner('Job', false) } }), undefined);
});
