import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareK0sVersions, parseK0sVersion } from '../../../src/api/k0s-version.ts';
import { decide } from '../../../src/plans/decide.ts';
import { formatOrder, parseOrder } from '../../../src/signals/order.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aReport,
  aSpec,
  NEW,
  SHA,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import {
  actionsOf,
  look,
  ordered,
  ordersOf,
  type Scene,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

/** What k0s's own unit tests promise, where no other file of ours says it. */
const SPEC = aSpec(anUpdate({ controllers: '', workers: '' }));
const STAGED = { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } } as const;
const DONE = { phase: 'Committed', state: 'SignalCompleted' } as const;
const DOWN = { ready: 'False', message: 'no answer', atMs: START_MS, sinceMs: 1 } as const;

const begins = (spec: typeof SPEC, world: Parameters<typeof someFacts>[1]) =>
  decide(
    someFacts(spec, { controlNodes: [aControlNode('cp-1')], nodes: [aNode('w-1')], ...world }),
  );
const withoutLabels = { labels: {}, platform: undefined };
const onArm = {
  platform: 'linux-arm64',
  report: { kind: 'valid' as const, value: aReport({ platform: 'linux-arm64' }) },
};

const refused: [
  sentence: string,
  spec: typeof SPEC,
  target: string,
  state: string,
  world: object,
][] = [
  [
    'a controller that does not exist',
    aSpec(anUpdate({ controllers: ['nobody'] })),
    'nobody',
    'SignalMissingNode',
    {},
  ],
  [
    'a worker that does not exist',
    aSpec(anUpdate({ workers: ['nobody'] })),
    'nobody',
    'SignalMissingNode',
    {},
  ],
  [
    'a controller of a platform that is not in the map',
    aSpec(anUpdate({ controllers: ['cp-1'] })),
    'cp-1',
    'SignalMissingPlatform',
    { controlNodes: [aControlNode('cp-1', onArm)] },
  ],
  [
    'a worker of a platform that is not in the map',
    aSpec(anUpdate({ workers: ['w-1'] })),
    'w-1',
    'SignalMissingPlatform',
    { nodes: [aNode('w-1', onArm)] },
  ],
  [
    'a worker without the labels of its platform',
    aSpec(anUpdate({ workers: ['w-1'] })),
    'w-1',
    'SignalMissingPlatform',
    { nodes: [aNode('w-1', withoutLabels)] },
  ],
];
for (const [sentence, spec, name, state, world] of refused) {
  test(`${sentence}: ${state}, and the Plan is IncompleteTargets`, () => {
    const decision = begins(spec, world);
    assert.equal(decision.kind, 'refuse');
    assert.equal(statusOf(decision).state, 'IncompleteTargets');
    assert.equal(targetOf(decision, name).state, state);
  });
}

test('a Plan that begins has all its targets SignalPending, and is SchedulableWait', () => {
  const decision = begins(SPEC, {});
  assert.equal(decision.kind, 'begin');
  assert.equal(statusOf(decision).state, 'SchedulableWait');
  assert.equal(targetOf(decision, 'cp-1').state, 'SignalPending');
  assert.equal(targetOf(decision, 'w-1').state, 'SignalPending');
});

test('who is to go next gets an order with the artifact of its platform, and is SignalSent', () => {
  const decision = look({ spec: SPEC, controllers: { 'cp-1': {} }, nodes: { 'w-1': {} } });
  const order = ordersOf(decision)['cp-1'];
  assert.equal(order?.artifact.version, NEW);
  assert.equal(order?.artifact.url, 'https://mirror.example/k0s');
  assert.equal(targetOf(decision, 'cp-1').state, 'SignalSent');
});

/** Both controllers of two done, or under way. */
const two = (over: Partial<Scene>): Scene => ({
  spec: aSpec(anUpdate({ controllers: '' })),
  controllers: { 'cp-1': {}, 'cp-2': {} },
  ...over,
});

test('who is done already gets no other order', () => {
  const decision = look(two({ told: { 'cp-1': DONE, 'cp-2': DONE } }));
  assert.deepEqual(actionsOf(decision), []);
});

test('once all targets are SignalCompleted command and Plan are Completed', () => {
  const status = statusOf(look(two({ told: { 'cp-1': DONE, 'cp-2': DONE } })));
  assert.equal(status.state, 'Completed');
  assert.equal(status.commands?.[0]?.state, 'Completed');
});

test('while the next one is held back and nothing is under way the Plan is Schedulable', () => {
  const decision = look({
    spec: aSpec(anUpdate({ controllers: ['cp-1'] })),
    controllers: {
      'cp-1': ordered({ goal: 'stage', signal: STAGED }),
      'cp-2': { apiServer: DOWN },
    },
    told: { 'cp-1': { phase: 'Staged', state: 'SignalSent' } },
  });
  assert.equal(statusOf(decision).state, 'Schedulable');
});

test('while one is under way the Plan is SchedulableWait, and is looked at again by itself', () => {
  const decision = look(
    two({
      controllers: {
        'cp-1': ordered({ goal: 'apply', signal: { phase: 'Applying' } }),
        'cp-2': {},
      },
      told: { 'cp-1': { phase: 'Applying', state: 'SignalSent' } },
    }),
  );
  assert.equal(statusOf(decision).state, 'SchedulableWait');
  assert.ok('untilMs' in decision && decision.untilMs !== undefined);
});

const committed = ordered({ goal: 'commit', signal: { phase: 'Committed' } });

test('what a node reports of the order of this run is taken into the status', () => {
  const decision = look(
    two({
      controllers: { 'cp-1': committed, 'cp-2': {} },
      told: { 'cp-1': { phase: 'Committing', state: 'SignalSent' } },
    }),
  );
  assert.equal(targetOf(decision, 'cp-1').state, 'SignalCompleted');
});

test('what a node reports of the order of another run is not', () => {
  const other = ordered({
    goal: 'commit',
    signal: { phase: 'Committed', id: '99999999-1.0.1' },
    order: { id: '99999999-1.0.1', run: '99999999-1', plan: { name: 'autopilot', uid: '9' } },
  });
  const decision = look(two({ controllers: { 'cp-1': other, 'cp-2': {} } }));
  assert.notEqual(targetOf(decision, 'cp-1').state, 'SignalCompleted');
});

test('a node that has failed is SignalApplyFailed, and command and Plan are ApplyFailed', () => {
  const decision = look({
    spec: aSpec(anUpdate({ controllers: '' })),
    controllers: {
      'cp-1': ordered({
        goal: 'stage',
        signal: { phase: 'Failed', class: 'Environment', reason: 'DownloadFailed', message: '404' },
      }),
    },
    told: { 'cp-1': { phase: 'Failed', state: 'SignalApplyFailed' } },
  });
  assert.equal(targetOf(decision, 'cp-1').state, 'SignalApplyFailed');
  assert.equal(statusOf(decision).commands?.[0]?.state, 'ApplyFailed');
  assert.equal(statusOf(decision).state, 'ApplyFailed');
});

const anOrder = ordersOf(look({ spec: SPEC, controllers: { 'cp-1': {} }, nodes: { 'w-1': {} } }))[
  'cp-1'
]!;
for (const field of ['plan', 'run', 'command', 'artifact', 'id', 'goal'] as const) {
  test(`an order without ${field} is invalid`, () => {
    const { [field]: _, ...rest } = anOrder;
    const parsed = parseOrder(JSON.stringify(rest));
    assert.equal(parsed.kind, 'invalid');
    assert.match(parsed.kind === 'invalid' ? parsed.message : '', new RegExp(field));
  });
}

test('an order without a digest is valid', () => {
  assert.equal(anOrder.artifact.sha256, undefined);
  assert.equal(parseOrder(formatOrder(anOrder)).kind, 'valid');
});

for (const [part, low, high] of [
  ['major', 'v1.36.3+k0s.0', 'v2.0.0+k0s.0'],
  ['minor', 'v1.36.9+k0s.0', 'v1.37.0+k0s.0'],
  ['patch', 'v1.36.9+k0s.0', 'v1.36.10+k0s.0'],
  ['build of k0s', 'v1.36.3+k0s.9', 'v1.36.3+k0s.10'],
] as const) {
  test(`versions are told apart by their ${part}`, () => {
    const [older, newer] = [parseK0sVersion(low)!, parseK0sVersion(high)!];
    assert.ok(compareK0sVersions(older, newer) < 0);
    assert.ok(compareK0sVersions(newer, older) > 0);
    assert.equal(compareK0sVersions(older, parseK0sVersion(low)!), 0);
  });
}
