import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import { anUpdate, aReport, aSpec, START_MS } from '../../support/builders.ts';
import { actionsOf, look, ordered, RUN, targetOf } from '../../support/scene.ts';

const spec = aSpec(anUpdate({ workers: '' }));
const onTrial = {
  phase: 'OnTrial',
  state: 'SignalSent',
  lastUpdatedTimestamp: new Date(START_MS).toISOString(),
} as const;
const mark = { unschedulable: true, cordon: { orderId: `${RUN}.0.1`, ours: true } };
const lookAt = (node: Partial<NodeFacts>, minutes: number) =>
  look({
    spec,
    nodes: { 'w-1': { ...mark, ...node } },
    told: { 'w-1': onTrial },
    nowMs: START_MS + minutes * 60_000,
  });

test('an order that somebody has removed is given again, with what was intended', () => {
  assert.deepEqual(actionsOf(lookAt({}, 1)), ['apply w-1']);
});

test('where the host is of another platform now, the wait says so and has an end', () => {
  const node = { platform: 'linux-riscv64' };
  const waiting = lookAt(node, 1);
  assert.deepEqual(actionsOf(waiting), []);
  const { phase, reason, message, deadline } = targetOf(waiting, 'w-1');
  assert.deepEqual([phase, reason], ['OnTrial', 'WaitsForReport']);
  const gone = 'its order is gone, and cannot be given again:';
  assert.equal(message, `${gone} the Plan has no artifact for the platform linux-riscv64`);
  assert.ok(Date.parse(deadline!) > START_MS);
  const ended = targetOf(lookAt(node, 60), 'w-1');
  assert.deepEqual([ended.phase, ended.reason, ended.message], ['Failed', 'NoReport', message]);
});

test('where the host obeys an order of another run, that is what is said', () => {
  const order = { ...ordered({ goal: 'stage' }).order };
  assert.equal(order.kind, 'valid');
  const foreign = { ...order.value, id: 'other-1.0.1', run: 'other-1' };
  const signal = { id: foreign.id, attempt: 1, epoch: 1, goal: 'stage', phase: 'Staged' } as const;
  const waiting = lookAt(
    {
      order: { kind: 'valid', value: foreign },
      orderText: JSON.stringify(foreign),
      report: { kind: 'valid', value: aReport({}, signal) },
    },
    1,
  );
  assert.deepEqual(actionsOf(waiting), []);
  assert.match(targetOf(waiting, 'w-1').message ?? '', /obeys order other-1\.0\.1 of another run$/);
});
