import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readApiServers } from '../../../src/kube/api-servers.ts';
import { connect, type Kube } from '../../../src/kube/client.ts';
import { startInformer } from '../../../src/kube/informer.ts';
import { PLANS } from '../../../src/kube/target-path.ts';
import { trimPlan } from '../../../src/plans/trim-plan.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/tls');

let api: ApiServer;
/** Two ways to one API server: two API servers, as a client sees it. */
let home: TcpProxy;
let other: TcpProxy;

before(async () => {
  api = await startApiServer();
  home = await startTcpProxy(api.address, api.port);
  other = await startTcpProxy(api.address, api.port);
});
after(async () => {
  await Promise.all([home?.close(), other?.close()]);
  await api?.stop();
});

const list = (kube: Kube, timeoutMs = 10_000) => kube.request('GET', PLANS, { timeoutMs });

async function twoServers(): Promise<Kube> {
  home.set('pass');
  const kube = await api.as(ORCHESTRATOR, [], home.url);
  kube.learnServers([other.url]);
  return kube;
}

test('one that refuses connections is passed by, in the same request, by reads and writes alike', async () => {
  const kube = await twoServers();
  await list(kube);
  assert.equal(kube.server, home.url);
  const before = other.connections;
  const closed = await startTcpProxy(api.address, api.port);
  await closed.close();
  const moved = await api.as(ORCHESTRATOR, [], closed.url);
  moved.learnServers([other.url]);
  await moved.request('POST', '/api/v1/namespaces/default/events', {
    body: {
      metadata: { generateName: 'api-servers-' },
      involvedObject: { kind: 'Plan', namespace: 'default' },
      reason: 'Started',
      message: 'written by way of the other one',
    },
  });
  assert.equal(moved.server, other.url);
  assert.ok(other.connections > before);
});

test('one that is silent is left, and watches that hang on to it go on at the next one', async () => {
  const kube = await twoServers();
  const stop = new AbortController();
  const plans = startInformer({
    ...{ kube, path: PLANS, trim: trimPlan, log: silentLog, signal: stop.signal },
    onChange() {},
  });
  try {
    await plans.synced();
    await eventually('the watch to be open', () => plans.healthy);
    home.set('dead');
    const atMs = performance.now();
    // As the leader does, whose renewal has 5 s: the second one must be in time.
    await assert.rejects(list(kube, 1_000), /no answer within 1 s/);
    await list(kube, 1_000);
    assert.equal(kube.server, other.url);
    await api.admin.request('POST', PLANS, { body: aPlan('seen-elsewhere') });
    await eventually('the watch to see what is made now', () =>
      [...plans.values()].some(({ name }) => name === 'seen-elsewhere'),
    );
    const tookMs = performance.now() - atMs;
    assert.ok(
      tookMs < 10_000,
      `${tookMs} ms: nothing waited for the silent connection to time out`,
    );
  } finally {
    stop.abort();
    await plans.ended;
  }
});

test('a machine that has no certificate of an API server is told nothing', async () => {
  const asked: string[] = [];
  const impostor = createServer(
    {
      cert: readFileSync(join(FIXTURES, 'loopback-cert.pem')),
      key: readFileSync(join(FIXTURES, 'loopback-key.pem')),
    },
    (request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      response.end('{}');
    },
  );
  impostor.listen(0, '127.0.0.1');
  await once(impostor, 'listening');
  const { port } = impostor.address() as AddressInfo;
  const closed = await startTcpProxy(api.address, api.port);
  await closed.close();
  const kube = await api.as(ORCHESTRATOR, [], closed.url);
  kube.learnServers([`https://127.0.0.1:${port}`]);
  await assert.rejects(list(kube), /self-signed certificate|unable to verify/);
  // It is not kept from asking one that is an API server.
  kube.learnServers([`https://127.0.0.1:${port}`, other.url]);
  await list(kube);
  assert.deepEqual(asked, []);
  impostor.close();
});

test('where they are is read with the rights of the orchestrator, and no more than that', async () => {
  const slice = (name: string, addressType: string, addresses: string[]) => ({
    metadata: {
      name,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType,
    ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    endpoints: [
      ...addresses.map((one) => ({ addresses: [one], conditions: { ready: true } })),
      ...(addressType === 'IPv4'
        ? [{ addresses: ['10.9.9.9'], conditions: { ready: false } }]
        : []),
    ],
  });
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  await api.admin.request('POST', path, {
    body: slice('kubernetes', 'IPv4', ['10.0.0.12', '10.0.0.11']),
  });
  await api.admin.request('POST', path, { body: slice('kubernetes-6', 'IPv6', ['fd00::11']) });
  const kube = await api.as(ORCHESTRATOR);
  assert.deepEqual(await readApiServers(kube), [
    'https://10.0.0.11:6443',
    'https://10.0.0.12:6443',
    'https://[fd00::11]:6443',
  ]);
  const elsewhere = path.replace('default', 'kube-system');
  await assert.rejects(kube.request('GET', elsewhere), /403/);
});

test('a kubeconfig that gives up verification, or TLS, is refused before anything is sent', async () => {
  const file = await api.kubeconfig(ORCHESTRATOR);
  const text = await readFile(file, 'utf8');
  const lax = `${file}.lax`;
  await writeFile(
    lax,
    text.replace(/certificate-authority-data: .*/, 'insecure-skip-tls-verify: true'),
  );
  assert.throws(
    () => connect({ kubeconfig: lax }),
    /says insecure-skip-tls-verify of https:.*: certificates are always verified here; give certificate-authority-data instead/,
  );
  await writeFile(lax, text.replace('server: https:', 'server: http:'));
  assert.throws(() => connect({ kubeconfig: lax }), /names http:.*: wanted https:\/\//);
});

function aPlan(name: string) {
  return {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name },
    spec: { id: name, timestamp: 'now', commands: [] },
  };
}
