import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action } from '../../../src/plans/facts.ts';
import { appliesOwnHost, isAlone } from '../../../src/plans/hand-over.ts';
import type { Goal, Order } from '../../../src/signals/order.ts';

const order = (role: 'controller' | 'worker', name: string, goal: Goal): Action => ({
  ...{ kind: 'order', role, name, replaces: undefined },
  order: { goal } as Order,
});

describe('the leader steps aside', () => {
  const cases: readonly [string, Action, boolean][] = [
    ['before its own host is applied', order('controller', 'c1', 'apply'), true],
    ['not before it only downloads there', order('controller', 'c1', 'stage'), false],
    ['not to confirm it, which restarts nothing', order('controller', 'c1', 'commit'), false],
    ['not to put it back, which must not wait', order('controller', 'c1', 'undo'), false],
    ['not for another controller', order('controller', 'c2', 'apply'), false],
    ['not for a Node that is called the same', order('worker', 'c1', 'apply'), false],
  ];
  for (const [name, action, wanted] of cases) {
    test(name, () => {
      assert.equal(
        appliesOwnHost([{ kind: 'cordon', name: 'w1', orderId: 'o' }, action], 'c1'),
        wanted,
      );
    });
  }
});

describe('nobody else was there', () => {
  test('when the Lease was taken by nobody in between', () => {
    assert.equal(isAlone(7, 8), true);
    assert.equal(isAlone(7, 9), false, 'somebody has led in between');
    assert.equal(isAlone(undefined, 1), false, 'it was never handed over');
  });
});
