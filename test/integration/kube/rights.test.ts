import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ANNOTATION,
  EXTENSIONS_API_VERSION,
  LEADER_LEASE,
  NAMESPACE,
} from '../../../src/api/meta.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import type { Kube, Method, RequestOptions } from '../../../src/kube/client.ts';
import {
  CONTROL_NODES,
  NODE_LEASES,
  NODES,
  PLANS,
  QUARANTINED_ARTIFACTS,
  UPDATE_CONFIGS,
  UPDATE_POLICIES,
} from '../../../src/kube/target-path.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';

let api: ApiServer;
const identities: Record<string, Kube> = {};

before(async () => {
  api = await startApiServer();
  identities.orchestrator = await api.as(ORCHESTRATOR);
  identities['agent of cp-1'] = await api.as('autopilot:control-node:cp-1', [
    'autopilot:control-nodes',
  ]);
  identities['kubelet of w-1'] = await api.as('system:node:w-1', ['system:nodes']);
  identities.stranger = await api.as('somebody');
  for (const name of ['w-1', 'w-2']) {
    await api.admin.request('POST', NODES, {
      body: { apiVersion: 'v1', kind: 'Node', metadata: { name } },
    });
  }
  for (const name of ['cp-1', 'cp-2']) await api.admin.request('POST', CONTROL_NODES, create(name));
  await api.admin.request('POST', PLANS, {
    body: {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'Plan',
      metadata: { name: 'autopilot' },
      spec: { id: '1', timestamp: 'now', commands: [] },
    },
  });
  // The API server needs a moment to take up new policies. A new value each time: one that is already
  // there, because it was let in too early, is no change and never refused.
  let probe = 0;
  await eventually('the admission policies', async () => {
    const forge = annotate(ANNOTATION.order, `probe-${++probe}`);
    const atController = await refusal(['agent of cp-1', 'PATCH', `${CONTROL_NODES}/cp-1`, forge]);
    const atNode = await refusal(['kubelet of w-1', 'PATCH', `${NODES}/w-1`, forge]);
    return atController !== undefined && atNode !== undefined;
  });
});
after(() => api?.stop());

const create = (name: string, annotations?: object): RequestOptions => ({
  body: {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'ControlNode',
    metadata: { name, ...(annotations ? { annotations } : {}) },
  },
});

const merge = (body: object): RequestOptions => ({
  body,
  contentType: 'application/merge-patch+json',
});
const annotate = (key: string, value: string | null) =>
  merge({ metadata: { annotations: { [key]: value } } });
const report = annotate(ANNOTATION.report, 'r');
const order = annotate(ANNOTATION.order, 'o');
const forged = annotate(ANNOTATION.order, 'forged');
const address = merge({ status: { k0sVersion: 'v1' } });
const cordon = merge({ spec: { unschedulable: true } });
const status: RequestOptions = {
  contentType: 'application/apply-patch+yaml',
  query: { fieldManager: 'test', force: true },
  body: {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name: 'autopilot' },
    status: { state: 'Completed', commands: [] },
  },
};
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const lease = (name: string): RequestOptions => ({
  body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: {} },
});
const BASELINES = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const baseline: RequestOptions = {
  body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' } },
};
const event: RequestOptions = {
  body: {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    involvedObject: { kind: 'Node', name: 'w-1' },
  },
};
const eviction: RequestOptions = {
  body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } },
};
const ownNode: RequestOptions = { query: { fieldSelector: 'metadata.name=w-1' } };
const otherNode: RequestOptions = { query: { fieldSelector: 'metadata.name=w-2' } };

type Row = readonly [who: string, method: Method, path: string, options?: RequestOptions];

/** @returns why it was refused; undefined when it was let through, be it to an object that is not there */
async function refusal([who, method, path, options]: Row): Promise<string | undefined> {
  const kube = identities[who];
  assert.ok(kube, who);
  try {
    await kube.request(method, path, options);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    if (thrown.status === 403 || thrown.status === 401) return thrown.message;
    if (thrown.status === 404) return undefined;
    throw thrown;
  }
}

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const channelPlan: RequestOptions = {
  body: {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name: 'of-a-channel' },
    spec: { id: 'x', timestamp: 'now', commands: [] },
  },
};
const quarantined = {
  body: {
    apiVersion: EXTENSIONS_API_VERSION,
    kind: 'QuarantinedArtifact',
    metadata: { name: 'q-1' },
    spec: {
      ...{ version: 'v1.36.4+k0s.0', sha256: 'b'.repeat(64), platform: 'linux-amd64' },
      ...{ reason: 'ProcessExits', message: 'it exits', plan: 'p', run: 'r', node: 'w-1' },
      at: '2026-03-01T22:00:00Z',
    },
  },
};

const MAY: readonly (readonly [what: string, ...row: Row])[] = [
  ['list Plans', 'orchestrator', 'GET', PLANS],
  ['write the status of a Plan', 'orchestrator', 'PATCH', `${PLANS}/autopilot/status`, status],
  ['list UpdateConfigs', 'orchestrator', 'GET', UPDATE_CONFIGS],
  [
    'write the status of an UpdateConfig',
    'orchestrator',
    'PATCH',
    `${UPDATE_CONFIGS}/none/status`,
    merge({ status: {} }),
  ],
  ['let go of an UpdateConfig', 'orchestrator', 'PATCH', `${UPDATE_CONFIGS}/none`, merge({})],
  ['make the Plan of a channel', 'orchestrator', 'POST', PLANS, channelPlan],
  ['remove the Plan of a channel', 'orchestrator', 'DELETE', `${PLANS}/autopilot`],
  ['know the cluster', 'orchestrator', 'GET', '/api/v1/namespaces/kube-system'],
  ['read the token of update servers', 'orchestrator', 'GET', `${SECRETS}/update-server-token`],
  ['list UpdatePolicies', 'orchestrator', 'GET', UPDATE_POLICIES],
  [
    'write the status of the UpdatePolicy',
    'orchestrator',
    'PATCH',
    `${UPDATE_POLICIES}/default/status`,
    merge({ status: {} }),
  ],
  ['list QuarantinedArtifacts', 'orchestrator', 'GET', QUARANTINED_ARTIFACTS],
  ['quarantine', 'orchestrator', 'POST', QUARANTINED_ARTIFACTS, quarantined],
  ['list Nodes', 'orchestrator', 'GET', NODES],
  ['order a Node', 'orchestrator', 'PATCH', `${NODES}/w-1`, order],
  ['cordon a Node', 'orchestrator', 'PATCH', `${NODES}/w-2`, cordon],
  ['order a ControlNode', 'orchestrator', 'PATCH', `${CONTROL_NODES}/cp-1`, order],
  ['list Pods', 'orchestrator', 'GET', '/api/v1/pods'],
  ['list budgets', 'orchestrator', 'GET', '/apis/policy/v1/poddisruptionbudgets'],
  ['evict', 'orchestrator', 'POST', '/api/v1/namespaces/default/pods/p/eviction', eviction],
  ['list Deployments', 'orchestrator', 'GET', '/apis/apps/v1/deployments'],
  ['list StatefulSets', 'orchestrator', 'GET', '/apis/apps/v1/statefulsets'],
  ['list DaemonSets', 'orchestrator', 'GET', '/apis/apps/v1/daemonsets'],
  ['list ReplicaSets', 'orchestrator', 'GET', '/apis/apps/v1/replicasets'],
  ['list FlowSchemas', 'orchestrator', 'GET', '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'],
  ['keep a baseline', 'orchestrator', 'POST', BASELINES, baseline],
  ['read a baseline', 'orchestrator', 'GET', `${BASELINES}/b`],
  ['remove a baseline', 'orchestrator', 'DELETE', `${BASELINES}/b`],
  ['see Leases of nodes', 'orchestrator', 'GET', NODE_LEASES],
  ['make the Lease', 'orchestrator', 'POST', LEASES, lease(LEADER_LEASE)],
  ['read the Lease', 'orchestrator', 'GET', `${LEASES}/${LEADER_LEASE}`],
  ['renew the Lease', 'orchestrator', 'PATCH', `${LEASES}/${LEADER_LEASE}`, merge({})],
  ['write an Event', 'orchestrator', 'POST', '/api/v1/namespaces/default/events', event],
  ['count up an Event', 'orchestrator', 'PATCH', '/api/v1/namespaces/default/events/e', merge({})],
  ['read the version', 'orchestrator', 'GET', '/version'],
  ['report on itself', 'agent of cp-1', 'PATCH', `${CONTROL_NODES}/cp-1`, report],
  ['tell its address', 'agent of cp-1', 'PATCH', `${CONTROL_NODES}/cp-1/status`, address],
  ['see ControlNodes', 'agent of cp-1', 'GET', CONTROL_NODES],
  ['report on itself', 'kubelet of w-1', 'PATCH', `${NODES}/w-1`, report],
  ['read its own Node', 'kubelet of w-1', 'GET', `${NODES}/w-1`],
  ['watch its own Node', 'kubelet of w-1', 'GET', NODES, ownNode],
];

for (const [what, ...row] of MAY) {
  test(`${row[0]} may ${what}`, async () => assert.equal(await refusal(row), undefined));
}

const onlyOwn = /an agent writes only the one of its own name/;
const noOrder = /written by the orchestrator alone, never by an agent/;
const noOrderOnNode = /written by the orchestrator alone, never by a node/;
const forbidden = /forbidden/;
const policy = `${UPDATE_POLICIES}/default`;
const cp1 = `${CONTROL_NODES}/cp-1`;
const cp2 = `${CONTROL_NODES}/cp-2`;
const w1 = `${NODES}/w-1`;

const MAY_NOT: readonly (readonly [what: string, why: RegExp, ...row: Row])[] = [
  ["write another's report", onlyOwn, 'agent of cp-1', 'PATCH', cp2, report],
  ["write another's address", onlyOwn, 'agent of cp-1', 'PATCH', `${cp2}/status`, address],
  ['make another', onlyOwn, 'agent of cp-1', 'POST', CONTROL_NODES, create('cp-9')],
  ['order itself', noOrder, 'agent of cp-1', 'PATCH', cp1, forged],
  ['remove its order', noOrder, 'agent of cp-1', 'PATCH', cp1, annotate(ANNOTATION.order, null)],
  ['order another', onlyOwn, 'agent of cp-1', 'PATCH', cp2, forged],
  ['order a Node', forbidden, 'agent of cp-1', 'PATCH', w1, forged],
  ['delete itself', forbidden, 'agent of cp-1', 'DELETE', cp1],
  ['see Plans', forbidden, 'agent of cp-1', 'GET', PLANS],
  ['order itself', noOrderOnNode, 'kubelet of w-1', 'PATCH', w1, forged],
  ['order itself by its status', noOrderOnNode, 'kubelet of w-1', 'PATCH', `${w1}/status`, forged],
  [
    'mark itself cordoned',
    noOrderOnNode,
    'kubelet of w-1',
    'PATCH',
    w1,
    annotate(ANNOTATION.cordonedFor, 'x'),
  ],
  ["write another's report", forbidden, 'kubelet of w-1', 'PATCH', `${NODES}/w-2`, report],
  ['watch another Node', forbidden, 'kubelet of w-1', 'GET', NODES, otherNode],
  ['see ControlNodes', forbidden, 'kubelet of w-1', 'GET', CONTROL_NODES],
  ['delete a Node', forbidden, 'orchestrator', 'DELETE', w1],
  ['delete a Pod', forbidden, 'orchestrator', 'DELETE', '/api/v1/namespaces/default/pods/p'],
  ['see Secrets', forbidden, 'orchestrator', 'GET', '/api/v1/secrets'],
  ['see ConfigMaps elsewhere', forbidden, 'orchestrator', 'GET', '/api/v1/configmaps'],
  ['edit a Plan', forbidden, 'orchestrator', 'PATCH', `${PLANS}/autopilot`, merge({})],
  ['remove a Plan of others', forbidden, 'orchestrator', 'DELETE', `${PLANS}/other`],
  ['see another Secret', forbidden, 'orchestrator', 'GET', `${SECRETS}/other`],
  ['edit the UpdatePolicy', forbidden, 'orchestrator', 'PATCH', policy, merge({})],
  ['lift a quarantine', forbidden, 'orchestrator', 'DELETE', `${QUARANTINED_ARTIFACTS}/q-1`],
  ['quarantine', forbidden, 'agent of cp-1', 'POST', QUARANTINED_ARTIFACTS, quarantined],
  ['pull the brake', forbidden, 'agent of cp-1', 'PATCH', policy, merge({})],
  ['take another Lease', forbidden, 'orchestrator', 'PATCH', `${LEASES}/other`, merge({})],
  ['order a Node', forbidden, 'stranger', 'PATCH', w1, forged],
];

for (const [what, why, ...row] of MAY_NOT) {
  test(`${row[0]} may not ${what}`, async () =>
    assert.match((await refusal(row)) ?? 'it may', why));
}

test('the agent of a controller makes the ControlNode of its own name', async () => {
  const agent = await api.as('autopilot:control-node:cp-3', ['autopilot:control-nodes']);
  await assert.rejects(
    agent.request('POST', CONTROL_NODES, create('cp-3', { [ANNOTATION.order]: 'o' })),
    noOrder,
  );
  await agent.request('POST', CONTROL_NODES, create('cp-3', { [ANNOTATION.report]: 'r' }));
});
