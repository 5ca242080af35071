import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trimBudget } from '../../../src/kube/trim-budget.ts';
import { outlookOf } from '../../../src/plans/outlook.ts';

const pod = (app: string, namespace = 'shop') => ({ namespace, labels: { app } });
const budget = (name: string, matchLabels: Record<string, string> | undefined) => ({
  namespace: 'shop',
  name,
  selector: matchLabels && { matchLabels },
});

test('an outlook counts the pods that each budget covers, in its own namespace', () => {
  const pods = [pod('web'), pod('web'), pod('api'), pod('web', 'other')];
  const budgets = [
    budget('web', { app: 'web' }),
    budget('all', {}),
    budget('none', undefined),
    budget('db', { app: 'db' }),
  ];
  assert.deepEqual(outlookOf(pods, budgets), {
    budgets: [
      { namespace: 'shop', name: 'web', pods: 2 },
      { namespace: 'shop', name: 'all', pods: 3 },
    ],
  });
  assert.deepEqual(outlookOf([], budgets), { budgets: [] });
});

const raw = (generation: number, observedGeneration: number | undefined) => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1', generation },
  status: {
    disruptionsAllowed: 1,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  },
});

test('what a budget allows is known once it was counted since its last change', () => {
  assert.equal(trimBudget(raw(2, 2)).disruptionsAllowed, 1);
  assert.equal(trimBudget(raw(2, 1)).disruptionsAllowed, undefined);
  assert.equal(trimBudget(raw(1, undefined)).disruptionsAllowed, undefined);
});
