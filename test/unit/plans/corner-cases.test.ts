import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanStatus, TargetPhase } from '../../../src/api/plan.ts';
import { decide } from '../../../src/plans/decide.ts';
import type { PlanFacts } from '../../../src/plans/facts.ts';
import {
  aBundle,
  aControlNode,
  aNode,
  anUpdate,
  aReport,
  aSpec,
  NEW,
  OLD,
  someFacts,
} from '../../support/builders.ts';
import { actionsOf, begun, ordered, ordersOf, statusOf, targetOf } from '../../support/scene.ts';

const conditionOf = (status: PlanStatus, type: string) =>
  status.conditions?.find((one) => one.type === type);
const running = (name: string, k0sVersion: string) =>
  aNode(name, { report: { kind: 'valid', value: aReport({ k0sVersion }) } });

/** A run over workers that has begun, with what status says of them. */
function aRun(workers: Readonly<Record<string, TargetPhase>>, selector = false): PlanStatus {
  const names = Object.keys(workers);
  const spec = aSpec(anUpdate({ workers: selector ? '' : names, concurrent: 9 }));
  const status = begun(someFacts(spec, { nodes: names.map((name) => aNode(name)) }));
  for (const target of status.commands?.[0]?.k0supdate?.workers ?? []) {
    const phase = workers[target.name]!;
    const state = phase === 'Committed' ? 'SignalCompleted' : target.state;
    Object.assign(target, { phase, state });
  }
  return status;
}

const vanishing: [TargetPhase, after: TargetPhase, reason: string | undefined][] = [
  ['Pending', 'Failed', 'NodeVanished'],
  ['Downloading', 'Failed', 'NodeVanished'],
  ['Staged', 'Failed', 'NodeVanished'],
  ['Draining', 'Failed', 'NodeVanished'],
  ['Applying', 'Failed', 'NodeVanished'],
  ['OnTrial', 'Failed', 'NodeVanished'],
  ['Committing', 'Failed', 'NodeVanished'],
  ['Undoing', 'Failed', 'NodeVanished'],
  ['Held', 'Failed', 'NodeVanished'],
  // What is at its end stays there.
  ['Committed', 'Committed', undefined],
  ['Undone', 'Undone', undefined],
  ['Skipped', 'Skipped', undefined],
];
for (const [phase, after, reason] of vanishing) {
  test(`a Node that is deleted while ${phase} is ${after}, and the run ends`, () => {
    const status = aRun({ 'w-1': phase });
    const decision = decide(someFacts(status.frozenSpec!, { plan: { status } }));
    const target = targetOf(decision, 'w-1');
    assert.deepEqual([target.phase, target.reason], [after, reason]);
    assert.equal(decision.kind, 'end');
  });
}

test('a Node that is renamed: the old name fails, the new one is named at the end and left alone', () => {
  const status = aRun({ 'w-1': 'Pending' }, true);
  const decision = decide(
    someFacts(status.frozenSpec!, { plan: { status }, nodes: [aNode('w-new')] }),
  );
  assert.equal(targetOf(decision, 'w-1').reason, 'NodeVanished');
  assert.deepEqual(ordersOf(decision), {});
  const { message = '' } = conditionOf(statusOf(decision), 'Failed') ?? {};
  assert.match(message, /w-1 failed: Node w-1 was deleted/);
  assert.match(message, /\. w-new came after the run began and was left alone: a new spec.id/);
});

test('Nodes that come during a run are named at its end, those that match it alone', () => {
  const status = aRun({ 'w-1': 'Committed' }, true);
  const nodes = [running('w-1', NEW), aNode('w-10'), aNode('w-9'), aNode('cp-1')];
  const facts = { plan: { status }, nodes, controlNodes: [aControlNode('cp-1')] };
  const { message } = conditionOf(
    statusOf(decide(someFacts(status.frozenSpec!, facts))),
    'Completed',
  )!;
  assert.match(message, /\. w-9, w-10 came after the run began and were left alone/);
  const byNames = aRun({ 'w-1': 'Committed' });
  const named = statusOf(
    decide(someFacts(byNames.frozenSpec!, { ...facts, plan: { status: byNames } })),
  );
  assert.equal(conditionOf(named, 'Completed')?.message, `1/1 targets run ${NEW}`);
});

test('the end says what runs by now where another Plan has brought it further', () => {
  const status = aRun({ 'w-1': 'Committed' });
  const nodes = [running('w-1', 'v1.36.9+k0s.0')];
  const decision = decide(someFacts(status.frozenSpec!, { plan: { status }, nodes }));
  const { message } = conditionOf(statusOf(decision), 'Completed')!;
  assert.equal(message, `1/1 targets run ${NEW}. By now w-1 runs v1.36.9+k0s.0`);
});

const edited = aSpec(anUpdate({ workers: ['w-1'], version: 'v1.36.9+k0s.0' }));
const edits: [string, Partial<PlanFacts['plan']>, kind: string][] = [
  ['the same spec again is no new generation, and rests', { generation: 1 }, 'rest'],
  ['the same id with another spec runs', { generation: 2, spec: edited }, 'begin'],
  ['another id with the same spec runs', { generation: 2 }, 'begin'],
  [
    'an edit that cannot be read is refused',
    { generation: 2, spec: { invalid: 'x', reason: 'InvalidSpec' } },
    'refuse',
  ],
];
for (const [sentence, plan, kind] of edits) {
  test(`after its end: ${sentence}`, () => {
    const spec = aSpec(anUpdate({ workers: ['w-1'] }));
    const status = { state: 'Completed', observedGeneration: 1, runID: '01234567-1' };
    const facts = someFacts(spec, { plan: { status, ...plan }, nodes: [aNode('w-1')] });
    assert.equal(decide(facts).kind, kind);
  });
}

test('edited while it runs: it goes on with what it froze, and then runs the edit under another name', () => {
  const status = aRun({ 'w-1': 'Staged' });
  const nodes = [aNode('w-1', ordered({ goal: 'stage', signal: { phase: 'Staged' } }))];
  const plan = { status, generation: 2 };
  const decision = decide(someFacts(edited, { plan, nodes }));
  assert.deepEqual(actionsOf(decision), ['cordon w-1']);
  assert.equal(statusOf(decision).targetVersion, NEW);
  const done = aRun({ 'w-1': 'Committed' });
  const ended = statusOf(
    decide(
      someFacts(edited, { plan: { status: done, generation: 2 }, nodes: [running('w-1', NEW)] }),
    ),
  );
  assert.equal(ended.state, 'Completed');
  const again = statusOf(
    decide(
      someFacts(edited, { plan: { status: ended, generation: 2 }, nodes: [running('w-1', NEW)] }),
    ),
  );
  assert.deepEqual([again.runID, again.targetVersion], ['01234567-2', 'v1.36.9+k0s.0']);
});

const skews: [
  string,
  from: string,
  to: string,
  role: 'controllers' | 'workers',
  force: boolean,
  reason: string | undefined,
][] = [
  ['a patch back warns', NEW, OLD, 'workers', false, 'DowngradeRefused warning'],
  ['a minor version back is refused', NEW, 'v1.35.9+k0s.0', 'workers', false, 'DowngradeRefused'],
  ['a minor version back with forceupdate runs', NEW, 'v1.35.9+k0s.0', 'workers', true, undefined],
  [
    'a controller skips no minor version',
    'v1.34.1+k0s.0',
    NEW,
    'controllers',
    false,
    'SkewTooWide',
  ],
  [
    'a worker may: Kubernetes forbids it for API servers alone',
    'v1.34.1+k0s.0',
    NEW,
    'workers',
    false,
    undefined,
  ],
];
for (const [sentence, from, to, role, force, reason] of skews) {
  test(`versions: ${sentence}`, () => {
    const spec = aSpec(anUpdate({ [role]: '', version: to, force }));
    const { report } = running('x', from);
    const host = { report, k0sVersion: role === 'controllers' ? from : NEW };
    const decision = decide(
      someFacts(spec, {
        nodes: role === 'workers' ? [aNode('w-1', { report })] : [],
        controlNodes: [
          aControlNode(
            'cp-1',
            role === 'controllers' ? host : { report: running('x', NEW).report, k0sVersion: NEW },
          ),
        ],
      }),
    );
    const accepted = conditionOf(statusOf(decision), 'Accepted');
    if (reason === undefined || reason.endsWith('warning')) {
      assert.equal(decision.kind, 'begin');
      assert.equal(accepted?.reason, reason?.split(' ')[0] ?? 'Started');
    } else {
      assert.equal(decision.kind, 'refuse');
      assert.equal(accepted?.reason, reason);
    }
  });
}

test('a hybrid gets one order, on its ControlNode, whatever the Plan selects', () => {
  const hybrid = { nodes: [aNode('cp-1')], controlNodes: [aControlNode('cp-1')] };
  const both = aSpec(anUpdate({ controllers: '', workers: '' }));
  const orders = (spec: typeof both) => {
    const status = begun(someFacts(spec, hybrid));
    const decision = decide(someFacts(spec, { ...hybrid, plan: { status } }));
    return decision.kind === 'act'
      ? decision.actions.map((one) => `${one.kind} ${'role' in one ? one.role : ''} ${one.name}`)
      : [];
  };
  assert.deepEqual(orders(both), ['order controller cp-1']);
  assert.deepEqual(orders(aSpec(aBundle({ workers: '' }))), ['order controller cp-1']);
  const asWorker = decide(someFacts(aSpec(anUpdate({ workers: '' })), hybrid));
  assert.equal(conditionOf(statusOf(asWorker), 'Accepted')?.reason, 'NoTargets');
});
