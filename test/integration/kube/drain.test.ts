import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withDefaults } from '../../../src/api/policy.ts';
import { createDrainClient, type DrainClient } from '../../../src/drain/drain-client.ts';
import { type DrainRules, drainRulesOf } from '../../../src/drain/judge/drain-rules.ts';
import { type DrainView, judgeDrain } from '../../../src/drain/judge/judge-drain.ts';
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
  const client = createDrainClient({
    kube,
    log: silentLog,
    signal: stop.signal,
    onChange: (changed) => {
      if (changed === node) void client.evict(node, rules);
    },
  });
  const view = () => {
    const facts = client.observe(node);
    return facts && judgeDrain(facts, rules);
  };
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
