import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeRuns, plansBefore, type QueuedPlan } from '../../../src/plans/queue.ts';
import { anUpdate, aSpec } from '../../support/builders.ts';

const spec = aSpec(anUpdate({ controllers: '' }));
const aPlan = (name: string, createdAtMs: number, over: Partial<QueuedPlan> = {}): QueuedPlan => ({
  name,
  uid: `${name}-uid-0123`,
  generation: 1,
  createdAtMs,
  status: undefined,
  requests: [],
  deleted: false,
  spec,
  ...over,
});
const running = { state: 'SchedulableWait', runID: 'r', frozenSpec: spec, commands: [] };

test('the older of two new Plans runs first', () => {
  const [old, young] = [aPlan('b', 1), aPlan('a', 2)];
  assert.deepEqual(plansBefore(young, [old, young]), ['b']);
  assert.deepEqual(plansBefore(old, [old, young]), []);
});

test('one that is under way goes before an older one that is not', () => {
  const [old, young] = [aPlan('b', 1), aPlan('a', 2, { status: running })];
  assert.deepEqual(plansBefore(old, [old, young]), ['a']);
});

test('what is at its end, deleted, or was left by k0s holds nobody up', () => {
  const plan = aPlan('z', 9);
  const others = [
    aPlan('a', 1, { status: { state: 'Completed', observedGeneration: 1 } }),
    aPlan('b', 1, { deleted: true }),
    aPlan('c', 1, { status: { state: 'SchedulableWait' } }),
  ];
  assert.deepEqual(plansBefore(plan, [...others, plan]), []);
});

test('orders of a Plan that is about to begin are never taken for leftovers', () => {
  assert.deepEqual([...activeRuns([aPlan('a', 1)])], ['a-uid-01-1']);
});

test('orders of a run that has ended are leftovers, and those of its retry never', () => {
  const ended = (runID: string) =>
    aPlan('a', 1, { status: { state: 'ApplyFailed', observedGeneration: 1, runID } });
  assert.deepEqual([...activeRuns([ended('a-uid-01-1')])], ['a-uid-01-1-2']);
  assert.deepEqual([...activeRuns([ended('a-uid-01-1-2')])], ['a-uid-01-1-3']);
});
