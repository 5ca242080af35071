import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimPod } from '../../../src/drain/evictable.ts';
import { PodsByNode } from '../../../src/drain/pods-by-node.ts';

const pod = (name: string, nodeName: string, uid = name) =>
  trimPod({
    metadata: { name, namespace: 'default', uid, resourceVersion: '1' },
    spec: { nodeName },
  });
const uids = (pods: PodsByNode, node: string) => pods.of(node).map(({ uid }) => uid);

test('pods are found by their node until they are gone', () => {
  const pods = new PodsByNode();
  pods.put(pod('a', 'w-1'));
  pods.put(pod('b', 'w-1'));
  pods.drop(pod('a', 'w-1'));
  assert.deepEqual([uids(pods, 'w-1'), uids(pods, 'w-2')], [['b'], []]);
});

test('one of the same name that was made anew elsewhere leaves none behind, though nobody told its end', () => {
  const pods = new PodsByNode();
  pods.put(pod('db-0', 'w-1', 'old'));
  pods.put(pod('db-0', 'w-2', 'new'));
  assert.deepEqual([uids(pods, 'w-1'), uids(pods, 'w-2')], [[], ['new']]);
});
