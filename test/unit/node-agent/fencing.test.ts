import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginSignal, EMPTY_JOURNAL } from '../../../src/node-agent/journal.ts';
import { answerTo, decide } from '../../../src/node-agent/steps.ts';
import type { Order } from '../../../src/signals/order.ts';
import { ordered } from '../../support/scene.ts';

const NOW = { bootId: 'one', uptimeMs: 1_000 };
const STAGE: Order = ordered({ goal: 'stage' }).order.value;

/** A host that has staged by an order of epoch 5. */
function staged() {
  const journal = beginSignal(EMPTY_JOURNAL, { ...STAGE, epoch: 5 }, NOW);
  return { ...journal, signal: { ...journal.signal!, phase: 'Staged' as const } };
}

for (const [epoch, next] of [
  [4, 'wait'],
  [5, 'accept'],
  [6, 'accept'],
] as const) {
  test(`a host that has obeyed epoch 5 is told to apply by epoch ${epoch}: ${next}`, () => {
    const journal = staged();
    const order = { kind: 'valid', order: { ...STAGE, goal: 'apply', epoch } } as const;
    const facts = {
      now: NOW,
      journal,
      order,
      trial: undefined,
      untidy: false,
      undoFailed: false,
    } as const;
    assert.equal(decide({ ...facts, confirm: { by: 'cluster' } }).do, next);
    const answer = answerTo(journal, order);
    assert.equal(answer.kind, next === 'wait' ? 'remark' : 'none');
  });
}
