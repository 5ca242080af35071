import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, ApiUnreachableError } from '../../../src/kube/api-error.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { isInDoubt, readAgain } from '../../../src/kube/read-again.ts';

const answer = (status: number) => new ApiError('GET /', status, undefined, undefined);
const away = () => new ApiUnreachableError('nobody answers');

/** Answers with these, one after the other. */
function kubeThat(...answers: readonly unknown[]): { kube: Kube; asked: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  const request = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  return { kube: { request } as unknown as Kube, asked };
}

test('a write is in doubt unless the API server has said no to it', () => {
  assert.deepEqual(
    [away(), answer(500), answer(504), answer(403), answer(404), answer(409), answer(429)].map(
      isInDoubt,
    ),
    [true, true, true, false, false, false, false],
  );
});

test('a target is asked for until there is an answer', async () => {
  const node = { metadata: { name: 'w-1' } };
  const { kube, asked } = kubeThat(away(), answer(503), node);
  assert.equal(await readAgain(kube, 'worker', 'w-1', new AbortController().signal), node);
  assert.deepEqual(asked, Array(3).fill('GET /api/v1/nodes/w-1'));
});

test('a target that is gone, or may not be read, is not asked for again', async () => {
  for (const status of [404, 403]) {
    const { kube, asked } = kubeThat(answer(status));
    const found = await readAgain(kube, 'controller', 'cp-1', new AbortController().signal);
    assert.equal(found, undefined);
    assert.equal(asked.length, 1);
  }
});

test('whoever does not lead any more asks no further', async () => {
  const stop = new AbortController();
  const { kube } = kubeThat(away(), away(), away());
  const reading = readAgain(kube, 'worker', 'w-1', stop.signal);
  stop.abort(new Error('not leading any more'));
  await assert.rejects(reading, /not leading any more|aborted/);
});
