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

test('those that have to go are counted as they come, change, move and go', () => {
  const pods = new PodsByNode();
  const daemon = pod('d', 'w-1');
  pods.put({ ...daemon, mustGo: false });
  assert.equal(pods.toGo('w-1'), 0);
  pods.put(pod('a', 'w-1'));
  pods.put(pod('a', 'w-1', 'changed'));
  assert.equal(pods.toGo('w-1'), 1);
  pods.put(pod('a', 'w-2', 'moved'));
  assert.deepEqual([pods.toGo('w-1'), pods.toGo('w-2')], [0, 1]);
  pods.drop(pod('a', 'w-2'));
  pods.drop(pod('d', 'w-1'));
  assert.deepEqual([pods.toGo('w-1'), pods.toGo('w-2')], [0, 0]);
});
