import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import type { BudgetFacts, NodeFacts } from '../../../src/plans/facts.ts';
import { leftOut } from '../../../src/plans/left-out.ts';
import { preflight } from '../../../src/plans/preflight.ts';
import { preview } from '../../../src/plans/preview.ts';
import type { Exemption } from '../../../src/targets/exemption.ts';
import {
  aBundle,
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  NEW,
  OLD,
  podsLeft,
  SHA,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import {
  actionsOf,
  failureOf,
  look,
  ordered,
  RUN,
  type Scene,
  staged,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const optOut = (untilMs: number): readonly Exemption[] => [{ kind: 'optOut', untilMs }];
const pin = (version: string, untilMs?: number): readonly Exemption[] => [
  { kind: 'pin', version, untilMs },
];
const unreadable: readonly Exemption[] = [
  { kind: 'unreadable', annotation: 'opt-out', message: 'annotation opt-out: wanted a time' },
];
const LATER = START_MS + 3_600_000;

const judged: [string, readonly Exemption[] | undefined, string | undefined][] = [
  ['nothing said', undefined, undefined],
  ['opted out', optOut(LATER), 'OptedOut: opted out until 2026-03-01T23:00:00Z'],
  ['opted out until now', optOut(START_MS), undefined],
  ['pinned to another version', pin(OLD), `Pinned: pinned to ${OLD}`],
  ['pinned for a time', pin(OLD, LATER), `Pinned: pinned to ${OLD} until 2026-03-01T23:00:00Z`],
  ['pinned until now', pin(OLD, START_MS), undefined],
  ['pinned to the very version', pin(NEW), undefined],
  ['not readable', unreadable, 'OptedOut: left out to be safe: annotation opt-out: wanted a time'],
];
for (const [sentence, exemptions, expected] of judged) {
  test(`left out: ${sentence}`, () => {
    const found = leftOut({ exemptions }, parseK0sVersion(NEW), START_MS);
    assert.equal(found && `${found.reason}: ${found.message}`, expected);
  });
}

test('no pin speaks of a bundle', () => {
  assert.equal(leftOut({ exemptions: pin(OLD) }, undefined, START_MS), undefined);
});

function previewed(nodes: readonly NodeFacts[], spec = aSpec(anUpdate({ workers: '' }))) {
  return preview(someFacts(spec, { controlNodes: [aControlNode('c1')], nodes }));
}

test('a node that is left out is not touched, the run completes and says so', () => {
  const { begun, status, outcome, warnings } = previewed([
    aNode('w1', { exemptions: optOut(START_MS + 86_400_000) }),
    aNode('w2'),
  ]);
  assert.equal(outcome.kind, 'completes');
  assert.deepEqual(
    begun.map(({ name }) => name),
    ['w2'],
  );
  assert.deepEqual(warnings, [
    {
      reason: 'OptedOut',
      message: 'commands[0]: worker w1 is left out: opted out until 2026-03-02T22:00:00Z',
    },
  ]);
  const [w1] = status!.commands![0]!.k0supdate!.workers!;
  assert.equal(`${w1?.phase} ${w1?.reason} ${w1?.state}`, 'Skipped OptedOut SignalPending');
  const completed = status!.conditions!.find(({ type }) => type === 'Completed');
  assert.equal(
    completed?.message,
    `1/2 targets run ${NEW}; w1 was left alone (opted out until 2026-03-02T22:00:00Z)`,
  );
});

test('an opt-out that has expired by the turn of its node leaves nobody out', () => {
  const nodes = [aNode('w1', { exemptions: optOut(START_MS + 59_000) }), aNode('w2')];
  assert.deepEqual(
    previewed(nodes).begun.map(({ name }) => name),
    ['w2', 'w1'],
  );
});

test('a bundle is not delivered to a node that has opted out', () => {
  const nodes = [aNode('w1', { exemptions: optOut(LATER) }), aNode('w2')];
  const { begun, outcome } = previewed(nodes, aSpec(aBundle({ workers: '' })));
  assert.equal(outcome.kind, 'completes');
  assert.deepEqual(
    begun.map(({ name }) => name),
    ['w2'],
  );
});

test('preflight asks nothing of a node that is left out', () => {
  const nodes = [aNode('w1', { exemptions: optOut(LATER), report: { kind: 'absent' } })];
  const facts = someFacts(aSpec(anUpdate({ workers: '' })), { nodes });
  assert.deepEqual(preflight(aSpec(anUpdate({ workers: '' })), facts).refusals, []);
});

test('S7: workers do not become newer than a controller that is left out', () => {
  const spec = aSpec(anUpdate({ controllers: '', workers: '', version: 'v1.37.0+k0s.0' }));
  const controlNodes = [aControlNode('c1'), aControlNode('c2', { exemptions: pin(OLD) })];
  const { refusals } = preflight(spec, someFacts(spec, { controlNodes, nodes: [aNode('w1')] }));
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['KubeletTooNew'],
  );
});

test('S7: nor than one that was left out once the run had begun: it fails, and says why', () => {
  const spec = aSpec(anUpdate({ controllers: '', workers: '', version: 'v1.37.0+k0s.0' }));
  const scene: Scene = {
    spec,
    controllers: { c1: { ...staged(), exemptions: pin(OLD) } },
    nodes: { w1: staged() },
  };
  const fresh = statusOf(look({ spec, controllers: { c1: {} }, nodes: { w1: {} } }));
  const passed = look({ ...scene, status: fresh });
  assert.equal(targetOf(passed, 'c1').phase, 'Skipped');
  const failed = look({ ...scene, status: statusOf(passed) });
  assert.equal(failed.kind, 'act');
  assert.deepEqual(actionsOf(failed), []);
  assert.equal(statusOf(failed).commands?.[0]?.failure?.reason, 'KubeletTooNew');
  const stopped = look({ ...scene, status: statusOf(failed) });
  assert.deepEqual(actionsOf(stopped), ['cancel w1']);
  const cancelled = ordered({ goal: 'cancel', signal: { phase: 'Cancelled' } });
  const ended = look({ ...scene, nodes: { w1: cancelled }, status: statusOf(stopped) });
  assert.equal(ended.kind, 'end');
  assert.equal(failureOf(ended)?.reason, 'KubeletTooNew');
  assert.match(
    failureOf(ended)?.message ?? '',
    /^controller c1 runs v1.36.1\+k0s.0 and was left out \(pinned to v1.36.1\+k0s.0\): workers of v1.37.0\+k0s.0 would be newer than its API server/,
  );
});

test('the others wait for the backup while the controller that is to make it is left out', () => {
  const spec = aSpec(anUpdate({ controllers: '' }));
  const bearer = ordered({
    goal: 'stage',
    order: { backup: { keep: 3, withinMs: 600_000 } },
    signal: { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } },
  });
  const decision = look({
    spec,
    controllers: { c1: { ...bearer, exemptions: optOut(LATER) }, c2: staged() },
  });
  assert.deepEqual(actionsOf(decision), []);
  assert.equal(
    statusOf(decision).waitsFor,
    'controller c1 is to make the backup first, and was opted out until 2026-03-01T23:00:00Z',
  );
});

const WORKERS = aSpec(anUpdate({ workers: '', concurrent: 1 }));
const gone = { unschedulable: true };
const done = ordered({ goal: 'commit', signal: { phase: 'Committed' } });

test('a healthy node that was cordoned before the run holds nobody up, before its update and after', () => {
  const fresh = preview(someFacts(WORKERS, { nodes: [aNode('w1'), aNode('w2', gone)] }));
  assert.equal(fresh.outcome.kind, 'completes');
  assert.deepEqual(
    fresh.begun.map(({ name }) => name),
    ['w2', 'w1'],
  );
});

test('one that is cordoned while the run is under way counts, until it is given back', () => {
  const told = { w1: { phase: 'Committed', state: 'SignalCompleted' } } as const;
  const nodes = { w1: { ...done, ...gone }, w2: staged() };
  const decision = look({ spec: WORKERS, nodes, told });
  assert.equal(statusOf(decision).waitsFor, '0 under way, limit 1; w1 down or cordoned by others');
  const cordoned = look({ spec: WORKERS, nodes, told: { w1: { ...told.w1, cordoned: true } } });
  assert.deepEqual(actionsOf(cordoned), ['cordon w2']);
  const down = { ...nodes, w1: { ...nodes.w1, ready: 'False' as const } };
  const broken = look({
    spec: WORKERS,
    nodes: down,
    told: { w1: { ...told.w1, cordoned: true } },
  });
  assert.deepEqual(actionsOf(broken), []);
});

test('that a node was cordoned is noted when it is taken over, and forgotten when it is given back', () => {
  const kept = { cordon: { orderId: `${RUN}.0.1`, ours: false } };
  const taken = look({ spec: WORKERS, nodes: { w1: { ...staged(), ...gone, ...kept } } });
  assert.equal(targetOf(taken, 'w1').cordoned, true);
  const back = look({
    spec: WORKERS,
    nodes: { w1: staged() },
    told: { w1: { cordoned: true } },
  });
  assert.equal(targetOf(back, 'w1').cordoned, undefined);
});

const budget = (disruptionsAllowed: number, name = 'web'): BudgetFacts => ({
  namespace: 'shop',
  name,
  expectedPods: 3,
  desiredHealthy: 2,
  disruptionsAllowed,
});
const covers = (...names: string[]) => ({
  outlook: { budgets: names.map((name) => ({ namespace: 'shop', name, pods: 1 })) },
});
const mark = { unschedulable: true, cordon: { orderId: `${RUN}.0.1`, ours: true } };
const draining = { ...staged(), ...mark, drain: podsLeft(1) };

const together: [
  sentence: string,
  nodes: NonNullable<Scene['nodes']>,
  budgets: readonly BudgetFacts[],
  begun: string[],
  waitsFor: string | undefined,
][] = [
  [
    'two nodes that share a budget which spares one pod go one after the other, a third beside the first',
    {
      w1: { ...staged(), ...covers('web') },
      w2: { ...staged(), ...covers('web') },
      w3: { ...staged(), ...covers() },
    },
    [budget(1)],
    ['cordon w1', 'cordon w3'],
    undefined,
  ],
  [
    'both go at once where the budget spares both',
    { w1: { ...staged(), ...covers('web') }, w2: { ...staged(), ...covers('web') } },
    [budget(2)],
    ['cordon w1', 'cordon w2'],
    undefined,
  ],
  [
    'beside a node that is being emptied nobody goes who shares its budget',
    { w1: { ...draining, ...covers('web') }, w2: { ...staged(), ...covers('web') } },
    [budget(1)],
    ['evict w1'],
    undefined,
  ],
  [
    'a node that cannot be drained now is passed over',
    { w1: { ...staged(), ...covers('api') }, w2: { ...staged(), ...covers('web') } },
    [budget(0, 'api'), budget(1)],
    ['cordon w2'],
    undefined,
  ],
  [
    'where only such are left, the first is begun all the same',
    { w1: { ...staged(), ...covers('api') }, w2: { ...staged(), ...covers('api') } },
    [budget(0, 'api')],
    ['cordon w1'],
    undefined,
  ],
  [
    'but not while another is under way, after which it may be better',
    {
      w1: { ...ordered({ goal: 'apply', signal: { phase: 'Applying' } }), ...mark, ...covers() },
      w2: { ...staged(), ...covers('api') },
    },
    [budget(0, 'api')],
    [],
    undefined,
  ],
  [
    'a node whose pods are not known yet is waited for',
    { w1: staged(), w2: { ...staged(), ...covers() } },
    [budget(1)],
    [],
    'the pods of w1 are being listed',
  ],
  [
    'where there are no budgets nobody is asked for pods',
    { w1: staged(), w2: staged() },
    [],
    ['cordon w1', 'cordon w2'],
    undefined,
  ],
];
for (const [sentence, nodes, budgets, begun, waitsFor] of together) {
  test(`budgets: ${sentence}`, () => {
    const spec = aSpec(anUpdate({ workers: '', concurrent: 2 }));
    const decision = look({ spec, nodes, budgets });
    assert.deepEqual(actionsOf(decision), begun);
    if (waitsFor !== undefined) assert.equal(statusOf(decision).waitsFor, waitsFor);
  });
}

test('who is next is told, so that its pods can be listed in time; some beyond the limit as well', () => {
  const names = Array.from({ length: 9 }, (_, at) => `w${at + 1}`);
  const nodes = Object.fromEntries(names.map((name) => [name, { ...staged(), ...covers() }]));
  const decision = look({ spec: WORKERS, nodes, budgets: [budget(1)] });
  assert.equal(decision.kind, 'act');
  assert.deepEqual(decision.kind === 'act' && decision.lookAhead, names.slice(0, 6));
});

test('preflight lists what is cordoned first, as it is begun', () => {
  const facts = someFacts(WORKERS, {
    policy: aPolicy({}),
    nodes: [aNode('w1'), aNode('w2', gone), aNode('w3', { ready: 'False' })],
  });
  assert.deepEqual(preflight(WORKERS, facts).commands[0]?.workers, ['w2', 'w3', 'w1']);
});
