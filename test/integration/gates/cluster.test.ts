import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { API_VERSION, BASELINE_LABEL, NAMESPACE } from '../../../src/api/meta.ts';
import type { GateSpec } from '../../../src/api/policy-gates.ts';
import type { KnownAnswer } from '../../../src/gates/answer.ts';
import { askCel } from '../../../src/gates/cel-gate-client.ts';
import { createGateRunner, type GateRunner } from '../../../src/gates/gate-client.ts';
import type { GatedRun } from '../../../src/gates/wanted.ts';
import type { Kube } from '../../../src/kube/client.ts';
import type { RawList, RawObject } from '../../../src/kube/raw.ts';
import { PLANS } from '../../../src/kube/target-path.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PODS = '/api/v1/namespaces/default/pods';
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

let api: ApiServer;
let kube: Kube;
let run: GatedRun;
const runners: GateRunner[] = [];

before(async () => {
  api = await startApiServer();
  kube = await api.as(ORCHESTRATOR);
  await deploy('web', 2);
  await deploy('idle', 1);
  await eventually('web to be available', async () => {
    await makeReady('web');
    return (await available('web')) === 2;
  });
  const { metadata } = await api.admin.request<RawObject>('POST', PLANS, {
    body: {
      apiVersion: API_VERSION,
      kind: 'Plan',
      metadata: { name: 'autopilot' },
      spec: { id: '1', timestamp: 'now', commands: [] },
    },
  });
  run = {
    plan: { name: metadata.name, uid: metadata.uid },
    runID: `${metadata.uid.slice(0, 8)}-1`,
    gates: [],
    workloads: 'Gate',
    ignoreNamespaces: ['kube-system'],
    touched: false,
    nodesUnderWay: [],
    settledAtMs: 0,
  };
});
after(async () => {
  for (const runner of runners) runner.rest();
  await api?.stop();
});

async function deploy(name: string, replicas: number): Promise<void> {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'example.com/none' }];
  await api.admin.request('POST', DEPLOYMENTS, {
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    },
  });
}

async function podsOf(app: string): Promise<readonly RawObject[]> {
  const query = { labelSelector: `app=${app}` };
  return (await api.admin.request<RawList>('GET', PODS, { query })).items ?? [];
}

/** There is no kubelet here: what one would report is written by hand. */
async function report(pod: RawObject, status: object): Promise<void> {
  await api.admin.request('PATCH', `${PODS}/${pod.metadata.name}/status`, {
    body: { status },
    contentType: 'application/merge-patch+json',
  });
}
const running = (ready: 'True' | 'False') => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: ready, lastTransitionTime: new Date().toISOString() }],
});

async function makeReady(app: string): Promise<void> {
  for (const pod of await podsOf(app)) await report(pod, running('True'));
}

async function available(name: string): Promise<number> {
  const { status } = await api.admin.request<{ status?: { availableReplicas?: number } }>(
    'GET',
    `${DEPLOYMENTS}/${name}`,
  );
  return status?.availableReplicas ?? 0;
}

function aRunner(): GateRunner {
  const runner = createGateRunner({ kube, log: silentLog, onChange: () => {} });
  runners.push(runner);
  return runner;
}

/** The answer of a gate, once it is what is wanted. */
function answered(
  runner: GateRunner,
  gate: string,
  outcome: KnownAnswer['outcome'],
): Promise<KnownAnswer> {
  return eventually(`${gate} to say ${outcome}`, () => {
    const known = runner.answers(run.plan.uid).get(gate);
    if (known?.outcome !== outcome) throw new Error(JSON.stringify(known));
    return known;
  });
}

const baselines = async () => {
  const list = await api.admin.request<
    RawList<RawObject & { readonly immutable?: boolean; readonly data?: unknown }>
  >('GET', CONFIG_MAPS, { query: { labelSelector: BASELINE_LABEL } });
  return list.items ?? [];
};

test('workloads that were bad before may stay bad; one that gets worse is no, by name', async () => {
  const first = aRunner();
  first.watch([run]);
  await eventually('the baseline', () => first.baseline(run.plan.uid).kind === 'stored');
  const calm = await answered(first, 'workloads', 'pass');
  assert.equal(calm.message, 'none of 2 workloads is worse than before the run');
  const [stored] = await baselines();
  assert.equal(stored?.metadata.name, `baseline-${run.runID}-workloads`);
  assert.equal(stored?.immutable, true);
  assert.deepEqual(
    stored?.metadata.ownerReferences?.map(({ kind, name }) => [kind, name]),
    [['Plan', 'autopilot']],
  );

  const [pod] = await podsOf('web');
  await report(pod!, running('False'));
  await eventually('web to be less', async () => (await available('web')) === 1);
  // Made during the run: nobody knows how it would be without.
  await deploy('new', 3);
  await eventually('pods that do not start', async () => (await podsOf('new')).length === 3);
  first.watch([{ ...run, settledAtMs: Date.now() }]);
  const worse = await answered(first, 'workloads', 'fail');
  assert.equal(
    worse.message,
    '1 of 2 workloads are worse than before the run: Deployment default/web: 1 replica not available (0 before)',
  );

  // Whoever leads next knows how it was, although it is worse already.
  first.rest();
  const next = aRunner();
  next.watch([{ ...run, touched: true }]);
  await answered(next, 'workloads', 'fail');
  await report(pod!, running('True'));
  await answered(next, 'workloads', 'pass');
  next.rest();
});

test('pods that crash are seen at once, and those on nodes under way are not held against it', async () => {
  const runner = aRunner();
  runner.watch([{ ...run, touched: true }]);
  await answered(runner, 'workloads', 'pass');
  const [pod] = await podsOf('web');
  const crashed = {
    name: 'main',
    image: 'x',
    imageID: 'x',
    ready: false,
    restartCount: 3,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
  };
  await report(pod!, { ...running('True'), containerStatuses: [crashed] });
  runner.watch([{ ...run, touched: true, settledAtMs: Date.now() }]);
  const { message } = await answered(runner, 'workloads', 'fail');
  assert.match(message, /Deployment default\/web: 1 pod crashing \(0 before\)/);
  await report(pod!, { ...running('True'), containerStatuses: [] });
  await answered(runner, 'workloads', 'pass');
  runner.rest();
});

test('a baseline that is gone in the middle of a run is not taken again', async () => {
  const lost: GatedRun = { ...run, runID: 'lost-1', touched: true };
  const runner = aRunner();
  runner.watch([lost, { ...run, plan: { name: 'autopilot', uid: 'other' } }]);
  const { message } = await answered(runner, 'workloads', 'unknown');
  assert.match(message, /it was not taken, or is gone, and the run has begun on its nodes/);
  assert.equal(runner.baseline(run.plan.uid).kind, 'missing');
  runner.rest();
});

const ask = (spec: Omit<NonNullable<GateSpec['cel']>, 'apiVersion'> & { apiVersion?: string }) =>
  askCel(kube, { apiVersion: 'v1', ...spec }, undefined, new AbortController().signal);

test('CEL over many objects, some, one, and none', async () => {
  await Promise.all(
    Array.from({ length: 510 }, (_, at) =>
      api.admin.request('POST', CONFIG_MAPS, {
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `many-${at}`, labels: { many: at < 10 ? 'few' : 'all' } },
          data: { at: String(at) },
        },
      }),
    ),
  );
  const maps = { kind: 'ConfigMap', namespace: NAMESPACE };
  const all = await ask({ ...maps, selector: 'many', expression: 'int(object.data.at) < 510' });
  assert.deepEqual(all, {
    outcome: 'pass',
    message: 'true of 510 ConfigMap: int(object.data.at) < 510',
  });
  const few = await ask({ ...maps, selector: 'many=few', expression: 'object.data.at != "7"' });
  assert.deepEqual(few, {
    outcome: 'fail',
    message: `not true of 1 of 10 ConfigMap: ${NAMESPACE}/many-7: object.data.at != "7"`,
  });
  const one = { ...maps, name: 'many-3', expression: 'object.data.at == "3"' };
  assert.equal((await ask(one)).outcome, 'pass');
  assert.deepEqual(await ask({ ...one, name: 'none' }), {
    outcome: 'unknown',
    message: `there is no ConfigMap of v1 named none in namespace ${NAMESPACE}`,
  });
  const named = 'object.apiVersion == "v1" && object.kind == "ConfigMap"';
  assert.equal((await ask({ ...one, expression: named })).outcome, 'pass');
  const nodes = await ask({ kind: 'Node', expression: 'true' });
  assert.deepEqual(nodes, { outcome: 'unknown', message: 'there is no Node of v1' });
});

test('a kind that there is not, and one that is in no namespace, are unknown', async () => {
  const typo = await ask({ apiVersion: 'apps/v1', kind: 'Deploymint', expression: 'true' });
  assert.equal(typo.outcome, 'unknown');
  assert.match(typo.message, /the API server knows no Deploymint of apps\/v1/);
  const group = await ask({ apiVersion: 'example.com/v1', kind: 'Shop', expression: 'true' });
  assert.match(group.message, /the API server knows no Shop of example.com\/v1/);
  const node = await ask({ kind: 'Node', namespace: 'default', expression: 'true' });
  assert.match(node.message, /Node of v1 is in no namespace, found namespace: default/);
});

test('a right that is missing is named, and once it is granted the gate answers', async () => {
  const gate: GateSpec = {
    name: 'autoscaled',
    interval: '1s',
    cel: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      namespace: 'default',
      expression: 'baseline != null && object.spec.maxReplicas >= baseline.spec.maxReplicas',
    },
  };
  const autoscalers = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
  await api.admin.request('POST', autoscalers, {
    body: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        maxReplicas: 5,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      },
    },
  });
  const gated: GatedRun = { ...run, runID: 'cel-1', workloads: 'Off', gates: [gate] };
  const runner = aRunner();
  runner.watch([gated]);
  const { message } = await answered(runner, 'autoscaled', 'unknown');
  assert.match(
    message,
    /"autopilot:orchestrator" cannot list resource "horizontalpodautoscalers" in API group "autoscaling".*docs\/usage\/gates.md/,
  );
  await api.kubectl(
    ...['create', 'clusterrole', 'gates', '--verb=list'],
    '--resource=horizontalpodautoscalers.autoscaling',
  );
  await api.kubectl(
    ...['create', 'clusterrolebinding', 'gates', '--clusterrole=gates', `--user=${ORCHESTRATOR}`],
  );
  await answered(runner, 'autoscaled', 'pass');
  await api.admin.request('PATCH', `${autoscalers}/web`, {
    body: { spec: { maxReplicas: 3 } },
    contentType: 'application/merge-patch+json',
  });
  await answered(runner, 'autoscaled', 'fail');
  // The end of the run: what was kept for it goes.
  runner.watch([]);
  await eventually('the baselines to be removed', async () => (await baselines()).length === 0);
});

test('a Plan that is deleted takes its baselines along', async () => {
  const runner = aRunner();
  runner.watch([run]);
  await eventually('the baseline', async () => (await baselines()).length === 1);
  runner.rest();
  await api.admin.request('DELETE', `${PLANS}/autopilot`);
  await eventually('the baseline to be collected', async () => (await baselines()).length === 0);
});
