import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Action } from '../../../src/plans/facts.ts';
import { appliesOwnHost, isAlone } from '../../../src/plans/hand-over.ts';
import type { Goal, Order } from '../../../src/signals/order.ts';

const order = (
  role: 'controller' | 'worker',
  name: string,
  goal: Goal,
  kind: 'k0s' | 'airgap' = 'k0s',
): Action => ({
  ...{ kind: 'order', role, name, replaces: undefined },
  order: { goal, artifact: { kind } } as Order,
});

describe('the leader steps aside', () => {
  const cases: readonly [string, Action, boolean][] = [
    ['before its own host is applied', order('controller', 'c1', 'apply'), true],
    ['not before it only downloads there', order('controller', 'c1', 'stage'), false],
    ['not to confirm it, which restarts nothing', order('controller', 'c1', 'commit'), false],
    ['not to put it back, which must not wait', order('controller', 'c1', 'undo'), false],
    [
      'not for a bundle, which restarts nothing',
      order('controller', 'c1', 'apply', 'airgap'),
      false,
    ],
    ['not for another controller', order('controller', 'c2', 'apply'), false],
    ['not for a Node that is called the same', order('worker', 'c1', 'apply'), false],
  ];
  for (const [name, action, wanted] of cases) {
    test(name, () => {
      const actions: Action[] = [{ kind: 'cordon', name: 'w1', orderId: 'o' }, action];
      assert.equal(appliesOwnHost(actions, 'c1', named({ c1: 'c1', c2: 'c2' })), wanted);
    });
  }

  const named = (names: Record<string, string>) =>
    new Map(Object.entries(names).map(([name, nodeName]) => [name, { nodeName }]));
  const hosts: readonly [string, string, Record<string, string>, boolean][] = [
    ['whose name has capital letters', 'C1', { c1: 'c1' }, true],
    ['whose ControlNode is called otherwise, by its Node', 'Box-1', { c1: 'box-1' }, true],
    ['and by the name of the ControlNode first', 'c1', { c2: 'c1', c1: 'box-1' }, true],
    ['not where another ControlNode is called as its Node', 'c2', { c1: 'c2', c2: 'x' }, false],
    ['not where nobody is called so', 'laptop', { c1: 'c1' }, false],
  ];
  for (const [name, host, nodes, wanted] of hosts) {
    test(`for a host ${name}`, () => {
      const actions = [order('controller', 'c1', 'apply')];
      assert.equal(appliesOwnHost(actions, host, named(nodes)), wanted);
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
