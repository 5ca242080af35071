import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { LookTimer, SETTLE_MS } from '../../../src/plans/look-timer.ts';

const REST_MS = 1_000;

let nowMs: number;
let looks: number[];
let timer: LookTimer;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
  nowMs = 0;
  looks = [];
  timer = new LookTimer({
    nowMs: () => nowMs,
    look: () => {
      looks.push(nowMs);
      return REST_MS;
    },
  });
});

/** Millisecond by millisecond, so that each look sees its own time. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed++) {
    nowMs++;
    mock.timers.tick(1);
  }
}

test('what changes together is looked at once', () => {
  timer.wake();
  pass(5);
  timer.wake();
  pass(SETTLE_MS);
  assert.deepEqual(looks, [SETTLE_MS]);
  pass(10 * REST_MS);
  assert.deepEqual(looks, [SETTLE_MS], 'nothing has changed since');
});

test('a look is rested from, and what changes meanwhile is looked at after that', () => {
  timer.wake();
  pass(SETTLE_MS);
  assert.equal(timer.isRested, false);
  for (let at = 0; at < 10; at++) {
    timer.wake();
    pass(50);
  }
  pass(REST_MS);
  assert.deepEqual(looks, [SETTLE_MS, SETTLE_MS + REST_MS]);
});

test('who waits is not made to wait for the end of a rest, whether a look is due after it or not', () => {
  for (const isDue of [false, true]) {
    looks.length = 0;
    timer.wake();
    pass(SETTLE_MS + REST_MS);
    timer.wake();
    pass(SETTLE_MS);
    if (isDue) timer.wake();
    const [, last = 0] = looks;
    timer.hurry();
    assert.equal(timer.isRested, true);
    pass(SETTLE_MS);
    assert.deepEqual(looks.slice(2), [last + SETTLE_MS], `${isDue}`);
    assert.equal(timer.isRested, false, 'the next rest is as long as ever');
    pass(2 * REST_MS);
    assert.equal(looks.length, 3);
  }
});

test('stopped: no look comes any more, until something changes again', () => {
  timer.wake();
  timer.stop();
  pass(REST_MS);
  assert.deepEqual(looks, []);
  timer.wake();
  pass(SETTLE_MS);
  assert.equal(looks.length, 1);
});
