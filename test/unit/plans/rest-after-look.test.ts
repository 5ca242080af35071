import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readingPauseMs, restAfterMs } from '../../../src/plans/rest-after-look.ts';

test('short looks take a ninth of a core, long ones less, and four seconds is the longest rest', () => {
  assert.equal(restAfterMs(0), 0);
  assert.equal(restAfterMs(1), 8);
  assert.equal(restAfterMs(10), 80);
  assert.equal(restAfterMs(20), 320);
  assert.equal(restAfterMs(50), 2_000);
  assert.equal(restAfterMs(200), 4_000);
});

test('Nodes are read as they tell, unless the next look is far away or nothing is under way', () => {
  assert.equal(readingPauseMs(1_000, false), 0);
  assert.equal(readingPauseMs(1_001, false), 1_000);
  assert.equal(readingPauseMs(0, true), 3_000);
});
