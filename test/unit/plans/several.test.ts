import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import { decide } from '../../../src/plans/decide.ts';
import type { LaterPlan, OtherPlans, PlanFacts } from '../../../src/plans/facts.ts';
import { NO_OTHERS } from '../../../src/plans/others.ts';
import { queueMessage } from '../../../src/plans/turn.ts';
import {
  aNode,
  anUpdate,
  aPolicy,
  aReport,
  aSpec,
  NEW,
  someFacts,
} from '../../support/builders.ts';
import { actionsOf, begun, ordered, ordersOf, statusOf, targetOf } from '../../support/scene.ts';

const PATCH = 'v1.36.4+k0s.0';
const staged = ordered({ goal: 'stage', signal: { phase: 'Staged' } });

/** Two staged workers of a Plan that may take both at once, beside other Plans. */
function beside(others: Partial<OtherPlans>, over: Partial<PlanFacts> = {}, concurrent = 2) {
  const spec = aSpec(anUpdate({ workers: ['w-1', 'w-2'], concurrent }));
  const status = begun(someFacts(spec, { nodes: [aNode('w-1'), aNode('w-2')] }));
  return decide(
    someFacts(spec, {
      plan: { status },
      others: { ...NO_OTHERS, ...others },
      policy: over.policy ?? aPolicy({}),
      nodes: ['w-1', 'w-2', 'w-3', 'w-4'].map((name) =>
        aNode(name, name < 'w-3' ? staged : { unschedulable: name === 'w-4' }),
      ),
      plansBefore: over.plansBefore ?? [],
    }),
  );
}

test('beside nobody its own limit holds alone, whatever the cluster says', () => {
  const policy = aPolicy({ maxUnavailable: 1 });
  assert.deepEqual(actionsOf(beside({}, { policy })), ['cordon w-1', 'cordon w-2']);
});

test('S3 across Plans: what others have away counts against the widest limit', () => {
  const others = { inFlight: new Set(['w-3']), workers: new Set(['w-3']), limit: 1 };
  assert.deepEqual(actionsOf(beside(others)), ['cordon w-1']);
  assert.deepEqual(actionsOf(beside({ ...others, limit: 3 })), ['cordon w-1', 'cordon w-2']);
});

test('S3 across Plans: one that takes one at a time waits for the slot, and says who has it', () => {
  const decision = beside(
    { inFlight: new Set(['w-3']), workers: new Set(['w-3']), limit: 1 },
    {},
    1,
  );
  assert.deepEqual(actionsOf(decision), []);
  assert.equal(
    statusOf(decision).waitsFor,
    '0 under way, w-3 away for other Plans, limit 1 of the widest of these Plans',
  );
});

test('S3 across Plans: maxUnavailable of the cluster bounds all of them together', () => {
  const others = { inFlight: new Set(['w-3']), workers: new Set(['w-3', 'w-4']), limit: 2 };
  const at = (maxUnavailable: number | string) =>
    actionsOf(beside(others, { policy: aPolicy({ maxUnavailable, limits: 'Override' }) })).length;
  // w-3 is under way and w-4 is cordoned by somebody.
  assert.deepEqual([at(2), at(3), at(4), at('50%'), at('75%')], [0, 1, 2, 0, 1]);
});

test('a run that was overtaken begins nothing, and says behind whom it stands', () => {
  const decision = beside({ behind: ['c'] }, { plansBefore: ['patch'] });
  assert.deepEqual(actionsOf(decision), []);
  assert.equal(statusOf(decision).waitsFor, 'Plan patch runs first; 2nd of 3');
});

test('the place in the queue is said', () => {
  const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
  const others = { ...NO_OTHERS, behind: ['z'] };
  assert.equal(
    queueMessage({ plansBefore: many, others }),
    'Plan a, b, c, d, e and 5 more runs first; 11th of 12',
  );
});

test('what a held run has staged gives way to the orders of the one that overtakes it', () => {
  const foreign = ordered({
    goal: 'stage',
    signal: { phase: 'Staged' },
    order: { id: 'old.0.1', run: 'old' },
  });
  const spec = aSpec(anUpdate({ workers: ['w-1'] }));
  const at = (parkedRuns: ReadonlySet<string>) => {
    const status = begun(someFacts(spec, { nodes: [aNode('w-1')] }));
    const others = { ...NO_OTHERS, parkedRuns };
    return decide(someFacts(spec, { plan: { status }, others, nodes: [aNode('w-1', foreign)] }));
  };
  assert.deepEqual(ordersOf(at(new Set())), {});
  assert.deepEqual(Object.keys(ordersOf(at(new Set(['old'])))), ['w-1']);
});

test('one whose order was taken over is ordered anew, under a number of its own', () => {
  const spec = aSpec(anUpdate({ workers: ['w-1'] }));
  const fresh = begun(someFacts(spec, { nodes: [aNode('w-1')] }));
  const target = fresh.commands?.[0]?.k0supdate?.workers?.[0];
  Object.assign(target ?? {}, { phase: 'Staged' });
  const taken = ordered({
    goal: 'apply',
    signal: { phase: 'OnTrial' },
    order: { id: 'patch.0.1', run: 'patch' },
  });
  const held = decide(
    someFacts(spec, {
      plan: { status: fresh },
      plansBefore: ['patch'],
      nodes: [aNode('w-1', taken)],
    }),
  );
  assert.equal(targetOf(held, 'w-1').phase, 'Pending');
  const again = decide(
    someFacts(spec, { plan: { status: statusOf(held) }, nodes: [aNode('w-1')] }),
  );
  assert.match(ordersOf(again)['w-1']?.id ?? '', /\.0\.2$/);
});

const patched = (name: string) => aNode(name, { report: aReportOf(PATCH) });
const aReportOf = (k0sVersion: string) => ({
  kind: 'valid' as const,
  value: aReport({ k0sVersion }),
});
const later = (name: string, ...targets: string[]): LaterPlan => ({
  name,
  brought: new Map(targets.map((target) => [target, parseK0sVersion(PATCH)!])),
});

test('versions do not go back: what was brought since the run began is left alone', () => {
  const spec = aSpec(anUpdate({ workers: ['w-1', 'w-2'] }));
  const status = begun(someFacts(spec, { nodes: [aNode('w-1'), aNode('w-2')] }));
  const decision = decide(
    someFacts(spec, { plan: { status }, nodes: [patched('w-1'), aNode('w-2')] }),
  );
  const { phase, reason, state } = targetOf(decision, 'w-1');
  assert.deepEqual([phase, reason, state], ['Skipped', 'Superseded', 'SignalPending']);
  assert.deepEqual(Object.keys(ordersOf(decision)), ['w-2']);
});

test('versions do not go back: what a later Plan has brought is left alone, and it is named', () => {
  const spec = aSpec(anUpdate({ workers: ['w-1'] }));
  const facts = {
    nodes: [patched('w-1')],
    others: { ...NO_OTHERS, later: [later('patch', 'w-1')] },
  };
  const decision = decide(
    someFacts(spec, { ...facts, plan: { status: begun(someFacts(spec, facts)) } }),
  );
  assert.equal(decision.kind, 'end');
  const failed = statusOf(decision).conditions?.find(({ type }) => type === 'Failed');
  assert.equal(failed?.reason, 'Superseded');
  assert.match(
    failed?.message ?? '',
    /^w-1 was left alone: Plan patch, which was applied later, has brought v1.36.4\+k0s.0/,
  );
});

test('who wants an older version, and applies it last, gets it', () => {
  const spec = aSpec(anUpdate({ workers: ['w-1'] }));
  const facts = { nodes: [patched('w-1')] };
  const decision = decide(
    someFacts(spec, { ...facts, plan: { status: begun(someFacts(spec, facts)) } }),
  );
  assert.deepEqual(actionsOf(decision), ['stage w-1']);
});

const waiting = (version: string, workers: string[], supersede?: 'Waiting') => ({
  name: 'patch',
  brought: new Map(),
  spec: { ...aSpec(anUpdate({ workers, version })), ...(supersede && { policy: { supersede } }) },
});
const supersedings: [sentence: string, LaterPlan, isSuperseded: boolean][] = [
  ['not asked for: each runs in its turn', waiting(PATCH, ['w-1', 'w-2']), false],
  ['a later patch of all targets takes the place', waiting(PATCH, ['w-1', 'w-2'], 'Waiting'), true],
  ['of some targets only: both run', waiting(PATCH, ['w-2'], 'Waiting'), false],
  ['the same version again: both run', waiting(NEW, ['w-1'], 'Waiting'), false],
  ['the next minor version: both run', waiting('v1.37.0+k0s.0', ['w-1'], 'Waiting'), false],
  [
    'one that could not begin takes nobody’s place',
    waiting(PATCH, ['w-1', 'w-9'], 'Waiting'),
    false,
  ],
];
for (const [sentence, plan, isSuperseded] of supersedings) {
  test(`superseding: ${sentence}`, () => {
    const spec = aSpec(anUpdate({ workers: ['w-1'] }));
    const nodes = [aNode('w-1'), aNode('w-2')];
    const decision = decide(someFacts(spec, { nodes, others: { ...NO_OTHERS, later: [plan] } }));
    assert.equal(decision.kind, isSuperseded ? 'refuse' : 'begin');
    if (!isSuperseded) return;
    const { state, conditions } = statusOf(decision);
    assert.equal(state, 'ApplyFailed');
    assert.equal(conditions?.find(({ type }) => type === 'Failed')?.reason, 'Superseded');
    assert.match(
      conditions?.[0]?.message ?? '',
      /^Plan patch, which was applied later, brings v1.36.4/,
    );
  });
}
