import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  ApiAnswerError,
  ApiClient,
  ApiUnreachableError,
} from '../../../src/node-agent/api-client.ts';
import { followObject } from '../../../src/node-agent/object-watch-client.ts';
import { annotationOf, ownObject, type SeenObject } from '../../../src/node-agent/own-object.ts';
import { Reporter } from '../../../src/node-agent/report-client.ts';
import type { Report } from '../../../src/signals/report.ts';
import { NODE_PATH } from '../../support/agent-host.ts';
import { eventually } from '../../support/eventually.ts';
import { SmallApi } from '../../support/small-api.ts';

const REPORT = 'autopilot.k0sproject.io/report';

function clientOf(
  servers: readonly string[],
  more: { requestTimeoutMs?: number; watchSilenceMs?: number } = {},
) {
  const credential = {
    servers,
    ca: undefined,
    cert: undefined,
    key: undefined,
    token: 'abc',
    tlsServerName: undefined,
  };
  return new ApiClient({
    credential: () => credential,
    requestTimeoutMs: 1000,
    watchSilenceMs: 5000,
    ...more,
  });
}

describe('the API client of an agent', () => {
  const api = new SmallApi();
  const never = new AbortController().signal;
  before(() => api.start());
  after(() => api.stop());

  it('says what the server said', async () => {
    api.broken = 403;
    await assert.rejects(clientOf([api.url]).get('/api/v1/nodes/x', never), (thrown) => {
      assert.ok(thrown instanceof ApiAnswerError);
      assert.match(
        thrown.message,
        /^GET \/api\/v1\/nodes\/x at http:\/\/127\.0\.0\.1:\d+: 403 broken$/,
      );
      assert.equal(thrown.status, 403);
      return true;
    });
    api.broken = undefined;
  });

  it('takes absence for a value', async () => {
    assert.equal(await clientOf([api.url]).get('/api/v1/nodes/none', never), undefined);
  });

  it('tries the next server, and stays with the one that answers', async () => {
    api.put(NODE_PATH, { metadata: { name: 'host1' } });
    const client = clientOf(['http://127.0.0.1:1', api.url]);
    assert.ok(await client.get(NODE_PATH, never));
    const started = performance.now();
    assert.ok(await client.get(NODE_PATH, never));
    assert.ok(performance.now() - started < 500);
  });

  it('names every server that it could not reach', async () => {
    const client = clientOf(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
    await assert.rejects(client.get('/', never), (thrown) => {
      assert.ok(thrown instanceof ApiUnreachableError);
      assert.match(
        thrown.message,
        /^cannot reach the API at http:\/\/127\.0\.0\.1:1, http:\/\/127\.0\.0\.1:2: connect ECONNREFUSED/,
      );
      return true;
    });
  });

  it('does not wait for ever for a server that accepts and is silent', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const client = clientOf([`http://127.0.0.1:${port}`, api.url], { requestTimeoutMs: 100 });
    assert.ok(await client.get(NODE_PATH, never), 'the next one answers');
    client.close();
    silent.close();
  });
});

describe('an agent that follows its object', () => {
  const api = new SmallApi();
  const stop = new AbortController();
  const seen: (SeenObject | undefined)[] = [];
  const troubles: string[] = [];
  const own = ownObject('worker', 'host1');
  const client = clientOf([], {});
  let following: Promise<void>;
  const last = () => seen.at(-1)?.metadata.annotations?.word;
  const sees = (word: string | undefined) =>
    eventually(`the word ${word}`, () => seen.length > 0 && last() === word, {
      timeoutMs: 8000,
      everyMs: 10,
    });

  before(async () => {
    await api.start();
    following = followObject(
      {
        api: clientOf([api.url], { watchSilenceMs: 300 }),
        own,
        random: () => 0,
        onObject: (object) => seen.push(object),
        onTrouble: (message) => troubles.push(message),
      },
      stop.signal,
    );
  });
  after(async () => {
    stop.abort();
    await following;
    client.close();
    await api.stop();
  });

  it('hears first that there is none', async () => {
    await sees(undefined);
  });
  it('sees it come, and each change', async () => {
    api.put(NODE_PATH, { metadata: { name: 'host1' } });
    api.annotate(NODE_PATH, 'word', 'one');
    await sees('one');
    api.annotate(NODE_PATH, 'word', 'two');
    await sees('two');
  });
  it('goes on after the connection broke', async () => {
    api.cutWatches();
    api.annotate(NODE_PATH, 'word', 'three');
    await sees('three');
  });
  it('begins anew when the server has forgotten', async () => {
    const reads = () => api.asked.filter((line) => line === 'GET /api/v1/nodes').length;
    const before = reads();
    api.expireWatches();
    await eventually('another read', () => reads() > before);
    assert.ok(troubles.some((message) => message.includes('the watch ended with ERROR')));
  });
  it('takes a silent watch for a dead one', async () => {
    await eventually('the silence', () =>
      troubles.some((message) => message.includes('was silent')),
    );
  });
  it('sees it go', async () => {
    api.annotate(NODE_PATH, 'word', 'five');
    await sees('five');
    api.delete(NODE_PATH);
    await sees(undefined);
  });
});

describe('a report', () => {
  const api = new SmallApi();
  const stop = new AbortController();
  const own = ownObject('worker', 'host1');
  let report: Report = {
    v: 1,
    agent: { version: 'test', heartbeatMs: 300_000, beat: 0 },
    host: {
      platform: 'linux-amd64',
      binary: '/k0s',
      freeBytes: 1,
      writable: true,
      epoch: 0,
    },
  };
  const clock = { nowMs: 0 };
  let reporter: Reporter;
  let running: Promise<void>;
  /** What the reporter knows to be stored. */
  let seen: string | undefined;
  const stored = () => api.annotation(NODE_PATH, REPORT);
  const patches = () => api.asked.filter((line) => line.startsWith('PATCH')).length;
  const tell = (epoch: number) => {
    report = { ...report, host: { ...report.host, epoch } };
    reporter.notify('now');
  };
  const told = (epoch: number) =>
    eventually(`epoch ${epoch}`, () => seen === stored() && seen?.includes(`"epoch":${epoch}}`), {
      everyMs: 10,
    });

  before(async () => {
    await api.start();
    api.put(NODE_PATH, { metadata: { name: 'host1' } });
    reporter = new Reporter({
      api: clientOf([api.url]),
      own,
      heartbeatMs: 300_000,
      random: () => 0,
      monotonicMs: () => clock.nowMs,
      build: async () => ({ report, controlNode: undefined }),
      onObject: (object) => {
        seen = annotationOf(object, REPORT);
      },
      onTrouble: () => undefined,
    });
    running = reporter.run(stop.signal);
    reporter.see(api.objects.get(NODE_PATH) as SeenObject);
  });
  after(async () => {
    stop.abort();
    reporter.notify('now');
    await running;
    await api.stop();
  });

  it('is written at once', async () => {
    await told(0);
  });

  it('is not written again while it says the same', async () => {
    const before = patches();
    report = { ...report, host: { ...report.host, freeBytes: 2 } };
    reporter.notify('now');
    tell(1);
    await told(1);
    assert.equal(patches(), before + 1);
  });

  it('is written again with the heartbeat, with a higher count', async () => {
    const beat = () => Number(/"beat":(\d+)/.exec(stored() ?? '')?.[1]);
    const before = beat();
    clock.nowMs += 300_000;
    reporter.notify('soon');
    await eventually('the beat', () => beat() > before, { everyMs: 10 });
  });

  it('wins over somebody who wrote in its place, without losing what else was written', async () => {
    api.annotate(NODE_PATH, REPORT, 'forged');
    api.annotate(NODE_PATH, 'other', 'kept');
    tell(2);
    await told(2);
    assert.equal(api.annotation(NODE_PATH, 'other'), 'kept');
  });

  it('is tried again until the server takes it', async () => {
    api.broken = 503;
    tell(3);
    await eventually('an attempt', () => api.asked.at(-1)?.startsWith('PATCH'), { everyMs: 10 });
    api.broken = undefined;
    await told(3);
  });

  it('tells of progress no more than every two seconds', async () => {
    const before = patches();
    for (let epoch = 10; epoch < 20; epoch++) {
      report = { ...report, host: { ...report.host, epoch } };
      reporter.notify('soon');
    }
    clock.nowMs += 2000;
    reporter.notify('soon');
    await told(19);
    assert.equal(patches(), before + 1);
  });
});
