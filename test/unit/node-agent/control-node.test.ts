import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ControlNodeFacts,
  controlNodePatch,
  controlNodeStatusPatch,
  newControlNode,
  type SeenObject,
} from '../../../src/node-agent/own-object.ts';

const MODE = 'autopilot.k0sproject.io/mode';
const FACTS: ControlNodeFacts = {
  name: 'cp-one',
  nodeName: 'box-1',
  mode: 'controller+worker',
  platform: 'linux-amd64',
  apiAddress: '10.0.0.1',
  k0sVersion: 'v1.36.3+k0s.0',
};
const LABELS = {
  'kubernetes.io/hostname': 'box-1',
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
};

const seen = (over: Partial<SeenObject['metadata']>, status?: unknown): SeenObject => ({
  metadata: {
    name: 'cp-one',
    resourceVersion: '7',
    labels: LABELS,
    annotations: { [MODE]: FACTS.mode },
    ...over,
  },
  status,
});

describe('the ControlNode of a host', () => {
  it('is made as k0s makes it, with the name of the kubelet', () => {
    assert.deepEqual(newControlNode(FACTS), {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'ControlNode',
      metadata: { name: 'cp-one', labels: LABELS, annotations: { [MODE]: 'controller+worker' } },
    });
  });

  it('is left alone where it says what is true, whatever others have added', () => {
    const labels = { ...LABELS, team: 'a' };
    const annotations = { [MODE]: FACTS.mode, 'k0smotron.io/leave': 'true' };
    assert.deepEqual(controlNodePatch(seen({ labels, annotations }), FACTS), []);
  });

  it('follows when the host ceases to be a worker, or is called otherwise', () => {
    const facts = { ...FACTS, mode: 'controller', nodeName: 'box-2' };
    assert.deepEqual(controlNodePatch(seen({}), facts), [
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'add', path: '/metadata/labels/kubernetes.io~1hostname', value: 'box-2' },
      {
        op: 'add',
        path: '/metadata/annotations/autopilot.k0sproject.io~1mode',
        value: 'controller',
      },
    ]);
  });

  it('gets what somebody has taken away as a whole', () => {
    const bare = seen({ labels: undefined, annotations: undefined });
    assert.deepEqual(controlNodePatch(bare, FACTS).slice(1), [
      { op: 'add', path: '/metadata/labels', value: LABELS },
      { op: 'add', path: '/metadata/annotations', value: { [MODE]: 'controller+worker' } },
    ]);
  });

  it('says where its API server is and what its kubelet is called', () => {
    const addresses = [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'Hostname', address: 'box-1' },
    ];
    const status = { addresses, k0sVersion: 'v1.36.3+k0s.0' };
    assert.deepEqual(controlNodeStatusPatch(seen({}), FACTS).slice(1), [
      { op: 'add', path: '/status', value: status },
    ]);
    assert.deepEqual(controlNodeStatusPatch(seen({}, status), FACTS), []);
  });
});
