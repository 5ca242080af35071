import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type TrimmedPod, trimPod } from '../../../src/drain/evictable.ts';
import { isNotFound, isPatchMismatch } from '../../../src/kube/api-error.ts';
import { connect, type Kube } from '../../../src/kube/client.ts';
import { setAnnotation, testAnnotation } from '../../../src/kube/json-patch.ts';
import { LEASE, NODE, POD } from '../../../src/kube/protobuf/kinds.ts';
import { listOf } from '../../../src/kube/protobuf/list.ts';
import type { Kind } from '../../../src/kube/protobuf/message.ts';
import type { RawList, RawNode, RawObject } from '../../../src/kube/raw.ts';
import { CONTROL_NODES, NODE_LEASES, NODES } from '../../../src/kube/target-path.ts';
import { type TrimmedLease, trimLease } from '../../../src/kube/trim-lease.ts';
import { type TrimmedNode, trimNode } from '../../../src/kube/trim-node.ts';
import type { WatchEvent } from '../../../src/kube/watch-event.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';

const PODS = '/api/v1/namespaces/default/pods';
const NAMES = ['w-1', 'w-2', 'w-3'];

let api: ApiServer;
let kube: Kube;

before(async () => {
  api = await startApiServer();
  kube = api.admin;
  for (const name of NAMES) await make(name);
});
after(() => api?.stop());

/** All that is read of a Node, a Lease and a Pod is there, and some of it is empty. */
async function make(name: string): Promise<void> {
  const agent = { query: { fieldManager: 'autopilot-agent' } };
  await kube.request('POST', NODES, {
    ...agent,
    body: {
      metadata: {
        name,
        labels: { 'kubernetes.io/os': 'linux', 'node-role.kubernetes.io/worker': '' },
        annotations: { 'a.example/text': 'Grüße, "quoted"\n', 'a.example/empty': '' },
      },
      spec: {
        unschedulable: true,
        taints: [
          { key: 'a.example/one', effect: 'NoSchedule' },
          {
            ...{ key: 'a.example/two', value: 'v', effect: 'NoExecute' },
            timeAdded: '2026-01-31T23:59:59Z',
          },
        ],
      },
    },
  });
  await kube.request('PATCH', `${NODES}/${name}/status`, {
    contentType: 'application/merge-patch+json',
    body: {
      status: {
        conditions: [
          { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'not yet' },
        ],
        images: [{ names: ['registry.example/one:1'], sizeBytes: 5 }],
        nodeInfo: { kubeletVersion: 'v1.36.3+k0s' },
      },
    },
  });
  await kube.request('POST', NODE_LEASES, {
    body: {
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name, renewTime: '2026-01-31T23:59:59.000120Z' },
    },
  });
  await kube.request('POST', PODS, {
    body: {
      metadata: {
        name,
        labels: { app: '' },
        finalizers: ['a.example/hold'],
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true },
        ],
      },
      spec: {
        nodeName: name,
        automountServiceAccountToken: false,
        containers: [{ name: 'one', image: 'registry.example/one:1' }],
        volumes: [
          { name: 'data', emptyDir: {} },
          { name: 'map', configMap: { name: 'x' } },
        ],
      },
    },
  });
  // It stays, for its finalizer, and tells when it would have ended.
  await kube.request('DELETE', `${PODS}/${name}`);
}

interface Case {
  readonly kind: Kind<RawObject>;
  readonly path: string;
  readonly trim: (raw: unknown) => TrimmedNode | TrimmedLease | TrimmedPod;
}

const CASES: readonly Case[] = [
  { kind: NODE, path: NODES, trim: trimNode },
  { kind: LEASE, path: NODE_LEASES, trim: trimLease },
  { kind: POD, path: PODS, trim: trimPod },
];

for (const { kind, path, trim } of CASES) {
  test(`a ${kind.name} is read from protobuf as from JSON: alone, listed and watched`, async () => {
    // Controllers of Kubernetes may write in between: what is compared has to be of the same revisions.
    await eventually('all to be read alike', async () => {
      const listed = await kube.request<RawList>('GET', path);
      const expected = (listed.items ?? []).map((object) => trim(object));
      assert.equal(expected.length, NAMES.length);
      const found = await readAsProtobuf(path, kind);
      for (const [way, objects] of Object.entries(found)) {
        const read = objects.map((object) => trim(object));
        if (read.some((one, at) => one.resourceVersion !== expected[at]?.resourceVersion)) {
          return false;
        }
        assert.deepEqual(read, expected, way);
      }
      return true;
    });
  });
}

/** In order of their names, as often as there are ways to read them. */
async function readAsProtobuf(path: string, kind: Kind<RawObject>) {
  const heads: Buffer[] = [];
  const page = async (from: string | undefined) =>
    kube.request<RawList>('GET', path, {
      query: { limit: 2, continue: from },
      kind: listOf(kind),
      onHead: (head) => heads.push(head),
    });
  const first = await page(undefined);
  assert.ok(first.metadata.continue);
  const rest = await page(first.metadata.continue);
  assert.equal(rest.metadata.continue || undefined, undefined);
  for (const head of heads) {
    assert.equal(head.subarray(0, 3).toString(), 'k8s', 'it was not sent as protobuf');
  }
  const alone = NAMES.map((name) => kube.request('GET', `${path}/${name}`, { kind }));
  const events = await watched(path, kind, NAMES.length);
  assert.ok(events.every(({ type }) => type === 'ADDED'));
  return {
    listed: [...(first.items ?? []), ...(rest.items ?? [])],
    alone: await Promise.all(alone),
    watched: events.map(({ object }) => object),
  };
}

/** The first events of a watch of all that there is. */
async function watched(path: string, kind: Kind<RawObject>, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  const query = { watch: true, resourceVersion: '0', timeoutSeconds: 20 };
  for await (const event of kube.watch(path, { query, kind, silenceTimeoutMs: 10_000 })) {
    if (events.push(event) === count) break;
  }
  return events;
}

test('an answer to a patch, and refusals, are understood as they are in JSON', async () => {
  const path = `${NODES}/w-2`;
  const patch = (value: string) =>
    kube.request<RawNode>('PATCH', path, {
      contentType: 'application/json-patch+json',
      body: [testAnnotation('a.example/empty', value), setAnnotation('a.example/set', 'yes')],
      kind: NODE,
    });
  const { metadata } = await patch('');
  assert.equal(metadata.annotations?.['a.example/set'], 'yes');
  await assert.rejects(patch('another'), (thrown) => isPatchMismatch(thrown));

  const gone = () => kube.request('GET', `${NODES}/nobody`, { kind: NODE });
  await assert.rejects(gone(), (thrown) => isNotFound(thrown) && thrown.reason === 'NotFound');
  await assert.rejects(gone(), /nodes "nobody" not found/);
  const stranger = await api.as('stranger');
  await assert.rejects(stranger.request('GET', NODES, { kind: listOf(NODE) }), {
    ...{ status: 403, reason: 'Forbidden' },
  });
});

test('what a definition defines comes as JSON, whatever was asked for', async () => {
  const listed = await kube.request<RawList>('GET', CONTROL_NODES, { kind: listOf(NODE) });
  assert.deepEqual(listed.items, []);
});

test('who does not ask for protobuf gets none', async () => {
  const other = connect({ kubeconfig: await api.kubeconfig('reader', ['system:masters']) });
  const node = await other.request<RawNode & { readonly kind: string }>('GET', `${NODES}/w-1`);
  assert.equal(node.kind, 'Node');
  await other.close();
});
