import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clip, type KnownAnswer, learnAnswer, listed } from '../../../src/gates/answer.ts';

const LONGEST_GAP_MS = 60_000;
const known: KnownAnswer = {
  outcome: 'fail',
  message: 'no',
  atMs: 100_000,
  sinceMs: 40_000,
  failures: 3,
};
const learn = (
  outcome: KnownAnswer['outcome'],
  atMs = 115_000,
  before: KnownAnswer | undefined = known,
) => {
  const { sinceMs, failures } = learnAnswer(before, { outcome, message: '' }, atMs, LONGEST_GAP_MS);
  return { sinceMs, failures };
};

test('a no after a no counts on, and is as old as the first', () => {
  assert.deepEqual(learn('fail'), { sinceMs: 40_000, failures: 4 });
});
test('what is unknown neither counts nor breaks the row', () => {
  assert.deepEqual(learn('unknown'), { sinceMs: 115_000, failures: 3 });
});
test('a pass breaks the row', () => {
  assert.deepEqual(learn('pass'), { sinceMs: 115_000, failures: 0 });
});
test('who has not asked for long does not know what was between', () => {
  assert.deepEqual(learn('fail', 160_001), { sinceMs: 160_001, failures: 4 });
  assert.deepEqual(learn('fail', 160_000), { sinceMs: 40_000, failures: 4 });
});
test('the first answer begins the row', () => {
  const first = learnAnswer(undefined, { outcome: 'fail', message: 'm' }, 7, LONGEST_GAP_MS);
  assert.deepEqual(first, { outcome: 'fail', message: 'm', atMs: 7, sinceMs: 7, failures: 1 });
});

test('of many the first are named, and the rest counted', () => {
  assert.equal(listed(['a', 'b'], 2), 'a; b');
  assert.equal(listed(['a', 'b', 'c', 'd'], 2), 'a; b; and 2 more');
});
test('what others say becomes one short line', () => {
  assert.equal(clip(' a\n  b '), 'a b');
  assert.equal(clip('abcdef', 4), 'abc…');
});
