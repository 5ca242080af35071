import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../src/plans/decide.ts';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import { placeOf } from '../../../src/plans/queue.ts';
import {
  aBundle,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  NEW,
  podsLeft,
  someFacts,
} from '../../support/builders.ts';
import {
  actionsOf,
  look,
  ordered,
  RUN,
  type Scene,
  staged,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '', workers: '', concurrent: 2 }));
const cordoned: Partial<NodeFacts> = {
  unschedulable: true,
  cordon: { orderId: `${RUN}.0.1`, ours: true },
};
const drained = { ...cordoned, drain: podsLeft(0) };
const healthy = { version: NEW, exits: 0, healthy: true };
const trial = { goal: 'apply', signal: { phase: 'OnTrial', running: healthy } } as const;
const ready = { kubeletVersion: 'v1.36.3+k0s', renewals: 2 };

/** Looks at a run that had begun before the brake was pulled. */
function paused(scene: Scene) {
  const { status } = scene.status ? scene : { status: statusOf(look({ ...scene, policy: {} })) };
  return look({ ...scene, status: status!, policy: { paused: true } });
}

const rows: [sentence: string, scene: Omit<Scene, 'spec'>, actions: string[]][] = [
  ['nothing is downloaded', { nodes: { 'w-1': {} } }, []],
  ['no controller is applied', { controllers: { 'cp-1': staged() } }, []],
  ['no worker is cordoned', { nodes: { 'w-1': staged() } }, []],
  [
    'a node that is being emptied is given back',
    { nodes: { 'w-1': { ...staged(), ...cordoned, drain: podsLeft(3) } } },
    ['uncordon w-1'],
  ],
  [
    'a node that is empty is given back as well',
    { nodes: { 'w-1': { ...staged(), ...drained } } },
    ['uncordon w-1'],
  ],
  [
    'a trial that is passed is committed',
    { nodes: { 'w-1': { ...ordered(trial), ...cordoned, ...ready } } },
    ['commit w-1'],
  ],
  [
    'what is committed is given back',
    {
      nodes: {
        'w-1': { ...ordered({ goal: 'commit', signal: { phase: 'Committed' } }), ...cordoned },
      },
    },
    ['uncordon w-1'],
  ],
];
for (const [sentence, scene, actions] of rows) {
  test(`paused: ${sentence}`, () => {
    assert.deepEqual(actionsOf(paused({ spec: SPEC, ...scene })), actions);
  });
}

test('paused: a trial that is not passed in time is undone', () => {
  const scene = {
    spec: SPEC,
    nodes: { 'w-1': { ...ordered(trial), ...cordoned, ready: 'False' as const } },
    told: { 'w-1': { phase: 'OnTrial' as const, lastUpdatedTimestamp: '2026-03-01T20:00:00Z' } },
  };
  assert.deepEqual(actionsOf(paused(scene)), ['undo w-1']);
});

test('paused: no bundle is fetched', () => {
  const spec = aSpec(aBundle({ concurrent: 3 }));
  const decision = paused({ spec, nodes: { 'w-1': {}, 'w-2': {} } });
  assert.deepEqual(actionsOf(decision), []);
  assert.equal(targetOf(decision, 'w-1').phase, 'Pending');
});

test('paused: the Plan says so, where that is said, and what is still under way', () => {
  const decision = paused({
    spec: SPEC,
    nodes: { 'w-1': { ...ordered({ goal: 'apply' }), ...cordoned }, 'w-2': {} },
  });
  const waiting = statusOf(decision).conditions?.find(({ type }) => type === 'Waiting');
  assert.equal(waiting?.reason, 'Paused');
  assert.equal(
    waiting?.message,
    "paused: the orchestrator's own policy file says paused: true; still under way: w-1 Applying: told to swap the binary",
  );
});

test('paused: a Plan that has not begun waits, and goes on when the brake is let go', () => {
  const over = { nodes: [aNode('w-1')], controlNodes: [] };
  const spec = aSpec(anUpdate({ workers: '' }));
  const held = decide(someFacts(spec, { ...over, policy: aPolicy({ paused: true }) }));
  assert.equal(held.kind, 'queue');
  assert.match(statusOf(held).waitsFor ?? '', /^paused: /);
  const free = decide(someFacts(spec, { ...over, plan: { status: statusOf(held) } }));
  assert.equal(free.kind, 'begin');
});

test('paused: what is wrong with the text of a Plan is said all the same', () => {
  const spec = aSpec(anUpdate({ workers: '', version: 'latest' }));
  const decision = decide(someFacts(spec, { policy: aPolicy({ paused: true }) }));
  assert.equal(decision.kind, 'refuse');
});

test('paused: a Plan of its own may be, and the others go on', () => {
  const spec = { ...aSpec(anUpdate({ workers: '' })), policy: { paused: true } };
  const decision = decide(someFacts(spec, { nodes: [aNode('w-1')] }));
  assert.equal(statusOf(decision).waitsFor, 'paused: the Plan says spec.policy.paused: true');
  const plan = (name: string, createdAtMs: number) => ({
    name,
    uid: name,
    generation: 1,
    createdAtMs,
    appliedAtMs: createdAtMs,
    status: undefined,
    requests: [],
    deleted: false,
    spec: aSpec(anUpdate({ workers: '' })),
  });
  const [older, newer] = [plan('older', 1), plan('newer', 2)];
  const before = (isHeld: boolean) =>
    placeOf(newer, [older, newer], { world: undefined, isHeld: () => isHeld }).before;
  assert.deepEqual(before(false), ['older']);
  assert.deepEqual(before(true), []);
});
