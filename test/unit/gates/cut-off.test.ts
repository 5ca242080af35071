import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutOff } from '../../../src/gates/cut-off.ts';

test('an answer comes through as it is', () => {
  const answer = { a: [1] };
  assert.equal(
    cutOff(() => answer),
    answer,
  );
});

test('what is thrown comes through as it is', () => {
  const thrown = new Error('mine');
  assert.throws(
    () =>
      cutOff(() => {
        throw thrown;
      }),
    (found) => found === thrown,
  );
});

test('a regular expression that goes back and forth is cut off', () => {
  const text = `${'a'.repeat(60)}b`;
  const beganMs = performance.now();
  assert.throws(() => cutOff(() => /(a+)+$/.test(text), 50), /takes longer than 50 ms/);
  assert.ok(performance.now() - beganMs < 5_000);
});
