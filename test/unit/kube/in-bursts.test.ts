import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { afterEach, mock, test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { inBursts } from '../../../src/kube/in-bursts.ts';
import { linesOf } from '../../../src/kube/lines.ts';
import { ReadingPause } from '../../../src/kube/reading-pause.ts';

const stop = new AbortController();

afterEach(() => mock.timers.reset());

/** Long enough for all that can go on by itself. */
async function rounds(): Promise<void> {
  for (let round = 0; round < 20; round++) await nextRound();
}

interface Reading {
  readonly stream: PassThrough;
  readonly read: string[];
  /** How often a pause was asked for. */
  pauses: number;
  readonly goOn: () => void;
  readonly ended: Promise<void>;
}

function read(): Reading {
  const stream = new PassThrough();
  let pause = Promise.withResolvers<void>();
  const lines = inBursts<Buffer>(stream, () => {
    reading.pauses++;
    return pause.promise;
  });
  const all: string[] = [];
  const reading: Reading = {
    stream,
    read: all,
    pauses: 0,
    goOn: () => {
      pause.resolve();
      pause = Promise.withResolvers();
    },
    ended: (async () => {
      for await (const line of linesOf(lines, String)) all.push(line);
    })(),
  };
  reading.ended.catch(() => {});
  return reading;
}

test('what comes during a pause is read after it, all at once', async () => {
  const reading = read();
  reading.stream.write('a\n');
  reading.stream.write('b\n');
  await rounds();
  assert.deepEqual(reading.read, ['a', 'b']);
  assert.equal(reading.pauses, 1);
  for (const text of ['c\n', 'd', '\ne\n']) {
    reading.stream.write(text);
    await rounds();
  }
  assert.deepEqual(reading.read, ['a', 'b']);
  reading.goOn();
  await rounds();
  assert.deepEqual(reading.read, ['a', 'b', 'c', 'd', 'e']);
  assert.equal(reading.pauses, 2);
  reading.stream.end('f\n');
  reading.goOn();
  await reading.ended;
  assert.deepEqual(reading.read.at(-1), 'f');
});

test('a connection that fails ends a pause', async () => {
  const reading = read();
  reading.stream.write('a\n');
  await rounds();
  assert.equal(reading.pauses, 1);
  reading.stream.destroy(new Error('gone'));
  await assert.rejects(reading.ended, /gone/);
});

test('who leaves early leaves a stream that is closed', async () => {
  const stream = new PassThrough();
  stream.write('a');
  for await (const chunk of inBursts<Buffer>(stream, () => Promise.resolve())) {
    assert.equal(chunk.toString(), 'a');
    break;
  }
  assert.ok(stream.destroyed);
});

test('a pause: made by itself, made by somebody, cut short, and none after the end', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const pause = new ReadingPause(stop.signal);
  const isOver = async () => {
    let over = false;
    void pause.over().then(() => {
      over = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    return over;
  };
  assert.ok(await isOver());
  pause.everyMs = 1_000;
  assert.ok(!(await isOver()));
  mock.timers.tick(999);
  assert.ok(!(await isOver()));
  mock.timers.tick(1);
  pause.everyMs = 0;
  assert.ok(await isOver());

  pause.begin(100);
  pause.begin(300);
  mock.timers.tick(299);
  assert.ok(!(await isOver()), 'the later one holds');
  mock.timers.tick(1);
  assert.ok(await isOver());

  pause.begin(100);
  pause.end();
  assert.ok(await isOver());

  pause.everyMs = 1_000;
  assert.ok(!(await isOver()));
  stop.abort();
  assert.ok(await isOver());
  assert.ok(await isOver());
});
