import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, isTooLarge } from '../../../src/kube/api-error.ts';

/** As a real API server says it, with an etcd that takes less than it does. */
const ANSWERS: readonly [status: number, message: string, isTooLarge: boolean][] = [
  [413, 'Request entity too large: limit is 3145728', true],
  [500, 'etcdserver: request is too large', true],
  [
    500,
    'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (1695356 vs. 1024288)',
    true,
  ],
  [500, 'etcdserver: request timed out', false],
  [429, 'too many requests, please try again later', false],
  [422, 'status.history: Too many: 31: must have at most 30 items', false],
];

for (const [status, message, expected] of ANSWERS) {
  test(`${status} ${message} is ${expected ? '' : 'not '}an object that is too large`, () => {
    assert.equal(isTooLarge(new ApiError('PATCH /x', status, { message }, undefined)), expected);
  });
}

test('what was never answered is not', () => {
  assert.equal(isTooLarge(new Error('too large')), false);
});
