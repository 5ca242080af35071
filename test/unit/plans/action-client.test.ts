import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { ApiError } from '../../../src/kube/api-error.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { ActionClient, type ActionStore } from '../../../src/plans/action-client.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { MOST_AT_ONCE } from '../../../src/plans/pace.ts';
import { anOrder } from '../../support/agent-drive.ts';
import { silentLog } from '../../support/silent-log.ts';

interface Held {
  readonly answer: () => void;
  readonly refuse: (status: number) => void;
}

/** An API server that answers when it is told to, and at once for nodes that are not among the slow ones. */
function aClient(slow: readonly string[]) {
  const held = new Map<string, Held>();
  const noted: string[] = [];
  let sent = 0;
  let late = 0;
  const request = (method: string, path: string, options: { signal?: AbortSignal } = {}) => {
    const name = path.split('/').at(-1)!;
    sent++;
    const object = { metadata: { name } };
    if (method === 'GET' || !slow.includes(name)) return Promise.resolve(object);
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      held.set(name, {
        answer: () => resolve(object),
        refuse: (code) => reject(anError(code)),
      });
    });
  };
  const store: ActionStore = {
    drain: {
      evict: async (name) => {
        await nextTurn();
        evictions.emit('evicted', name);
      },
    },
    jobs: { begin: async () => {} },
    taintsOf: () => undefined,
    note: (_, object) => noted.push((object as typeof EMPTY).metadata.name),
    noteQuarantined: () => {},
  };
  const client = new ActionClient({ request } as unknown as Kube, silentLog, store, () => late++);
  return { client, held, noted, sent: () => sent, late: () => late };
}

const evictions = new EventEmitter();
const EMPTY = { metadata: { name: '' } };
const { signal } = new AbortController();
const cordon = (name: string): Action => ({ kind: 'cordon', name, orderId: 'run.0.1' });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function anError(code: number): ApiError {
  return new ApiError('PATCH /api/v1/nodes/x', code, undefined, undefined);
}

test('a write to a Node that hangs holds nobody else up, and that Node is left alone meanwhile', async () => {
  const { client, held, noted, sent, late } = aClient(['w-1']);
  await client.perform([cordon('w-1'), cordon('w-2'), cordon('w-3')], signal);
  assert.deepEqual([...client.nodesBeingWritten()], ['w-1']);
  assert.deepEqual(noted, ['w-2', 'w-3']);

  const before = sent();
  await client.perform([cordon('w-1'), cordon('w-4')], signal);
  assert.equal(sent(), before + 1);
  assert.deepEqual(noted, ['w-2', 'w-3', 'w-4']);
  assert.equal(late(), 0);

  held.get('w-1')!.answer();
  await nextTurn();
  assert.deepEqual(noted, ['w-2', 'w-3', 'w-4', 'w-1']);
  assert.equal(late(), 1);
  assert.equal(client.nodesBeingWritten().size, 0);
});

test('what fails that late is told to whoever comes next, once', async () => {
  const { client, held, late } = aClient(['w-1']);
  await client.perform([cordon('w-1')], signal);
  held.get('w-1')!.refuse(403);
  await nextTurn();
  assert.equal(late(), 1);
  await assert.rejects(client.perform([cordon('w-2')], signal), /^Error: cordon w-1: /);
  await client.perform([cordon('w-2')], signal);
});

test('no more writes are under way at once than the API server bears, whoever waits for them', async () => {
  const names = Array.from({ length: MOST_AT_ONCE + 2 }, (_, at) => `w-${at}`);
  const { client, held, sent } = aClient(names);
  const first = client.perform(names.slice(0, -1).map(cordon), signal);
  const second = client.perform(names.slice(-1).map(cordon), signal);
  await nextTurn();
  assert.equal(sent(), MOST_AT_ONCE);
  held.get('w-0')!.answer();
  held.get('w-1')!.answer();
  await nextTurn();
  assert.equal(sent(), MOST_AT_ONCE + 2);
  await Promise.all([first, second]);
});

test('what was not sent by the next look is not sent for the one before; it comes first, and evictions last', async () => {
  const slow = Array.from({ length: MOST_AT_ONCE }, (_, at) => `slow-${at}`);
  const { client, held, noted } = aClient(slow);
  await client.perform([...slow, 'w-1', 'w-2'].map(cordon), signal);
  client.recall();
  held.get('slow-0')!.answer();
  await nextTurn();
  assert.deepEqual(noted, ['slow-0']);
  for (const name of slow.slice(1)) held.get(name)!.answer();
  await nextTurn();
  noted.length = 0;
  const rules = {} as Extract<Action, { kind: 'evict' }>['rules'];
  const evicted: string[] = [];
  evictions.on('evicted', (name: string) => evicted.push(`${name} behind ${noted}`));
  await client.perform(
    [{ kind: 'evict', name: 'w-7', rules }, cordon('w-8'), cordon('w-2')],
    signal,
  );
  assert.deepEqual(noted, ['w-2', 'w-8']);
  assert.deepEqual(evicted, ['w-7 behind w-2,w-8']);
});

test('who is out of service comes before who is told to download, however long that one has waited', async () => {
  const slow = Array.from({ length: MOST_AT_ONCE }, (_, at) => `slow-${at}`);
  const { client, held, noted } = aClient(slow);
  const stage = (name: string): Action => ({
    ...{ kind: 'order', role: 'worker', name, replaces: undefined },
    order: anOrder('stage'),
  });
  await client.perform([...slow.map(cordon), stage('w-1')], signal);
  client.recall();
  for (const name of slow) held.get(name)!.answer();
  await nextTurn();
  noted.length = 0;
  await client.perform([stage('w-2'), stage('w-1'), cordon('w-3')], signal);
  assert.deepEqual(noted, ['w-3', 'w-1', 'w-2']);
});

test('two writes to one Node are sent one after the other', async () => {
  const { client, held, sent } = aClient(['w-1']);
  const removal: Action = { kind: 'removeSoftTaint', name: 'w-1', run: 'run' };
  await client.perform([cordon('w-1'), removal], signal);
  assert.equal(sent(), 1);
  held.get('w-1')!.answer();
  await nextTurn();
  assert.equal(sent(), 2);
});

test('what a controller is told is waited for, and all that is decided with it', async () => {
  const { client, held } = aClient(['w-1', 'cp-1']);
  let isDone = false;
  const removal: Action = {
    ...{ kind: 'removeOrder', role: 'controller', name: 'cp-1', replaces: 'an order' },
  };
  const all = client.perform([cordon('w-1'), removal], signal).then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  held.get('w-1')!.answer();
  await nextTurn();
  assert.equal(isDone, false);
  held.get('cp-1')!.answer();
  await all;
});

test('who leads no more waits for nothing', async () => {
  const { client, late } = aClient(['w-1', 'w-2']);
  const term = new AbortController();
  await client.perform([cordon('w-1')], term.signal);
  const second = client.perform([cordon('w-2')], term.signal);
  term.abort(new Error('not leading any more'));
  await assert.rejects(second, /not leading any more/);
  await nextTurn();
  assert.equal(client.nodesBeingWritten().size, 0);
  assert.equal(late(), 0);
});
