import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ApiError, ApiUnreachableError } from '../../../src/kube/api-error.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { type Informer, startInformer } from '../../../src/kube/informer.ts';
import type { RawObject } from '../../../src/kube/raw.ts';
import { jsonEvents } from '../../../src/kube/watch-event.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';

interface Thing {
  readonly name: string;
  readonly resourceVersion: string;
}

/** One answer to a watch: its lines; then it is cut off, refused, or goes on for ever. */
interface WatchAnswer {
  readonly lines?: readonly string[];
  readonly end?: Error | 'goes on' | 'closed';
}

interface Script {
  readonly lists: readonly { readonly version: string; readonly items: readonly Thing[] }[];
  readonly watches: readonly WatchAnswer[];
  /** Called when a list has been asked for and before it is answered. */
  readonly onList?: (informer: () => Informer<Thing>) => void;
}

let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

function raw({ name, resourceVersion }: Thing): RawObject {
  return { metadata: { name, resourceVersion, uid: name } };
}

function event(type: string, thing: Thing): string {
  return JSON.stringify({ type, object: raw(thing) });
}

function error(code: number): string {
  return JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, message: 'no' } });
}

async function* bytesOf(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${line}\n`);
}

/** The last answer of each kind is given again and again. */
function follow(script: Script) {
  const asked: string[] = [];
  const changes: string[] = [];
  let lists = 0;
  let watches = 0;
  const kube = {
    request: async () => {
      asked.push('list');
      await Promise.resolve();
      script.onList?.(() => informer);
      const answer = script.lists[Math.min(lists++, script.lists.length - 1)];
      return {
        metadata: { resourceVersion: answer?.version },
        items: answer?.items.map(raw),
      };
    },
    async *watch(_path, { query, onOpen, signal }) {
      asked.push(`watch ${query?.resourceVersion}`);
      const answer = script.watches[Math.min(watches++, script.watches.length - 1)] ?? {};
      if (answer.end instanceof ApiError) throw answer.end;
      onOpen?.();
      yield* jsonEvents(bytesOf(answer.lines ?? []));
      if (answer.end instanceof Error) throw answer.end;
      if (answer.end === 'closed') return;
      await new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  } as Pick<Kube, 'request' | 'watch'> as Kube;
  const informer = startInformer<Thing>({
    kube,
    path: '/things',
    trim(object) {
      const { name, resourceVersion } = (object as RawObject).metadata;
      if (name === 'odd') throw new Error('cannot be read');
      return { name, resourceVersion };
    },
    onChange: ({ kind, object }) =>
      changes.push(`${kind === 'deleted' ? '-' : ''}${object.name}@${object.resourceVersion}`),
    log: silentLog,
    signal: stop.signal,
    backoffCapMs: 1,
  });
  return { informer, asked, changes };
}

const a5 = { name: 'a', resourceVersion: '5' };
const b6 = { name: 'b', resourceVersion: '6' };
const listed = { version: '6', items: [a5, b6] };

test('a watch that was cut off goes on from what was seen last, bookmarks included', async () => {
  const { asked, changes } = follow({
    lists: [listed],
    watches: [
      {
        lines: [
          event('MODIFIED', { ...a5, resourceVersion: '7' }),
          event('BOOKMARK', { name: '', resourceVersion: '9' }),
        ],
        end: new ApiUnreachableError('cut'),
      },
      {},
    ],
  });
  await eventually('the second watch', () => asked.length === 3);
  assert.deepEqual(asked, ['list', 'watch 6', 'watch 9']);
  assert.deepEqual(changes, ['a@5', 'b@6', 'a@7']);
});

for (const [sentence, first] of [
  ['an expired revision', { lines: [error(410)] }],
  ['an event that cannot be read', { lines: ['{"type":"MODI'] }],
  [
    'an expired revision before anything else',
    { end: new ApiError('watch', 410, { reason: 'Expired' }, undefined) },
  ],
] as const) {
  test(`after ${sentence} all is listed anew, and what is gone is found`, async () => {
    const { informer, asked, changes } = follow({
      lists: [listed, { version: '20', items: [b6] }],
      watches: [first, {}],
    });
    await eventually('the second watch', () => asked.at(-1) === 'watch 20');
    assert.deepEqual(asked, ['list', 'watch 6', 'list', 'watch 20']);
    assert.deepEqual(changes, ['a@5', 'b@6', '-a@5']);
    await eventually('health', () => informer.healthy);
  });
}

for (const [sentence, refused] of [
  ['before it begins', { end: new ApiError('watch', 504, { reason: 'Timeout' }, undefined) }],
  ['after it has begun', { lines: [error(500)] }],
] as const) {
  test(`a watch that is refused again and again ${sentence} ends in a new list`, async () => {
    const { asked } = follow({
      lists: [listed, { version: '3', items: [] }],
      watches: [refused, refused, refused, {}],
    });
    await eventually('the new list', () => asked.at(-1) === 'watch 3');
    assert.deepEqual(asked, ['list', 'watch 6', 'watch 6', 'watch 6', 'list', 'watch 3']);
  });
}

test('a cluster restored from a backup: older revisions are believed', async () => {
  const { informer, asked } = follow({
    lists: [listed, { version: '4', items: [{ ...a5, resourceVersion: '2' }] }],
    watches: [{ lines: [error(410)] }, {}],
  });
  await eventually('the second watch', () => asked.at(-1) === 'watch 4');
  assert.deepEqual([...informer.values()], [{ name: 'a', resourceVersion: '2' }]);
});

test('what was noted after a write is ahead of the watch, and never brings back what is gone', async () => {
  const { informer, asked, changes } = follow({ lists: [listed], watches: [{}] });
  await eventually('the watch', () => asked.length === 2);
  informer.note(raw({ ...a5, resourceVersion: '8' }));
  informer.note(raw({ ...a5, resourceVersion: '7' }));
  informer.note(raw({ name: 'gone', resourceVersion: '9' }));
  assert.deepEqual(changes, ['a@5', 'b@6', 'a@8']);
});

test('a watch that lags behind what was noted changes nothing', async () => {
  const script: Script = {
    lists: [listed],
    watches: [
      { end: new ApiUnreachableError('cut') },
      { lines: [event('MODIFIED', { ...a5, resourceVersion: '7' })] },
    ],
  };
  const { informer, asked, changes } = follow(script);
  await informer.synced();
  informer.note(raw({ ...a5, resourceVersion: '8' }));
  await eventually('the second watch', () => asked.length === 3);
  assert.deepEqual(changes, ['a@5', 'b@6', 'a@8']);
});

test('a list that was made before a write does not take back what was noted', async () => {
  let times = 0;
  const { informer, asked } = follow({
    lists: [listed],
    watches: [{ lines: [error(410)] }, {}],
    onList: (current) => {
      if (++times === 2) current().note(raw({ ...a5, resourceVersion: '8' }));
    },
  });
  await eventually('the second watch', () => asked.length === 4);
  assert.equal(informer.get('a')?.resourceVersion, '8');
});

test('an object that cannot be read hides no other', async () => {
  const { informer } = follow({
    lists: [{ version: '6', items: [a5, { name: 'odd', resourceVersion: '1' }, b6] }],
    watches: [{}],
  });
  await informer.synced();
  assert.deepEqual([...informer.values()], [a5, b6]);
});

test('it says why it does not know, and ends when it is told to', async () => {
  const { informer } = follow({
    lists: [listed],
    watches: [{ end: new ApiUnreachableError('refused') }],
  });
  await eventually('it to say so', () => informer.lastError === 'refused');
  stop.abort();
  await informer.ended;
  assert.equal(informer.healthy, false);
});

/** A watch that goes on for ever, and in which nothing happens. */
const silence: Kube['watch'] = async function* (_path, { onOpen, signal }) {
  onOpen?.();
  await new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
};

test('what does not come in time is listed in smaller parts', async () => {
  const names = Array.from({ length: 200 }, (_, at) => `n${at}`);
  const limits: number[] = [];
  const kube = {
    request: async (_method, _path, { query, timeoutMs } = {}) => {
      const { limit, continue: next = 0 } = query as { limit: number; continue?: string };
      limits.push(limit);
      if (limit > 40) {
        await new Promise((resolve) => setTimeout(resolve, (timeoutMs ?? 0) + 5));
        throw new ApiUnreachableError('no answer in time');
      }
      const end = Number(next) + limit;
      return {
        metadata: { resourceVersion: '9', continue: end < names.length ? String(end) : '' },
        items: names.slice(Number(next), end).map((name) => raw({ name, resourceVersion: '5' })),
      };
    },
    watch: silence,
  } as Pick<Kube, 'request' | 'watch'> as Kube;
  const informer = startInformer<Thing>({
    ...{ kube, path: '/things', log: silentLog, signal: stop.signal, listTimeoutMs: 20 },
    trim: (object) => (object as RawObject).metadata,
  });
  await informer.synced();
  assert.equal(informer.size, 200);
  assert.deepEqual(limits.slice(0, 4), [250, 62, 25, 25]);
});

test('a page is asked for as soon as the one before it has begun to come, and two at once at the most', async () => {
  const log: string[] = [];
  const waiting: (() => void)[] = [];
  let underWay = 0;
  let most = 0;
  let isCutOff = false;
  const kube = {
    request: async (_method, _path, { query, onHead } = {}) => {
      const { continue: from = '0', limit } = query as { continue?: string; limit: number };
      const next = Number(from) + 1;
      // The third is cut off once, and asked for again in smaller parts: another one follows it then.
      const follower = from === '2' ? `${limit}00` : next <= 4 ? `${next}` : '';
      const metadata = { resourceVersion: '9', continue: follower };
      most = Math.max(most, ++underWay);
      log.push(`begin ${from}`);
      onHead?.(
        Buffer.from(
          `{"kind":"ThingList","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[{"metadata":{"na`,
        ),
      );
      await new Promise<void>((resolve) => waiting.push(resolve));
      underWay--;
      log.push(`end ${from}`);
      if (from === '2' && !isCutOff) {
        isCutOff = true;
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw new ApiUnreachableError('no answer in time');
      }
      const items = [raw({ name: `n${from}`, resourceVersion: '5' })];
      return { metadata: Number(from) > 3 ? { resourceVersion: '9' } : metadata, items };
    },
    watch: silence,
  } as Pick<Kube, 'request' | 'watch'> as Kube;
  const informer = startInformer<Thing>({
    ...{ kube, path: '/things', log: silentLog, signal: stop.signal, listTimeoutMs: 5 },
    trim: (object) => (object as RawObject).metadata,
  });
  const release = setInterval(() => waiting.shift()?.(), 5);
  await informer.synced().finally(() => clearInterval(release));
  assert.deepEqual(log.slice(0, 4), ['begin 0', 'begin 1', 'end 0', 'begin 2']);
  assert.equal(most, 2);
  assert.ok(log.includes('begin 25000'), `${log}`);
  assert.ok(log.includes('begin 6200'), `${log}`);
  assert.deepEqual([...informer.values()].map(({ name }) => name).sort(), [
    ...['n0', 'n1', 'n2', 'n6200'],
  ]);
});
