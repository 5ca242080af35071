import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exponentOf } from '../../bench/scale/growth.ts';
import { parseScale } from '../../bench/scale/options.ts';
import { niceAbove } from '../../bench/scale/plot.ts';
import { readsOf, writesOf } from '../../support/scale/audit.ts';
import { Moments, quantile } from '../../support/scale/moments.ts';

describe('what a run over thousands of nodes is asked for', () => {
  test('a tenth of the nodes at once, unless said otherwise', () => {
    assert.equal(parseScale([]).runs[0]?.concurrent, 100);
    assert.equal(parseScale(['--nodes', '25']).runs[0]?.concurrent, 3);
    assert.equal(parseScale(['--nodes', '25', '--concurrent', '5']).runs[0]?.concurrent, 5);
  });

  test('several numbers of nodes, at most 500 at once', () => {
    const { runs } = parseScale(['--nodes', '100,1000,10000']);
    assert.deepEqual(
      runs.map(({ nodes, concurrent }) => [nodes, concurrent]),
      [
        [100, 10],
        [1_000, 100],
        [10_000, 500],
      ],
    );
  });

  test('nothing at all, for a while', () => {
    const { runs, idle } = parseScale(['--idle', '--nodes', '300']);
    assert.deepEqual(runs, []);
    assert.deepEqual(idle, {
      ...{ nodes: 300, heartbeatsPerSecond: 30, renewalsPerSecond: 30, seconds: 60 },
    });
  });

  test('what is none is refused by the name of the option', () => {
    assert.throws(
      () => parseScale(['--nodes', 'many']),
      new Error('--nodes: wanted a whole number from 1 on, found many'),
    );
    assert.throws(() => parseScale(['--flaky', '2']), new Error('--flaky: wanted 0 to 1, found 2'));
  });
});

describe('what it measures', () => {
  /** Two slots, four nodes: each is under way for 100 ms, and the next one is begun 20 ms after it. */
  const moments = new Moments();
  moments.note([
    ['a', 'cordoned', 0],
    ['b', 'cordoned', 0],
    ['a', 'reported Committed', 100],
    ['b', 'reported Committed', 100],
    ['c', 'cordoned', 120],
    ['d', 'cordoned', 120],
    ['c', 'reported Committed', 220],
    ['d', 'reported Committed', 220],
  ]);

  test('from a node that is done to the one that is begun in its place', () => {
    assert.deepEqual(moments.refills(2), [20, 20]);
  });

  test('slots in use, while there are enough nodes to fill them', () => {
    assert.equal(moments.meanSlots(2), (2 * 100) / 120);
  });

  test('a moment counts when it comes first', () => {
    const one = new Moments();
    one.note([
      ['a', 'renewed', 1],
      ['a', 'told commit', 9],
    ]);
    one.note([
      ['a', 'renewed', 5],
      ['a', 'told commit', 20],
    ]);
    assert.deepEqual(one.between('renewed', 'told commit'), [8]);
  });

  test('watches are neither reads nor writes, and health is no read', () => {
    const requests = new Map([
      ['patch nodes', 6],
      ['create events', 2],
      ['get nodes', 1],
      ['get other', 90],
      ['watch nodes', 40],
    ]);
    assert.equal(writesOf(requests), 8);
    assert.equal(readsOf(requests), 1);
  });

  test('of few samples the highest quantile is the highest of them', () => {
    assert.equal(quantile([3, 1, 2], 0.99), 3);
    assert.equal(quantile([3, 1, 2], 0.5), 2);
  });
});

describe('how figures grow', () => {
  test('by the exponent of their totals', () => {
    const points = (power: number) => [100, 1_000, 10_000].map((n) => [n, 3 * n ** power] as const);
    for (const power of [1, 1.1, 2]) {
      assert.ok(Math.abs(exponentOf(points(power)) - power) < 1e-9, String(power));
    }
  });

  test('on scales that end at round numbers', () => {
    assert.deepEqual([0, 0.7, 1, 8, 11, 320, 501].map(niceAbove), [1, 1, 1, 10, 20, 500, 1_000]);
  });
});
