import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withDefaults } from '../../../src/api/policy.ts';
import { createDrainClient, type DrainClient } from '../../../src/drain/drain-client.ts';
import { type DrainRules, drainRulesOf } from '../../../src/drain/judge/drain-rules.ts';
import { type DrainView, judgeDrain } from '../../../src/drain/judge/judge-drain.ts';
import { createPodStore } from '../../../src/drain/pod-store.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { NODES } from '../../../src/kube/target-path.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';

let api: ApiServer;
let kube: Kube;
/** Counts what really goes to the API server. */
let evictions = 0;
const stop = new AbortController();
const PODS = '/api/v1/namespaces/default/pods';

before(async () => {
  api = await startApiServer();
  const real = await api.as(ORCHESTRATOR);
  kube = {
    ...real,
    request(method, path, options) {
      if (path.endsWith('/eviction')) evictions += 1;
      return real.request(method, path, options);
    },
  };
  for (const name of ['w-1', 'w-2']) {
    await api.admin.request('POST', NODES, {
      body: {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name },
        status: { allocatable: { pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] },
      },
    });
  }
  await eventually('the ServiceAccount of Pods', () =>
    api.admin.request('GET', '/api/v1/namespaces/default/serviceaccounts/default'),
  );
});
after(async () => {
  stop.abort();
  await api?.stop();
});

interface PodOptions {
  readonly app?: string;
  readonly metadata?: object;
  readonly graceSeconds?: number;
  readonly spec?: object;
}

/** A Pod that runs and is ready, as its kubelet would say. */
async function makePod(name: string, nodeName: string, options: PodOptions = {}): Promise<void> {
  await api.admin.request('POST', PODS, {
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: options.app ?? name }, ...options.metadata },
      spec: {
        nodeName,
        terminationGracePeriodSeconds: options.graceSeconds ?? 0,
        containers: [{ name: 'c', image: 'none' }],
        ...options.spec,
      },
    },
  });
  await setStatus(name, {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
  });
}

async function setStatus(pod: string, status: object): Promise<void> {
  await api.admin.request('PATCH', `${PODS}/${pod}/status`, {
    contentType: 'application/merge-patch+json',
    body: { status },
  });
}

async function makeBudget(name: string, minAvailable: number): Promise<void> {
  await api.admin.request('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
    body: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name },
      spec: { minAvailable, selector: { matchLabels: { app: name } } },
    },
  });
}

function budgetStatus(name: string): Promise<{ status?: { currentHealthy?: number } }> {
  return api.admin.request(
    'GET',
    `/apis/policy/v1/namespaces/default/poddisruptionbudgets/${name}`,
  );
}

const DEFAULTS = drainRulesOf(withDefaults({}));

interface Drained extends DrainClient {
  view(): DrainView | undefined;
  round(): Promise<void>;
}

/** A drain that goes on by itself, as the orchestrator does: each change brings another round. */
function startDrain(node: string, over: Partial<DrainRules> = {}): Drained {
  const rules = { ...DEFAULTS, ...over };
  const common = { kube, log: silentLog, signal: stop.signal };
  const pods = createPodStore({
    ...common,
    pause: () => Promise.resolve(),
    onChange: (changed) => client.podsChanged(changed),
    onSynced: () => void client.evict(node, rules),
  });
  const client = createDrainClient({
    ...common,
    pods,
    onChange: (changed) => {
      if (changed === node) void client.evict(node, rules);
    },
  });
  const view = () => {
    const facts = client.observe(node);
    return facts && judgeDrain(facts, rules);
  };
  pods.isWanted = true;
  view();
  return { ...client, view, round: () => client.evict(node, rules) };
}

async function podNames(node: string): Promise<string> {
  const pods = await api.admin.request<{ items: { metadata: { name: string } }[] }>('GET', PODS, {
    query: { fieldSelector: `spec.nodeName=${node}` },
  });
  return pods.items
    .map(({ metadata }) => metadata.name.replace(/^daemon-.*/, 'daemon'))
    .sort()
    .join();
}

test('a node without pods has nothing that must go', async () => {
  const drain = startDrain('w-empty');
  const facts = await eventually('the pods to be listed', () => drain.view());
  assert.deepEqual(facts, { remaining: 0, due: [], blocked: [] });
  drain.release('w-empty');
});

test('all pods go but those of DaemonSets, those of the kubelet, and those that have finished', async () => {
  await api.admin.request('POST', '/apis/apps/v1/namespaces/default/daemonsets', {
    body: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'daemon' },
      spec: {
        selector: { matchLabels: { app: 'daemon' } },
        template: {
          metadata: { labels: { app: 'daemon' } },
          spec: { containers: [{ name: 'c', image: 'none' }] },
        },
      },
    },
  });
  await eventually('the pod of the DaemonSet', async () => (await podNames('w-1')) === 'daemon');
  await makePod('plain', 'w-1');
  await makePod('finished', 'w-1');
  await setStatus('finished', { phase: 'Succeeded' });
  const drain = startDrain('w-1');
  await eventually('the drain', () => drain.view()?.remaining === 0);
  assert.equal(await podNames('w-1'), 'daemon,finished');
  drain.release('w-1');
});

test('a pod that terminates counts until it is gone, and is asked for once', async () => {
  await makePod('slow', 'w-2', { graceSeconds: 600 });
  evictions = 0;
  const drain = startDrain('w-2');
  await eventually('the eviction', () => evictions === 1);
  await eventually('the end to be under way', async () => {
    const { metadata } = await api.admin.request<{ metadata: { deletionTimestamp?: string } }>(
      'GET',
      `${PODS}/slow`,
    );
    return metadata.deletionTimestamp;
  });
  for (let i = 0; i < 10; i++) await drain.round();
  assert.equal(drain.view()?.remaining, 1);
  assert.equal(evictions, 1);
  await api.kubectl('delete', 'pod', 'slow', '--grace-period=0', '--force');
  await eventually('the drain', () => drain.view()?.remaining === 0);
  drain.release('w-2');
});

test('a budget holds a pod: said in a sentence, asked for again within bounds, gone once it may', async () => {
  await makePod('web-1', 'w-1', { app: 'web' });
  await makePod('web-2', 'w-2', { app: 'web' });
  await makeBudget('web', 2);
  await eventually(
    'the budget',
    async () => (await budgetStatus('web')).status?.currentHealthy === 2,
  );
  evictions = 0;
  const begun = performance.now();
  const drain = startDrain('w-1');
  const blocked = await eventually('the refusal', () => drain.view()?.blocked[0]);
  assert.deepEqual(blocked, {
    pod: 'default/web-1',
    cause: 'Refused',
    message: 'budget web allows no disruption now (needs 2 healthy pods, has 2)',
  });
  await eventually('a second try, by itself', () => evictions >= 2);
  for (let i = 0; i < 50; i++) await drain.round();
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(evictions <= 1 + seconds, `${evictions} evictions in ${seconds} s`);
  assert.equal(drain.view()?.remaining, 1);

  await makePod('web-3', 'w-2', { app: 'web' });
  await eventually('the drain', () => drain.view()?.remaining === 0);
  assert.deepEqual(drain.view()?.blocked, []);
  drain.release('w-1');
});

test('two budgets over one pod: the API server refuses, and its words are passed on', async () => {
  await makePod('double', 'w-1', { app: 'double' });
  await makeBudget('double', 0);
  await api.admin.request('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
    body: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'double-too' },
      spec: { minAvailable: 0, selector: { matchLabels: { app: 'double' } } },
    },
  });
  const drain = startDrain('w-1');
  const blocked = await eventually('the refusal', () => drain.view()?.blocked[0]?.message);
  assert.match(blocked, /more than one PodDisruptionBudget/);
  drain.release('w-1');
});

test('pods with an emptyDir and those that nobody would make anew are left alone where the policy says so', async () => {
  const volumes = [{ name: 'scratch', emptyDir: {} }];
  await makePod('scratch', 'w-rules', { spec: { volumes } });
  evictions = 0;
  const drain = startDrain('w-rules', { emptyDir: 'Block' });
  const [blocked] = await eventually('the pods to be listed', () => drain.view()?.blocked);
  assert.equal(blocked?.cause, 'Rule');
  for (let i = 0; i < 5; i++) await drain.round();
  assert.equal(evictions, 0);
  await api.kubectl('delete', 'pod', 'scratch');
  await eventually('the drain', () => drain.view()?.remaining === 0);
  drain.release('w-rules');

  await makePod('bare', 'w-bare');
  const strict = startDrain('w-bare', { unmanaged: 'Block' });
  await eventually('the pods to be listed', () => strict.view()?.blocked[0]?.cause === 'Rule');
  await strict.round();
  assert.equal(await podNames('w-bare'), 'bare');
  strict.release('w-bare');
});

test('pods that are skipped stay and are not waited for', async () => {
  await makePod('stays', 'w-skip', { app: 'ingress' });
  await makePod('goes', 'w-skip');
  const drain = startDrain('w-skip', { skipPods: 'app in (ingress)' });
  await eventually('the drain', () => drain.view()?.remaining === 0);
  assert.equal(await podNames('w-skip'), 'stays');
  drain.release('w-skip');
});

test('the grace period of the policy takes the place of the own one', async () => {
  await makePod('patient', 'w-grace', { graceSeconds: 600 });
  const drain = startDrain('w-grace', { graceSeconds: 45 });
  const seconds = await eventually('the end to be under way', async () => {
    const { metadata } = await api.admin.request<{
      metadata: { deletionGracePeriodSeconds?: number };
    }>('GET', `${PODS}/patient`);
    return metadata.deletionGracePeriodSeconds;
  });
  assert.equal(seconds, 45);
  drain.release('w-grace');
});

test('low priorities first: the high ones are asked to go when the low ones have ended', async () => {
  await api.admin.request('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
    body: {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'important' },
      value: 1_000,
    },
  });
  // Admission hears of a class a moment after it was made, and refuses the pod until then.
  await eventually('the class to be known', async () => {
    await makePod('high', 'w-order', { spec: { priorityClassName: 'important' } });
    return true;
  });
  await makePod('low', 'w-order', { graceSeconds: 600 });
  evictions = 0;
  const drain = startDrain('w-order', { order: 'LowPriorityFirst' });
  const blocked = await eventually('the high one to wait', () => drain.view()?.blocked[0]);
  assert.deepEqual(blocked, {
    pod: 'default/high',
    cause: 'Priority',
    message: 'goes after 1 pod of lower priority: default/low',
  });
  await eventually('the eviction of the low one', () => evictions === 1);
  for (let i = 0; i < 5; i++) await drain.round();
  assert.equal(evictions, 1, 'while it is ending');
  await api.kubectl('delete', 'pod', 'low', '--grace-period=0', '--force');
  await eventually('the drain', () => drain.view()?.remaining === 0);
  assert.equal(evictions, 2);
  drain.release('w-order');
});

test('a finalizer holds a pod: it is named, once the pod is overdue', async () => {
  await makePod('held', 'w-final', { metadata: { finalizers: ['shop.example/backup'] } });
  const drain = startDrain('w-final');
  const blocked = await eventually('it to be overdue', () => drain.view()?.blocked[0], {
    timeoutMs: 30_000,
  });
  assert.equal(blocked?.cause, 'Overdue');
  assert.match(
    blocked?.message ?? '',
    /^should have ended by .*Z, finalizers hold it: shop\.example\/backup$/,
  );
  await api.kubectl(
    ...['patch', 'pod', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'],
  );
  await eventually('the drain', () => drain.view()?.remaining === 0);
  drain.release('w-final');
});

test('a budget that stays shut is looked at: its replacement fits nowhere, in the words of the scheduler', async () => {
  await makePod('shop-1', 'w-budget', { app: 'shop' });
  await makeBudget('shop', 1);
  await api.admin.request('POST', PODS, {
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shop-2', labels: { app: 'shop' } },
      spec: {
        containers: [{ name: 'c', image: 'none', resources: { requests: { memory: '1Ti' } } }],
      },
    },
  });
  await eventually(
    'the budget',
    async () => (await budgetStatus('shop')).status?.currentHealthy === 1,
  );
  const drain = startDrain('w-budget');
  const message = await eventually(
    'why nothing else fits',
    () => drain.view()?.blocked.find((one) => /fits nowhere/.test(one.message))?.message,
  );
  assert.match(
    message,
    /^budget shop allows no disruption now \(needs 1 healthy pods, has 1 of 2\); shop-2 fits nowhere: 0\/2 nodes are available: 2 Insufficient memory/,
  );
  drain.release('w-budget');
});
