import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lastingOf } from '../../../src/plans/run.ts';
import { aLargeRun, workerIn } from '../../support/large-run.ts';

const before = workerIn(0, 'Pending');
const after = (change: object) => lastingOf(aLargeRun([{ ...before, ...change }]));

describe('what must be stored before anything follows from it', () => {
  test('that a target is tried once more: its orders are known by their attempt', () => {
    assert.notEqual(after({ attempts: 2 }), lastingOf(aLargeRun([before])));
  });

  test('that others had cordoned a node', () => {
    assert.notEqual(after({ cordoned: true }), lastingOf(aLargeRun([before])));
  });

  test('not where a target stands on its way: its order tells', () => {
    assert.equal(after({ phase: 'Downloading' }), lastingOf(aLargeRun([before])));
  });
});
