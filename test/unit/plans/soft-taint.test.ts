import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import { tidy } from '../../../src/plans/orphans.ts';
import { MOST_SOFT_TAINTS } from '../../../src/plans/soft-taint.ts';
import { aBundle, aNode, anUpdate, aSpec, podsLeft } from '../../support/builders.ts';
import {
  actionsOf,
  look,
  ordered,
  RUN,
  type Scene,
  softTaintsOf,
  staged,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ workers: '' }));
const mine: Partial<NodeFacts> = {
  unschedulable: true,
  cordon: { orderId: `${RUN}.0.1`, ours: true },
};
const draining = (over: Partial<NodeFacts> = {}) => ({
  ...staged(),
  ...mine,
  drain: podsLeft(1),
  ...over,
});
const softTaint = RUN;
/** w-1 is under way, w-2 is the next one. */
const scene = (next: Partial<NodeFacts>, over: Partial<Scene> = {}): Scene => ({
  spec: SPEC,
  nodes: { 'w-1': draining(), 'w-2': { ...staged(), ...next } },
  ...over,
});
const next = (over: Partial<NodeFacts>, more?: Partial<Scene>) =>
  softTaintsOf(look(scene(over, more)));

test('who waits for its turn is tainted, when the first worker is begun and in the same look', () => {
  assert.deepEqual(next({}), ['softTaint w-2']);
  const decision = look({ spec: SPEC, nodes: { 'w-1': staged(), 'w-2': staged() } });
  assert.deepEqual(actionsOf(decision), ['cordon w-1']);
  assert.deepEqual(softTaintsOf(decision), ['softTaint w-2']);
});

test('who downloads is tainted as well, and not before anybody is begun', () => {
  const downloads = ordered({ goal: 'stage', signal: { phase: 'Downloading' } });
  assert.deepEqual(next(downloads), ['softTaint w-2']);
  const before = look({ spec: SPEC, nodes: { 'w-1': downloads, 'w-2': {} } });
  assert.deepEqual(softTaintsOf(before), []);
});

test('a command with one worker, one whose workers are begun together, and a bundle taint nobody', () => {
  const together = aSpec(anUpdate({ workers: '', concurrent: 2 }));
  const both = { 'w-1': staged(), 'w-2': staged() };
  assert.deepEqual(softTaintsOf(look({ spec: together, nodes: both })), []);
  assert.deepEqual(softTaintsOf(look({ spec: SPEC, nodes: { 'w-1': draining() } })), []);
  const bundle = { spec: aSpec(aBundle({ workers: '' })), nodes: { 'w-1': {}, 'w-2': {} } };
  assert.deepEqual(softTaintsOf(look(bundle)), []);
});

test('softTaint: false taints nobody, and takes what a run of before has left', () => {
  const policy = { drain: { softTaint: false } };
  assert.deepEqual(next({}, { policy }), []);
  assert.deepEqual(next({ softTaint }, { policy }), ['removeSoftTaint w-2']);
});

test('what was seen is remembered; one that somebody else removes is not set again', () => {
  const seen = look(scene({ softTaint }));
  assert.deepEqual(softTaintsOf(seen), []);
  assert.equal(targetOf(seen, 'w-2').softTaint, true);
  const removed = look(scene({}, { status: statusOf(seen) }));
  assert.deepEqual(softTaintsOf(removed), []);
  assert.equal(targetOf(removed, 'w-2').softTaint, true);
});

test('one that was not seen is set again: its write may be lost', () => {
  const first = look(scene({}));
  assert.equal(targetOf(first, 'w-2').softTaint, undefined);
  assert.deepEqual(next({}, { status: statusOf(first) }), ['softTaint w-2']);
});

test('the taint of another run is taken over by ours', () => {
  assert.deepEqual(next({ softTaint: 'other-1' }), ['softTaint w-2']);
});

test('while no pod has to go from anybody nobody is tainted; an empty node is, where pods could move to it', () => {
  for (const toGo of [0, undefined]) {
    const nodes = { 'w-1': draining({ toGo }), 'w-2': { ...staged(), toGo } };
    assert.deepEqual(softTaintsOf(look({ spec: SPEC, nodes })), []);
    const has = { ...nodes, 'w-2': { ...staged(), toGo, softTaint } };
    assert.deepEqual(softTaintsOf(look({ spec: SPEC, nodes: has })), [], 'who has it keeps it');
  }
  assert.deepEqual(next({ toGo: 0 }), ['softTaint w-2']);
});

test('it goes with the cordon, in one write', () => {
  const nodes = { 'w-1': { ...staged(), softTaint }, 'w-2': { ...staged(), softTaint } };
  const decision = look({ spec: SPEC, nodes });
  const orderId = `${RUN}.0.1`;
  assert.deepEqual(decision.kind === 'act' && decision.actions, [
    { kind: 'cordon', name: 'w-1', orderId, softTaint: RUN },
  ]);
});

test('one that is still there under way goes when the node is given back, and the order with it', () => {
  const committed = ordered({ goal: 'commit', signal: { phase: 'Committed' } });
  const decision = look({
    spec: SPEC,
    nodes: { 'w-1': { ...committed, ...mine, softTaint }, 'w-2': { ...staged(), softTaint } },
  });
  assert.deepEqual(softTaintsOf(decision), []);
  const given = decision.kind === 'act' && decision.actions.find(({ name }) => name === 'w-1');
  assert.deepEqual(given, {
    kind: 'uncordon',
    name: 'w-1',
    orderId: `${RUN}.0.1`,
    softTaint: RUN,
    order: committed.orderText,
  });
});

test('while it is being emptied it stays, for nobody can land there', () => {
  const nodes = { 'w-1': draining({ softTaint }), 'w-2': { ...staged(), softTaint } };
  assert.deepEqual(softTaintsOf(look({ spec: SPEC, nodes })), []);
});

test('who is at its end without having been begun loses it', () => {
  const told = { 'w-2': { phase: 'Failed', reason: 'DownloadFailed' } } as const;
  const policy = { maxFailures: 1 };
  assert.deepEqual(next({ softTaint }, { told, policy }), ['removeSoftTaint w-2']);
});

test('while nothing may be begun nobody carries it; after that it is set again', () => {
  const before = look(scene({ softTaint }));
  const status = statusOf(before);
  const paused = look(scene({ softTaint }, { status, policy: { paused: true } }));
  assert.deepEqual(softTaintsOf(paused), ['removeSoftTaint w-2']);
  assert.equal(targetOf(paused, 'w-2').softTaint, undefined);
  assert.deepEqual(next({}, { status: statusOf(paused) }), ['softTaint w-2']);
});

test('a run that stops takes it from everybody, and does not end before', () => {
  const told = { 'w-1': { phase: 'Failed', reason: 'DrainTimeout' } } as const;
  const cancelled = ordered({ goal: 'cancel', signal: { phase: 'Cancelled' } });
  const nodes = (over: Partial<NodeFacts>) => ({
    'w-1': cancelled,
    'w-2': { ...cancelled, ...over },
  });
  const decision = look({ spec: SPEC, nodes: nodes({ softTaint }), told });
  assert.equal(decision.kind, 'act');
  assert.deepEqual(softTaintsOf(decision), ['removeSoftTaint w-2']);
  const after = look({ spec: SPEC, nodes: nodes({}), status: statusOf(decision) });
  assert.equal(after.kind, 'end');
});

test('of thousands, so many carry it: those who have it already, and the nearest', () => {
  const names = Array.from({ length: MOST_SOFT_TAINTS + 50 }, (_, at) => `w-${at + 2}`);
  const far = names.at(-1)!;
  const nodes: Record<string, Partial<NodeFacts>> = { 'w-1': draining() };
  for (const name of names) nodes[name] = {};
  nodes[far] = { softTaint };
  nodes['w-240'] = staged();
  const decision = look({ spec: SPEC, nodes });
  const tainted = softTaintsOf(decision).map((text) => text.replace('softTaint ', ''));
  assert.equal(tainted.length, MOST_SOFT_TAINTS - 1);
  assert.ok(tainted.includes('w-240') && tainted.includes('w-2'));
  assert.ok(!tainted.includes('w-239') && !tainted.includes(far));
  assert.equal(targetOf(decision, far).softTaint, true);
});

test('what runs that are no more have left is removed, with the cordon where there is one', () => {
  const world = (node: NodeFacts, ...runs: string[]) => ({
    nodes: new Map([[node.name, node]]),
    controlNodes: new Map(),
    activeRuns: new Set(runs),
    epoch: 1,
  });
  const left = aNode('w-1', { softTaint: 'gone-1' });
  assert.deepEqual(tidy(world(left)), [{ kind: 'removeSoftTaint', name: 'w-1', run: 'gone-1' }]);
  assert.deepEqual(tidy(world(left, 'gone-1')), []);
  const cordoned = { ...left, cordon: { orderId: 'gone-1.0.1', ours: true } };
  assert.deepEqual(tidy(world(cordoned)), [
    { kind: 'uncordon', name: 'w-1', orderId: 'gone-1.0.1', softTaint: 'gone-1' },
  ]);
  // The cordon is another run's, which goes on.
  assert.deepEqual(
    tidy(world({ ...left, cordon: { orderId: 'run-2.0.1', ours: true } }, 'run-2')),
    [{ kind: 'removeSoftTaint', name: 'w-1', run: 'gone-1' }],
  );
});
