import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readsOf, writesOf } from '../../bench/scale/audit.ts';
import { Moments, quantile } from '../../bench/scale/moments.ts';
import { parseScale } from '../../bench/scale/options.ts';

describe('what a run over thousands of nodes is asked for', () => {
  test('a tenth of the nodes at once, unless said otherwise', () => {
    assert.equal(parseScale([]).concurrent, 100);
    assert.equal(parseScale(['--nodes', '25']).concurrent, 3);
    assert.equal(parseScale(['--nodes', '25', '--concurrent', '5']).concurrent, 5);
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

  test('a moment counts when it comes first, a renewal when it comes last', () => {
    const one = new Moments();
    one.note([
      ['a', 'renewed', 1],
      ['a', 'told commit', 9],
    ]);
    one.note([
      ['a', 'renewed', 5],
      ['a', 'told commit', 20],
    ]);
    assert.deepEqual(one.between('renewed', 'told commit'), [4]);
  });

  test('watches are neither reads nor writes', () => {
    const requests = new Map([
      ['patch nodes', 6],
      ['create events', 2],
      ['get nodes', 1],
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
