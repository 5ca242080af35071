import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION } from '../../../src/api/meta.ts';
import { controlNodeFacts } from '../../../src/kube/control-node-facts.ts';
import { nodeFacts } from '../../../src/kube/node-facts.ts';
import { trimControlNode } from '../../../src/kube/trim-control-node.ts';
import { trimLease } from '../../../src/kube/trim-lease.ts';
import { trimNode } from '../../../src/kube/trim-node.ts';
import { reportAgeMs } from '../../../src/plans/agent-standing.ts';

const WRITTEN = '2026-01-01T00:00:10Z';
const writtenMs = Date.parse(WRITTEN);

const raw = {
  metadata: {
    name: 'w-1',
    uid: 'u',
    resourceVersion: '5',
    labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64' },
    annotations: {
      [ANNOTATION.order]: 'not json',
      [ANNOTATION.report]: '{}',
      [ANNOTATION.cordonedFor]: 'run.0.1/kept',
    },
    managedFields: [
      { manager: 'kubelet', time: '2026-01-01T00:01:00Z' },
      { manager: 'autopilot-agent', time: '2026-01-01T00:00:05Z' },
      { manager: 'autopilot-agent', time: WRITTEN, subresource: 'status' },
    ],
  },
  spec: {
    unschedulable: true,
    podCIDR: '10.0.0.0/24',
    taints: [
      { key: 'autopilot.k0sproject.io/update-pending', effect: 'NoSchedule', value: 'theirs' },
      { key: 'autopilot.k0sproject.io/update-pending', effect: 'PreferNoSchedule', value: 'run' },
    ],
  },
  status: {
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: 'True' },
    ],
    nodeInfo: { kubeletVersion: 'v1.36.3+k0s' },
    images: [{ names: ['large'] }],
  },
};

test('a Node becomes facts, with when its report was stamped by the clock of the API server', () => {
  const facts = nodeFacts(trimNode(raw), { renewals: 2, drain: undefined });
  const { order, report, ...rest } = facts;
  assert.equal(order.kind, 'invalid');
  assert.equal(report.kind, 'invalid');
  assert.deepEqual(rest, {
    name: 'w-1',
    uid: 'u',
    labels: raw.metadata.labels,
    platform: 'linux-arm64',
    orderText: 'not json',
    reportedAtMs: writtenMs,
    exemptions: undefined,
    ready: 'True',
    kubeletVersion: 'v1.36.3+k0s',
    unschedulable: true,
    cordon: { orderId: 'run.0.1', ours: false },
    softTaint: 'run',
    renewals: 2,
    drain: undefined,
    toGo: undefined,
    outlook: undefined,
  });
});

test('a Node that has told nothing yet', () => {
  const bare = { metadata: { name: 'w-1', uid: 'u', resourceVersion: '1' } };
  const facts = nodeFacts(trimNode(bare), { renewals: 0, drain: undefined });
  assert.deepEqual(facts, {
    name: 'w-1',
    uid: 'u',
    labels: {},
    platform: undefined,
    order: { kind: 'absent' },
    orderText: undefined,
    report: { kind: 'absent' },
    reportedAtMs: undefined,
    exemptions: undefined,
    ready: 'Unknown',
    kubeletVersion: '',
    unschedulable: false,
    cordon: undefined,
    softTaint: undefined,
    renewals: 0,
    drain: undefined,
    toGo: undefined,
    outlook: undefined,
  });
});

for (const [sentence, metadata, nowMs, expected] of [
  ['the clock of the API server is not known', {}, undefined, undefined],
  ['a stamp of the same second is not in the future', {}, writtenMs - 400, 0],
  ['nobody stamped it', { managedFields: [] }, writtenMs, undefined],
] as const) {
  test(`age of a report: ${sentence}`, () => {
    const node = trimNode({ ...raw, metadata: { ...raw.metadata, ...metadata } });
    assert.equal(reportAgeMs(node, nowMs), expected);
  });
}

test('an annotation is not parsed again while its text stays the same', () => {
  const first = trimNode(raw);
  const again = trimNode(structuredClone(raw), first);
  assert.equal(again.order, first.order);
  assert.equal(again.report, first.report);
  assert.equal(again.labels, first.labels);
  const changed = structuredClone(raw);
  changed.metadata.annotations[ANNOTATION.report] = '{"v":1}';
  changed.metadata.labels['kubernetes.io/arch'] = 'amd64';
  const other = trimNode(changed, first);
  assert.equal(other.order, first.order);
  assert.notEqual(other.report, first.report);
  assert.equal(other.labels['kubernetes.io/arch'], 'amd64');
});

for (const status of ['False', 'Unknown'] as const) {
  test(`condition Ready ${status} is passed on as it is`, () => {
    const conditions = [{ type: 'Ready', status }];
    assert.equal(trimNode({ ...raw, status: { conditions } }).ready, status);
  });
}

test('a ControlNode becomes facts', () => {
  const node = trimControlNode({
    metadata: { ...raw.metadata, name: 'cp-1' },
    status: {
      k0sVersion: 'v1.36.1+k0s.0',
      addresses: [
        { type: 'Hostname', address: 'cp-1' },
        { type: 'InternalIP', address: '10.0.0.1' },
      ],
    },
  });
  assert.equal(node.internalIp, '10.0.0.1');
  const apiServer = { ready: 'True', message: 'ready', atMs: 1, sinceMs: 1 } as const;
  const facts = controlNodeFacts(node, apiServer);
  assert.deepEqual(
    [facts.name, facts.k0sVersion, facts.platform, facts.apiServer, facts.reportedAtMs],
    ['cp-1', 'v1.36.1+k0s.0', 'linux-arm64', apiServer, writtenMs],
  );
});

test('of a Lease only its last renewal is kept, and the one before where it was seen', () => {
  const metadata = { name: 'w-1', namespace: 'kube-node-lease', uid: 'u', resourceVersion: '9' };
  const lease = (renewTime: string) => ({ metadata, spec: { renewTime, holderIdentity: 'w-1' } });
  const first = trimLease(lease('t1'));
  assert.deepEqual(first, {
    name: 'w-1',
    namespace: 'kube-node-lease',
    resourceVersion: '9',
    renewTime: 't1',
    renewedBefore: undefined,
  });
  const second = trimLease(lease('t2'), first);
  assert.deepEqual([second.renewTime, second.renewedBefore], ['t2', 't1']);
  const touched = trimLease(lease('t2'), second);
  assert.deepEqual([touched.renewTime, touched.renewedBefore], ['t2', 't1']);
});
