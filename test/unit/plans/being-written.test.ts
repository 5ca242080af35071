import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anUpdate, aSpec, NEW } from '../../support/builders.ts';
import { actionsOf, look, ordered, RUN, staged, statusOf, targetOf } from '../../support/scene.ts';

const spec = aSpec(anUpdate({ workers: '', concurrent: 2 }));
const begun = {
  phase: 'Draining',
  state: 'SignalSent',
  message: 'being emptied',
  attempts: 1,
  batch: 1,
} as const;
const cordon = { orderId: `${RUN}.0.1`, ours: true } as const;

test('while a Node is being written to, nothing is decided of it; it keeps its slot and its words', () => {
  const nodes = { 'w-1': staged(), 'w-2': staged(), 'w-3': staged() };
  const decision = look({ spec, nodes, told: { 'w-1': begun }, nodesBeingWritten: ['w-1'] });
  assert.deepEqual(actionsOf(decision), ['cordon w-2']);
  const { phase, message, batch } = targetOf(decision, 'w-1');
  assert.deepEqual([phase, message, batch], ['Draining', 'being emptied', 1]);
  // Once the answer is there, and the mark is not, it is begun anew.
  const again = look({ spec, nodes, told: { 'w-1': begun } });
  assert.deepEqual(actionsOf(again), ['cordon w-1', 'cordon w-2']);
});

test('whose turn it is waits where its Node is being written to for another reason', () => {
  const nodes = { 'w-1': staged(), 'w-2': staged() };
  const decision = look({ spec, nodes, nodesBeingWritten: ['w-1'] });
  assert.deepEqual(actionsOf(decision), ['cordon w-2']);
  assert.equal(targetOf(decision, 'w-1').startedAt, undefined);
});

test('a failure elsewhere calls back what is being written to as soon as that has been answered', () => {
  const failed = ordered({
    goal: 'stage',
    signal: { phase: 'Failed', reason: 'DownloadFailed', message: '404' },
  });
  const nodes = { 'w-1': staged(), 'w-2': failed };
  const meanwhile = look({ spec, nodes, told: { 'w-1': begun }, nodesBeingWritten: ['w-1'] });
  assert.deepEqual(actionsOf(meanwhile), ['cancel w-2']);
  assert.equal(targetOf(meanwhile, 'w-1').phase, 'Draining');
  const marked = { ...staged(), unschedulable: true, cordon };
  const answered = look({ spec, nodes: { ...nodes, 'w-1': marked }, told: { 'w-1': begun } });
  assert.deepEqual(actionsOf(answered), ['uncordon w-1', 'cancel w-1', 'cancel w-2']);
});

test('a run does not end while a Node of it is being written to', () => {
  const done = {
    phase: 'Committed',
    state: 'SignalCompleted',
    reason: 'Updated',
    message: `runs ${NEW}`,
    attempts: 1,
    batch: 1,
  } as const;
  const report = ordered({ goal: 'commit', signal: { phase: 'Committed' } }).report;
  const scene = { spec, nodes: { 'w-1': { report } }, told: { 'w-1': done } };
  assert.equal(look({ ...scene, nodesBeingWritten: ['w-1'] }).kind, 'wait');
  const ended = look(scene);
  assert.equal(ended.kind, 'end');
  assert.equal(statusOf(ended).state, 'Completed');
});
