import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Change, type Informer, startInformer } from '../../../src/kube/informer.ts';
import type { RawObject } from '../../../src/kube/raw.ts';
import { NODES } from '../../../src/kube/target-path.ts';
import { type TrimmedNode, trimNode } from '../../../src/kube/trim-node.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

let api: ApiServer;
let wire: TcpProxy;
const stop = new AbortController();

before(async () => {
  api = await startApiServer();
  wire = await startTcpProxy(api.address, api.port);
});
after(async () => {
  stop.abort();
  await wire?.close();
  await api?.stop();
});

interface Followed {
  readonly informer: Informer<TrimmedNode>;
  /** `+name` for what came or changed, `-name` for what went. */
  readonly changes: string[];
}

async function follow(silenceTimeoutMs?: number): Promise<Followed> {
  const kube = await api.as(ORCHESTRATOR, [], wire.url);
  const changes: string[] = [];
  const informer = startInformer<TrimmedNode>({
    kube,
    path: NODES,
    trim: trimNode,
    onChange: ({ kind, object }: Change<TrimmedNode>) =>
      changes.push(`${kind === 'deleted' ? '-' : '+'}${object.name}`),
    log: silentLog,
    signal: stop.signal,
    backoffCapMs: 1_000,
    ...(silenceTimeoutMs === undefined ? {} : { silenceTimeoutMs }),
  });
  await informer.synced();
  return { informer, changes };
}

async function makeNode(name: string): Promise<RawObject> {
  return api.admin.request('POST', NODES, {
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { a: 'b' } } },
  });
}

const deleteNode = (name: string) => api.admin.request('DELETE', `${NODES}/${name}`);
const names = ({ informer }: Followed) => [...informer.values()].map((n) => n.name).sort();

test('more objects than one page holds are all listed', async () => {
  const made = Array.from({ length: 501 }, (_, i) => `many-${i}`);
  for (let i = 0; i < made.length; i += 20) await Promise.all(made.slice(i, i + 20).map(makeNode));
  const followed = await follow();
  assert.equal(followed.informer.size, 501);
  assert.equal(new Set(followed.changes).size, 501);
  await api.admin.request('DELETE', NODES, { timeoutMs: 60_000 });
  await eventually('all to be gone', () => followed.informer.size === 0);
});

test('it hears of what comes, changes and goes', async () => {
  const followed = await follow();
  await makeNode('w-1');
  await eventually('w-1', () => followed.informer.get('w-1') !== undefined);
  await api.kubectl('cordon', 'w-1');
  await eventually('the cordon', () => followed.informer.get('w-1')?.unschedulable === true);
  await deleteNode('w-1');
  await eventually('w-1 to go', () => followed.informer.get('w-1') === undefined);
  assert.equal(followed.changes.at(-1), '-w-1');
});

test('cut off, it says so, and goes on with what happened meanwhile', async () => {
  const followed = await follow();
  await makeNode('stays');
  await makeNode('goes');
  await eventually('both', () => followed.informer.size === 2);
  wire.set('cut');
  await eventually('it to notice', () => !followed.informer.healthy);
  assert.match(
    followed.informer.lastError ?? '',
    /watch https:\/\/127.0.0.1:\d+\/api\/v1\/nodes: /,
  );
  await deleteNode('goes');
  await makeNode('comes');
  wire.set('pass');
  await eventually('the truth', () => names(followed).join() === 'comes,stays');
  await eventually('health', () => followed.informer.healthy);
  assert.equal(followed.informer.lastError, undefined);
  for (const name of ['stays', 'comes']) await deleteNode(name);
  await eventually('none', () => followed.informer.size === 0);
});

test('a connection that is dead without being closed is found out by its silence', async () => {
  const followed = await follow(1_500);
  await makeNode('silent');
  await eventually('silent', () => followed.informer.size === 1);
  wire.set('dead');
  await deleteNode('silent');
  await eventually('it to notice', () => !followed.informer.healthy);
  wire.set('cut');
  wire.set('pass');
  await eventually('the truth', () => followed.informer.size === 0);
});

test('a server that ends every watch at once is not stormed', async () => {
  const followed = await follow();
  const before = wire.connections;
  wire.set('cut');
  const begun = performance.now();
  await eventually('a second to pass', () => performance.now() - begun > 3_000);
  const tries = wire.connections - before;
  wire.set('pass');
  // Five informers of this file, 200 ms doubled up to one second each.
  assert.ok(tries <= 5 * 8, `${tries} tries in 3 s`);
  await eventually('health', () => followed.informer.healthy);
});

test('the API server is killed and started again: what was deleted meanwhile is gone', async () => {
  const followed = await follow();
  await makeNode('kept');
  await makeNode('lost');
  await eventually('both', () => followed.informer.size === 2);
  await api.kill();
  await eventually('it to notice', () => !followed.informer.healthy);
  wire.set('cut');
  await api.start();
  await deleteNode('lost');
  const begun = performance.now();
  wire.set('pass');
  await eventually('the truth', () => names(followed).join() === 'kept');
  assert.equal(followed.changes.at(-1), '-lost');
  const tookMs = performance.now() - begun;
  assert.ok(tookMs < 3_000, `${tookMs} ms`);
  await eventually('health', () => followed.informer.healthy);
});
