import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, isConflict, isPatchMismatch } from '../../../src/kube/api-error.ts';
import { createBackoff } from '../../../src/kube/backoff.ts';
import { EventMemory, keyOfEvent } from '../../../src/kube/event-aggregate.ts';
import {
  annotationPath,
  setFirstAnnotation,
  testAnnotation,
} from '../../../src/kube/json-patch.ts';
import { linesOf } from '../../../src/kube/lines.ts';
import { createServerClock } from '../../../src/kube/server-clock.ts';

async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test('lines: cut wherever the network likes, characters of several bytes included', async () => {
  const whole = Buffer.from('{"a":"ü"}\n{"b":1}\n\n{"c":2}\n');
  const expected = ['{"a":"ü"}', '{"b":1}', '{"c":2}'];
  for (let cut = 0; cut <= whole.length; cut++) {
    const parts = chunks(whole.subarray(0, cut), whole.subarray(cut));
    assert.deepEqual(await collect(linesOf(parts, String)), expected, `cut at ${cut}`);
  }
  const bytes = [...whole].map((byte) => Uint8Array.of(byte));
  assert.deepEqual(await collect(linesOf(chunks(...bytes), String)), expected);
});

test('lines: what has no end is an event that was cut off, and dropped', async () => {
  assert.deepEqual(await collect(linesOf(chunks('{"a":1}\n{"b":'), String)), ['{"a":1}']);
});

test('backoff doubles up to its cap, keeps at least half, and begins anew', () => {
  const least = createBackoff(100, 1_000, () => 0);
  assert.deepEqual(
    Array.from({ length: 6 }, () => least.next()),
    [50, 100, 200, 400, 500, 500],
  );
  const most = createBackoff(100, 1_000, () => 1);
  assert.deepEqual([most.next(), most.next()], [100, 200]);
  most.reset();
  assert.equal(most.next(), 100);
});

test('the clock of the API server goes on by a clock that nobody sets', () => {
  let monotonicMs = 1_000;
  const clock = createServerClock(() => monotonicMs);
  assert.equal(clock.nowMs(), undefined);
  clock.record(undefined, 0, 0);
  clock.record('not a date', 0, 0);
  assert.equal(clock.nowMs(), undefined);
  const date = Date.parse('2026-01-01T00:00:00Z');
  clock.record('Thu, 01 Jan 2026 00:00:00 GMT', 900, 1_000);
  // Half a second for the cut seconds, half of the way there and back.
  assert.equal(clock.nowMs(), date + 550);
  monotonicMs += 60_000;
  assert.equal(clock.nowMs(), date + 60_550);
});

test('annotation keys are escaped as RFC 6901 wants it', () => {
  assert.equal(annotationPath('a.b/c~d'), '/metadata/annotations/a.b~1c~0d');
  assert.deepEqual(testAnnotation('k', undefined), {
    op: 'test',
    path: '/metadata/annotations/k',
    value: null,
  });
  assert.deepEqual(setFirstAnnotation('a/b', 'v'), [
    { op: 'test', path: '/metadata/annotations', value: null },
    { op: 'add', path: '/metadata/annotations', value: { 'a/b': 'v' } },
  ]);
});

const error = (status: number, reason: string, causes?: { message: string }[]) =>
  new ApiError(
    'PATCH x',
    status,
    { reason, ...(causes ? { details: { causes } } : {}) },
    undefined,
  );

for (const [sentence, thrown, conflict, mismatch] of [
  ['a stale revision is a conflict', error(409, 'Conflict'), true, false],
  ['a test that failed is a conflict', error(422, 'Invalid'), true, true],
  [
    'an object that is not valid is none',
    error(422, 'Invalid', [{ message: 'bad label' }]),
    false,
    false,
  ],
  ['a name that is taken is none', error(409, 'AlreadyExists'), false, false],
  ['no right to write is none', error(403, 'Forbidden'), false, false],
] as const) {
  test(sentence, () => {
    assert.deepEqual([isConflict(thrown), isPatchMismatch(thrown)], [conflict, mismatch]);
  });
}

test('an Event is the same for ten minutes, and the oldest of very many is forgotten', () => {
  const memory = new EventMemory();
  const written = { name: 'e', namespace: 'default', count: 1, lastAtMs: 0 };
  memory.remember('k', written);
  assert.equal(memory.find('k', 600_000), written);
  assert.equal(memory.find('k', 600_001), undefined);
  for (let i = 0; i <= 500; i++) memory.remember(`k${i}`, written);
  assert.equal(memory.find('k0', 0), undefined);
  assert.equal(memory.find('k1', 0), written);
});

test('Events are told apart by object, type, reason and message', () => {
  const regarding = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' };
  const event = { regarding, type: 'Normal', reason: 'R', message: 'm' } as const;
  const keys = [
    event,
    { ...event, message: 'other' },
    { ...event, reason: 'O' },
    { ...event, type: 'Warning' as const },
    { ...event, regarding: { ...regarding, uid: 'v' } },
  ].map(keyOfEvent);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keyOfEvent({ ...event }), keys[0]);
});
