import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Kube } from '../../../src/kube/client.ts';
import type { RawList, RawNode } from '../../../src/kube/raw.ts';
import { NODES } from '../../../src/kube/target-path.ts';
import { ActionClient, type ActionStore } from '../../../src/plans/action-client.ts';
import { ApiBusyError } from '../../../src/plans/api-busy.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { MOST_AT_ONCE } from '../../../src/plans/pace.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { type BusyProxy, startBusyProxy } from '../../support/busy-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';

const COUNT = 40;
let api: ApiServer;
let proxy: BusyProxy;
let kube: Kube;

before(async () => {
  api = await startApiServer();
  proxy = await startBusyProxy(await api.kubeconfig(ORCHESTRATOR));
  kube = connect({ kubeconfig: proxy.kubeconfig });
  for (let at = 0; at < COUNT; at++) {
    await api.admin.request('POST', NODES, { body: { metadata: { name: `w-${at}` } } });
  }
});
after(async () => {
  stop.abort();
  await kube?.close();
  await proxy?.close();
  await api?.stop();
});

const stop = new AbortController();
const { signal } = stop;
const noted = new Set<string>();
const store: ActionStore = {
  drain: { evict: async () => {} },
  jobs: { begin: async () => {} },
  taintsOf: () => undefined,
  note: (_, object) => noted.add((object as RawNode).metadata.name),
  noteQuarantined: () => {},
};
const cordons: readonly Action[] = Array.from({ length: COUNT }, (_, at) => ({
  ...{ kind: 'cordon', name: `w-${at}`, orderId: 'run.0.1' },
}));

async function marked(): Promise<number> {
  const { items } = await api.admin.request<RawList<RawNode>>('GET', NODES);
  return (items ?? []).filter(({ metadata }) =>
    Object.hasOwn(metadata.annotations ?? {}, 'autopilot.k0sproject.io/cordoned-for'),
  ).length;
}

test('an API server that has too much to do is left alone for as long as it asks, and nothing is lost', async () => {
  const client = new ActionClient(kube, silentLog, store, () => {});
  assert.deepEqual(client.pace(), { atOnce: MOST_AT_ONCE, isSlowed: false });

  proxy.busySeconds = 2;
  // The first answers may take longer than writes to Nodes are waited for.
  const thrown = await eventually('patience to be asked for', () =>
    client.perform(cordons, signal).catch((error: unknown) => error),
  );
  assert.ok(thrown instanceof ApiBusyError, String(thrown));
  assert.ok(thrown.waitMs > 1_000 && thrown.waitMs <= 2_000, `${thrown.waitMs} ms`);
  assert.match(thrown.message, /asks for patience: 40 writes wait for 2 s/);
  const { refused } = proxy;
  assert.ok(refused <= MOST_AT_ONCE, `${refused} were sent though the first was refused`);
  assert.deepEqual(client.pace(), { atOnce: MOST_AT_ONCE / 2, isSlowed: true });

  // Whoever comes before that time asks nobody.
  await assert.rejects(client.perform(cordons, signal), ApiBusyError);
  assert.equal(proxy.refused, refused);
  assert.equal(await marked(), 0);

  proxy.busySeconds = undefined;
  await pause(thrown.waitMs);
  await client.perform(cordons, signal);
  // What takes longer than is waited for goes on.
  await eventually('all to be answered', () => noted.size === COUNT);
  assert.equal(await marked(), COUNT);
  assert.equal(noted.size, COUNT);
  assert.ok(client.pace().atOnce > MOST_AT_ONCE / 2, 'it goes faster again');
});

for (const [user, what] of [
  ['autopilot:orchestrator', ['get', 'nodes']],
  ['system:serviceaccount:k0s-autopilot:autopilot-orchestrator', ['get', 'plans']],
] as const) {
  test(`requests of ${user} have places of their own, and the Lease has others`, async () => {
    const uid = await uidOf('flowschemas/autopilot');
    assert.equal(await flowOf(user, what), uid);
    const lease = ['-n', 'k0s-autopilot', 'get', 'lease', 'k0s-autopilot-controller'];
    assert.equal(await flowOf(user, lease), await uidOf('flowschemas/autopilot-leader-election'));
    // Of other namespaces, such as those of the nodes, they are as any other read.
    const leases = ['-n', 'kube-node-lease', 'get', 'leases'];
    assert.equal(await flowOf(user, leases), uid);
  });
}

async function uidOf(object: string): Promise<string> {
  return (await api.kubectl('get', object, '-o', 'jsonpath={.metadata.uid}')).trim();
}

/** The flow in which the API server has put a request, as it says in each of its answers. */
async function flowOf(user: string, args: readonly string[]): Promise<string | undefined> {
  const { stderr } = await api.tryKubectl([...args, '--as', user, '-v=8']);
  return /X-Kubernetes-Pf-Flowschema-Uid: ([\w-]+)/i.exec(stderr)?.[1];
}
