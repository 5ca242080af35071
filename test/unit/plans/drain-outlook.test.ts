import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obstacleOf } from '../../../src/plans/drain-outlook.ts';
import { aNode } from '../../support/builders.ts';

const covers = (pods: number, name = 'web') => ({ budgets: [{ namespace: 'shop', name, pods }] });
const node = (name: string, outlook?: ReturnType<typeof covers>) => aNode(name, { outlook });
const allows = (disruptionsAllowed: number | undefined, name = 'web') => ({
  namespace: 'shop',
  name,
  expectedPods: 4,
  desiredHealthy: 2,
  disruptionsAllowed,
});

const alone: [string, ReturnType<typeof node>, ReturnType<typeof allows>, string | undefined][] = [
  ['no budget covers a pod of it', node('w1', { budgets: [] }), allows(0), undefined],
  ['its pods are not known', node('w1'), allows(0), undefined],
  ['more of its pods are covered than may go at once', node('w1', covers(3)), allows(1), undefined],
  ['the budget was not counted yet', node('w1', covers(1)), allows(undefined), undefined],
  ['the budget is of another name', node('w1', covers(1)), allows(0, 'api'), undefined],
  [
    'no pod of the budget may go',
    node('w1', covers(1)),
    allows(0),
    'disruption budget shop/web spares no pod now',
  ],
];
for (const [sentence, one, budget, expected] of alone) {
  test(`alone, ${sentence}: ${expected ?? 'nothing is in the way'}`, () => {
    assert.equal(obstacleOf(one, [], [budget]), expected);
  });
}

test('two nodes are emptied together only where the budget spares the pods of both', () => {
  const beside = [node('w2', covers(2)), node('w3', covers(5, 'api'))];
  assert.equal(obstacleOf(node('w1', covers(1)), beside, [allows(3)]), undefined);
  assert.equal(
    obstacleOf(node('w1', covers(1)), beside, [allows(2)]),
    'disruption budget shop/web spares 2 of the 3 pods on it and w2',
  );
});
