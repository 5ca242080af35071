import assert from 'node:assert/strict';
import { test } from 'node:test';
import { continueOf } from '../../../src/kube/list-head.ts';
import { readEnvelope } from '../../../src/kube/protobuf/envelope.ts';
import { LEASE, NODE, POD } from '../../../src/kube/protobuf/kinds.ts';
import { listOf } from '../../../src/kube/protobuf/list.ts';
import { type Kind, ProtobufError } from '../../../src/kube/protobuf/message.ts';
import { STATUS } from '../../../src/kube/protobuf/status.ts';
import { protobufEvents } from '../../../src/kube/protobuf/watch-events.ts';
import type { WatchEvent } from '../../../src/kube/watch-event.ts';
import { bytesOf, envelopeOf, type Fields, frameOf } from '../../support/protobuf-bytes.ts';

const AT = Date.parse('2026-01-31T23:59:59Z') / 1000;

const node: Fields = {
  1: {
    ...{ 1: 'w-ü', 2: '', 3: '', 4: '', 5: 'uid-1', 6: '17', 7: 0 },
    8: { 1: AT, 2: 0 },
    11: new Map([
      ['kubernetes.io/os', 'linux'],
      ['node-role.kubernetes.io/worker', ''],
    ]),
    12: new Map([['a', '{"v":1}']]),
    17: [
      {
        1: 'autopilot-agent',
        2: 'Update',
        3: 'v1',
        4: { 1: AT, 2: 0 },
        6: 'FieldsV1',
        7: { 1: 'x' },
        8: '',
      },
      { 1: 'kubelet', 2: 'Update', 3: 'v1', 4: { 1: AT + 1, 2: 0 }, 6: 'FieldsV1', 8: 'status' },
    ],
  },
  2: {
    ...{ 1: '', 2: '', 3: '', 4: true },
    5: [
      { 1: 'key', 2: '', 3: 'NoSchedule' },
      { 1: 'other', 2: 'value', 3: 'NoExecute', 4: { 1: AT } },
    ],
  },
  3: {
    1: { 1: 'cpu', 2: { 1: '4' } },
    4: [
      { 1: 'DiskPressure', 2: 'False', 3: { 1: AT }, 4: { 1: AT }, 5: 'Has', 6: 'no pressure' },
      { 1: 'Ready', 2: 'True', 3: { 1: AT }, 4: { 1: AT }, 5: 'KubeletReady', 6: '' },
    ],
    7: { 1: 'machine', 7: 'v1.36.3+k0s', 10: 'amd64' },
    8: [{ 1: 'registry.example/image', 2: 50_000_000 }],
  },
};

const READ = {
  metadata: {
    name: 'w-ü',
    uid: 'uid-1',
    resourceVersion: '17',
    labels: { 'kubernetes.io/os': 'linux', 'node-role.kubernetes.io/worker': '' },
    annotations: { a: '{"v":1}' },
    managedFields: [
      { manager: 'autopilot-agent', time: '2026-01-31T23:59:59Z' },
      { manager: 'kubelet', time: '2026-02-01T00:00:00Z' },
    ],
  },
  spec: {
    unschedulable: true,
    taints: [
      { key: 'key', effect: 'NoSchedule' },
      { key: 'other', value: 'value', effect: 'NoExecute', timeAdded: '2026-01-31T23:59:59Z' },
    ],
  },
  status: {
    conditions: [
      { type: 'DiskPressure', status: 'False' },
      { type: 'Ready', status: 'True' },
    ],
    nodeInfo: { kubeletVersion: 'v1.36.3+k0s' },
  },
};

function read<T>(kind: Kind<T>, bytes: Buffer): T {
  return readEnvelope(bytes, { [kind.name]: kind.message });
}

async function* inParts(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function all(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const read: WatchEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

test('of a Node what is needed is read, as JSON would say it', () => {
  assert.deepEqual(read(NODE, envelopeOf('Node', node)), READ);
});

test('a Lease and a Pod', () => {
  const metadata = { 1: 'w', 3: 'ns', 5: 'u', 6: '3' };
  const meta = { name: 'w', namespace: 'ns', uid: 'u', resourceVersion: '3' };
  assert.deepEqual(
    read(
      LEASE,
      envelopeOf('Lease', { 1: metadata, 2: { 1: 'w', 2: 40, 4: { 1: AT, 2: 1_234_000 } } }),
    ),
    { metadata: meta, spec: { renewTime: '2026-01-31T23:59:59.001234Z' } },
  );
  const owner = { 1: 'ReplicaSet', 3: 'web', 4: 'uid', 5: 'apps/v1', 6: true, 7: true };
  const pod = {
    1: { ...metadata, 9: { 1: AT, 2: 0 }, 13: [owner], 14: ['a.example/hold', ''] },
    2: {
      1: [
        { 1: 'data', 2: { 2: {} } },
        { 1: 'token', 2: { 6: { 1: 'secret' } } },
      ],
      10: 'w',
      25: -5,
    },
    3: { 1: 'Running' },
  };
  assert.deepEqual(read(POD, envelopeOf('Pod', pod)), {
    metadata: {
      ...meta,
      deletionTimestamp: '2026-01-31T23:59:59Z',
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }],
      finalizers: ['a.example/hold', ''],
    },
    spec: { volumes: [{ emptyDir: {} }, {}], nodeName: 'w', priority: -5 },
    status: { phase: 'Running' },
  });
});

test('a list, and where its next page begins as soon as its head has come', () => {
  const list = envelopeOf('NodeList', { 1: { 1: '', 2: '99', 3: 'token', 4: 7 }, 2: [node, node] });
  assert.deepEqual(read(listOf(NODE), list), {
    metadata: { resourceVersion: '99', continue: 'token' },
    items: [READ, READ],
  });
  const from = list.indexOf('token') + 'token'.length;
  for (let cut = 0; cut < list.length; cut++) {
    const found = continueOf(list.subarray(0, cut));
    // The number of what remains is behind it.
    assert.equal(found, cut < from + 2 ? undefined : 'token', `cut at ${cut}`);
  }
  const last = envelopeOf('NodeList', { 1: { 1: '', 2: '99', 3: '' }, 2: [node] });
  assert.equal(continueOf(last), undefined);
  assert.deepEqual(read(listOf(NODE), envelopeOf('NodeList', { 1: { 2: '99' } })), {
    metadata: { resourceVersion: '99' },
  });
});

test('a watch: cut wherever the network likes', async () => {
  const whole = Buffer.concat([
    frameOf('ADDED', envelopeOf('Node', node)),
    frameOf('BOOKMARK', envelopeOf('Node', { 1: { 6: '18' } })),
    frameOf('ERROR', envelopeOf('Status', { 3: 'too old', 4: 'Expired', 6: 410 })),
  ]);
  const expected = [
    { type: 'ADDED', object: READ },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '18' } } },
    { type: 'ERROR', object: { message: 'too old', reason: 'Expired', code: 410 } },
  ];
  for (let cut = 0; cut <= whole.length; cut++) {
    const parts = inParts(whole.subarray(0, cut), whole.subarray(cut));
    assert.deepEqual(await all(protobufEvents(parts, NODE)), expected, `cut at ${cut}`);
  }
  const bytes = [...whole].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(await all(protobufEvents(inParts(...bytes), NODE)), expected);
  const cutOff = await all(protobufEvents(inParts(whole.subarray(0, -1)), NODE));
  assert.deepEqual(cutOff, expected.slice(0, 2));
});

test('a refusal, with what it asks for', () => {
  const refusal = {
    ...{ 2: 'Failure', 3: 'slow down', 4: 'TooManyRequests', 6: 429 },
    5: { 1: 'w', 3: 'nodes', 4: [{ 1: 'Field', 2: 'odd', 3: 'spec' }], 5: 3 },
  };
  assert.deepEqual(readEnvelope(envelopeOf('Status', refusal), { Status: STATUS }), {
    message: 'slow down',
    reason: 'TooManyRequests',
    code: 429,
    details: {
      name: 'w',
      kind: 'nodes',
      causes: [{ reason: 'Field', message: 'odd', field: 'spec' }],
      retryAfterSeconds: 3,
    },
  });
});

test('what was cut off is never taken for an object', () => {
  const whole = Buffer.concat([
    Buffer.from('k8s\0'),
    bytesOf({ 1: { 2: 'Node' }, 2: bytesOf(node) }),
  ]);
  assert.deepEqual(read(NODE, whole), READ);
  for (let cut = 0; cut < whole.length; cut++) {
    // Where the type is whole and the object has not begun, there is an object without anything.
    assert.throws(
      () => {
        const { metadata } = read(NODE, whole.subarray(0, cut));
        if (metadata === undefined) throw new ProtobufError('nothing');
      },
      ProtobufError,
      `cut at ${cut}`,
    );
  }
});

for (const [sentence, bytes, says] of [
  ['JSON', Buffer.from('{"kind":"Node"}'), /wanted an object in protobuf, found "\{\\"kind/],
  ['nothing', Buffer.alloc(0), /found ""/],
  ['another kind', envelopeOf('Secret', {}), /wanted a Node, found a Secret/],
  ['no kind', Buffer.from('k8s\0'), /wanted a Node, found a nameless kind/],
  [
    'an encoding',
    Buffer.concat([Buffer.from('k8s\0'), bytesOf({ 1: { 2: 'Node' }, 3: 'gzip' })]),
    /encoding gzip, wanted none/,
  ],
  [
    'a text that is longer than its message',
    envelopeOf('Node', { 1: Uint8Array.of(0x0a, 9, 0x61) }),
    /^a text that ends at byte 13 of 5$/,
  ],
] as const) {
  test(`refused: ${sentence}`, () => {
    assert.throws(() => read(NODE, bytes), { name: 'ProtobufError', message: says });
  });
}

test('refused: a frame that no API server would send, and one without an event', async () => {
  await assert.rejects(all(protobufEvents(inParts(Buffer.from('{"type":"ADDED"}\n')), NODE)), {
    name: 'ProtobufError',
    message: /a frame of 2065855609 bytes, wanted 67108864 at most/,
  });
  await assert.rejects(all(protobufEvents(inParts(Buffer.from([0, 0, 0, 0, 0])), NODE)), {
    message: /without a type or an object/,
  });
});
