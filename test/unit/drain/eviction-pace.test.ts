import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvictionPace, LONGEST_PAUSE_MS } from '../../../src/drain/eviction-pace.ts';

const NO = { budget: undefined, message: 'no' };

test('a pod that is refused for ever is asked for about twenty times in 171 s, not 3,540 times', () => {
  const pace = new EvictionPace(() => 0.5);
  let tries = 0;
  for (let nowMs = 0; nowMs < 171_000; nowMs += 50) {
    if (!pace.mayTry('u', nowMs)) continue;
    tries += 1;
    pace.refused('u', NO, nowMs);
  }
  assert.ok(tries > 15 && tries <= 26, `${tries} tries`);
});

test('the first pause is a second or more, the longest ten at most, whatever chance says', () => {
  for (const chance of [0, 0.5, 1]) {
    const pace = new EvictionPace(() => chance);
    let nowMs = 0;
    for (let i = 0; i < 10; i++) {
      pace.refused('u', NO, nowMs);
      const pauseMs = (pace.nextAtMs() ?? 0) - nowMs;
      assert.ok(pauseMs >= 1_000 && pauseMs <= LONGEST_PAUSE_MS, `${pauseMs} ms`);
      nowMs += pauseMs;
    }
  }
});

test('what the API server asks for is kept to, up to the longest pause', () => {
  const pace = new EvictionPace(() => 0);
  pace.refused('u', NO, 0, 7_000);
  assert.equal(pace.mayTry('u', 6_999), false);
  assert.equal(pace.mayTry('u', 7_000), true);
  pace.refused('v', NO, 0, 3_600_000);
  assert.equal(pace.mayTry('v', LONGEST_PAUSE_MS), true);
});

test('an accepted pod is blocked no more, and not asked for again at once', () => {
  const pace = new EvictionPace();
  pace.refused('u', NO, 0);
  pace.accepted('u', 5_000);
  assert.equal(pace.blocked().size, 0);
  assert.equal(pace.nextAtMs(), undefined);
  assert.equal(pace.mayTry('u', 6_000), false);
});

test('refusals are told oldest first, with their newest words, and forgotten with their pod', () => {
  const pace = new EvictionPace();
  pace.refused('b', { budget: 'web', message: 'b was first' }, 1);
  pace.refused('a', { budget: undefined, message: 'a' }, 2);
  pace.refused('b', { budget: 'web', message: 'b again' }, 3);
  assert.deepEqual(
    [...pace.blocked()],
    [
      ['b', { budget: 'web', message: 'b again', firstAtMs: 1 }],
      ['a', { budget: undefined, message: 'a', firstAtMs: 2 }],
    ],
  );
  pace.keepOnly(new Set(['a']));
  assert.deepEqual([...pace.blocked().keys()], ['a']);
});

test('a budget that opens makes the pod due that has waited longest, and no other', () => {
  const pace = new EvictionPace(() => 0.5);
  pace.refused('old', NO, 0);
  pace.refused('new', NO, 400);
  pace.refused('other', NO, 0);
  pace.hurry(new Set(['old', 'new']), 500);
  assert.deepEqual(
    ['old', 'new', 'other'].map((uid) => pace.mayTry(uid, 500)),
    [true, false, false],
  );
});

test('and not within a moment of its last try, however often the budget opens', () => {
  const pace = new EvictionPace(() => 0.5);
  let tries = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
    pace.hurry(new Set(['u']), nowMs);
    if (!pace.mayTry('u', nowMs)) continue;
    tries += 1;
    pace.refused('u', NO, nowMs);
  }
  assert.ok(tries >= 35 && tries <= 40, `${tries} tries`);
});

test('an accepted pod is not hurried', () => {
  const pace = new EvictionPace();
  pace.accepted('u', 0);
  pace.hurry(new Set(['u']), 500);
  assert.equal(pace.mayTry('u', 500), false);
});
