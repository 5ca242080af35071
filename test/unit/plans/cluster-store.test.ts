import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Kube } from '../../../src/kube/client.ts';
import { PLANS, UPDATE_POLICIES } from '../../../src/kube/target-path.ts';
import type { WatchEvent } from '../../../src/kube/watch-event.ts';
import { ClusterStore } from '../../../src/plans/cluster-store.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, everything } from '../../support/plans.ts';
import { silentLog } from '../../support/silent-log.ts';

let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

interface Written {
  readonly generation: number;
  readonly status?: object;
}

/** An API server with one Plan and one policy, of which it is told what becomes. */
function observe() {
  const told: string[] = [];
  const waiting = new Map<string, (event: WatchEvent) => void>();
  let revision = 10;
  const plan = aPlan({
    version: 'v1.36.4+k0s.0',
    offer: { url: 'http://127.0.0.1:1/k0s', sha256: '0'.repeat(64) },
    workers: everything,
  });
  const first: Readonly<Record<string, object>> = {
    [PLANS]: {
      ...plan,
      metadata: { ...plan.metadata, generation: 1, resourceVersion: '1', uid: 'p' },
    },
    [UPDATE_POLICIES]: {
      metadata: { name: 'cluster', generation: 1, resourceVersion: '1', uid: 'u' },
      spec: {},
    },
  };
  const kube = {
    request: async (_method, path) => ({
      metadata: { resourceVersion: '1' },
      items: first[path] === undefined ? [] : [first[path]],
    }),
    async *watch(path, { onOpen, signal }) {
      onOpen?.();
      for (;;) {
        const { promise, resolve, reject } = Promise.withResolvers<WatchEvent>();
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        waiting.set(path, resolve);
        yield await promise;
      }
    },
    credentials: () => Promise.reject(new Error('nobody is probed here')),
  } as Pick<Kube, 'request' | 'watch' | 'credentials'> as Kube;
  const store = new ClusterStore({
    ...{ kube, log: silentLog, signal: stop.signal, apiPort: 6443, pause: async () => {} },
    onChange: () => told.push('change'),
    onAwaited: () => told.push('awaited'),
  });
  return {
    store,
    told,
    /** @returns what is told of it */
    async becomes(path: string, { status, ...metadata }: Written, type = 'MODIFIED') {
      await eventually('the watch', () => waiting.has(path));
      const before = first[path] as { metadata: object };
      const resourceVersion = String(++revision);
      told.length = 0;
      const hear = waiting.get(path);
      waiting.delete(path);
      hear?.({
        type,
        object: {
          ...before,
          ...(status === undefined ? {} : { status }),
          metadata: { ...before.metadata, ...metadata, resourceVersion },
        },
      });
      await eventually('the next event to be waited for', () => waiting.has(path));
      return told;
    },
  };
}

const request = (nonce: string) => ({ nonce, verb: 'pause', by: 'anna' });

test('what people write of a Plan is awaited, and what we write of it is not', async () => {
  const { store, becomes } = observe();
  await store.synced();
  const status = { state: 'SchedulableWait' };
  assert.deepEqual(await becomes(PLANS, { generation: 1, status }), ['change']);
  assert.deepEqual(await becomes(PLANS, { generation: 2, status }), ['awaited']);
  const asked = { ...status, requests: [request('a')] };
  assert.deepEqual(await becomes(PLANS, { generation: 2, status: asked }), ['awaited']);
  assert.deepEqual(await becomes(PLANS, { generation: 2, status: asked }), ['change']);
  assert.deepEqual(await becomes(PLANS, { generation: 2, status }), ['change']);
  assert.deepEqual(await becomes(PLANS, { generation: 2 }, 'DELETED'), ['awaited']);
});

test('so is what they write of a policy', async () => {
  const { store, becomes } = observe();
  await store.synced();
  assert.deepEqual(await becomes(UPDATE_POLICIES, { generation: 1, status: {} }), ['change']);
  assert.deepEqual(await becomes(UPDATE_POLICIES, { generation: 2 }), ['awaited']);
  assert.deepEqual(await becomes(UPDATE_POLICIES, { generation: 2 }, 'DELETED'), ['awaited']);
});

test('so is the answer to what a look has asked for', async () => {
  const { store, told } = observe();
  await store.synced();
  told.length = 0;
  store.apis.watch(new Set(['v1.36.4+k0s.0']));
  await eventually('the answer', () => store.apis.check() !== undefined);
  assert.deepEqual(told, ['awaited']);
});
