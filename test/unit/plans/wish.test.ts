import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWish, type Wished } from '../../../src/plans/wish.ts';

const request = (nonce: string) => ({ nonce, verb: 'pause', by: 'anna' }) as const;
const before: Wished = { generation: 3, deleted: false, requests: [request('a')] };

for (const [sentence, now, expected] of [
  ['a new object', undefined, true],
  ['another spec', { ...before, generation: 4 }, true],
  ['its end', { ...before, deleted: true }, true],
  ['a new request', { ...before, requests: [request('a'), request('b')] }, true],
  ['another request in place of one', { ...before, requests: [request('b')] }, true],
  ['a status alone', { ...before }, false],
  ['a request that has been answered', { ...before, requests: [] }, false],
] as const) {
  test(`${sentence}: ${expected ? 'people wait' : 'nobody waits'}`, () => {
    assert.equal(isWish(now === undefined ? undefined : before, now ?? before), expected);
  });
}

test('of kinds without requests the spec counts', () => {
  assert.equal(isWish({ generation: 1 }, { generation: 2 }), true);
  assert.equal(isWish({ generation: 1 }, { generation: 1 }), false);
});
