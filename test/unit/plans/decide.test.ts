import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanStatus, TargetStatus } from '../../../src/api/plan.ts';
import { type Decision, decide } from '../../../src/plans/decide.ts';
import type { Action, ControlNodeFacts, NodeFacts, PlanFacts } from '../../../src/plans/facts.ts';
import { targetsOf } from '../../../src/plans/progress.ts';
import type { Goal, Order } from '../../../src/signals/order.ts';
import type { Signal } from '../../../src/signals/report.ts';
import {
  aControlNode,
  aDrainPod,
  aNode,
  anUpdate,
  aRefusal,
  aReport,
  aSpec,
  NEW,
  OLD,
  podsLeft,
  SHA,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import { begun, RUN, ordered as sceneOrdered } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '', workers: '', concurrent: 1 }));

/** What a host looks like with an order, and with the agent's answer to it. */
const ordered = (goal: Goal, signal?: Partial<Signal>, order: Partial<Order> = {}) =>
  sceneOrdered({ goal, order, ...(signal && { signal }) });
const staged = () =>
  ordered('stage', { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } });
const committed = () => ordered('commit', { phase: 'Committed' });
const healthy = { version: NEW, exits: 0, healthy: true };

interface Scene {
  readonly controllers?: Record<string, Partial<ControlNodeFacts>>;
  readonly workers?: Record<string, Partial<NodeFacts>>;
  /** What status says already, by target. */
  readonly told?: Record<string, Partial<TargetStatus>>;
  readonly nowMs?: number;
  readonly sightedSinceMs?: number;
  readonly spec?: typeof SPEC;
}

/** Looks at a run that has begun, in the world of the scene. */
function look(scene: Scene): Decision {
  const fresh = someFacts(scene.spec ?? SPEC, {
    controlNodes: Object.keys(scene.controllers ?? { 'cp-1': {} }).map((name) =>
      aControlNode(name),
    ),
    nodes: Object.keys(scene.workers ?? {}).map((name) => aNode(name)),
  });
  const status = begun(fresh);
  for (const command of status.commands ?? []) {
    for (const target of targetsOf(command)) Object.assign(target, scene.told?.[target.name]);
  }
  const facts = someFacts(scene.spec ?? SPEC, {
    nowMs: scene.nowMs ?? START_MS,
    sightedSinceMs: scene.sightedSinceMs ?? 0,
    plan: { status },
    controlNodes: Object.entries(scene.controllers ?? { 'cp-1': {} }).map(([name, over]) =>
      aControlNode(name, over),
    ),
    nodes: Object.entries(scene.workers ?? {}).map(([name, over]) => aNode(name, over)),
  });
  return decide(facts);
}

function actionsOf(decision: Decision): string[] {
  const all: readonly Action[] = decision.kind === 'act' ? decision.actions : [];
  // Soft taints have a file of their own.
  const actions = all.filter(({ kind }) => kind !== 'softTaint' && kind !== 'removeSoftTaint');
  return actions.map((action) =>
    action.kind === 'order'
      ? `${action.order.goal} ${action.name}`
      : `${action.kind} ${action.name}`,
  );
}

function statusOf(decision: Decision): PlanStatus {
  return 'status' in decision ? decision.status : assert.fail(decision.kind);
}

function target(decision: Decision, name: string): TargetStatus {
  const all = (statusOf(decision).commands ?? []).flatMap(targetsOf);
  return all.find((one) => one.name === name) ?? assert.fail(name);
}

const stagedFirst = ordered(
  'stage',
  { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } },
  { backup: { keep: 3, withinMs: 600_000 } },
);
const fetching = {
  phase: 'Downloading',
  state: 'SignalSent',
  lastUpdatedTimestamp: new Date(START_MS).toISOString(),
} as const;
const downloads = ordered('stage', { phase: 'Downloading' });
const onTrialSince = (ready: 'True' | 'False', atMs: number) => ({
  ...ordered('apply', { phase: 'OnTrial' }),
  apiServer: { ready, message: 'as it says', atMs, sinceMs: atMs },
});
const onArm = { platform: 'linux-arm64' };
const TWO_PLATFORMS = structuredClone(SPEC);
TWO_PLATFORMS.commands[0]!.k0supdate!.platforms['linux-arm64'] = {
  url: 'https://mirror.example/k0s-arm',
};
const done = { phase: 'Committed', state: 'SignalCompleted' } as const;

const rows: [sentence: string, scene: Scene, actions: string[]][] = [
  [
    'the first to be updated downloads alone',
    { controllers: { 'cp-1': {}, 'cp-2': {} }, workers: { 'w-1': {} } },
    ['stage cp-1'],
  ],
  [
    'the first to be updated is the one to be repaired',
    {
      controllers: {
        'cp-1': {},
        'cp-2': { apiServer: { ready: 'False', message: 'no answer', atMs: 1, sinceMs: 1 } },
      },
    },
    ['stage cp-2'],
  ],
  [
    'the others wait while it downloads',
    {
      controllers: { 'cp-1': ordered('stage', { phase: 'Downloading' }), 'cp-2': {} },
      told: { 'cp-1': fetching },
      workers: { 'w-1': {} },
      nowMs: START_MS + 14_999,
    },
    [],
  ],
  [
    'they do not wait for ever: its link may be slow',
    {
      controllers: { 'cp-1': ordered('stage', { phase: 'Downloading' }), 'cp-2': {} },
      told: { 'cp-1': fetching },
      workers: { 'w-1': {} },
      nowMs: START_MS + 15_000,
    },
    ['stage cp-2'],
  ],
  [
    'the next controller may be slow as well, and workers do not wait for it either',
    {
      controllers: { 'cp-1': downloads, 'cp-2': downloads },
      told: { 'cp-1': fetching, 'cp-2': fetching },
      workers: { 'w-1': {}, 'w-2': {} },
      nowMs: START_MS + 15_000,
    },
    ['stage w-1', 'stage w-2'],
  ],
  [
    'nobody begins to download when a controller is told to restart',
    { controllers: { 'cp-1': stagedFirst, 'cp-2': {} }, workers: { 'w-1': {} } },
    ['apply cp-1'],
  ],
  [
    'nor while it restarts',
    {
      controllers: { 'cp-1': ordered('apply', { phase: 'Applying' }), 'cp-2': {} },
      told: { 'cp-1': { ...fetching, phase: 'Applying' } },
      workers: { 'w-1': {} },
      nowMs: START_MS + 59_999,
    },
    [],
  ],
  [
    'unless that takes too long',
    {
      controllers: { 'cp-1': ordered('apply', { phase: 'Applying' }), 'cp-2': {} },
      told: { 'cp-1': { ...fetching, phase: 'Applying' } },
      workers: { 'w-1': {} },
      nowMs: START_MS + 60_000,
    },
    ['stage cp-2'],
  ],
  [
    'nor before its API server is ready again',
    {
      controllers: { 'cp-1': onTrialSince('False', START_MS + 2_000), 'cp-2': {} },
      told: { 'cp-1': { ...fetching, phase: 'OnTrial' } },
      workers: { 'w-1': {} },
      nowMs: START_MS + 2_000,
    },
    [],
  ],
  [
    'of which an answer from before the restart says nothing',
    {
      controllers: { 'cp-1': onTrialSince('True', START_MS), 'cp-2': {} },
      told: { 'cp-1': { ...fetching, phase: 'OnTrial' } },
      workers: { 'w-1': {} },
      nowMs: START_MS + 2_000,
    },
    [],
  ],
  [
    'then the next controller downloads alone, while it is seen to stay ready',
    {
      controllers: { 'cp-1': onTrialSince('True', START_MS + 1_000), 'cp-2': {}, 'cp-3': {} },
      told: { 'cp-1': { ...fetching, phase: 'OnTrial' } },
      workers: { 'w-1': {} },
      nowMs: START_MS + 2_000,
    },
    ['stage cp-2'],
  ],
  [
    'nobody else does once that has staged: it is about to be told to restart',
    {
      controllers: {
        'cp-1': onTrialSince('True', START_MS + 1_000),
        'cp-2': staged(),
        'cp-3': {},
      },
      told: { 'cp-1': { ...fetching, phase: 'OnTrial' } },
      workers: { 'w-1': {} },
      nowMs: START_MS + 2_000,
    },
    [],
  ],
  [
    'nor in the moment in which the one before it is told its verdict',
    {
      controllers: {
        'cp-1': ordered('commit', { phase: 'OnTrial' }),
        'cp-2': staged(),
        'cp-3': {},
      },
      told: { 'cp-1': { ...fetching, phase: 'Committing' } },
      workers: { 'w-1': {} },
    },
    [],
  ],
  [
    'workers download side by side when the last controller is ready again',
    {
      controllers: { 'cp-1': onTrialSince('True', START_MS + 1_000) },
      told: { 'cp-1': { ...fetching, phase: 'OnTrial' } },
      workers: { 'w-1': {}, 'w-2': {} },
      nowMs: START_MS + 2_000,
    },
    ['stage w-1', 'stage w-2'],
  ],
  [
    'and at once where no controller is to be updated',
    { workers: { 'w-1': staged(), 'w-2': {}, 'w-3': {} }, spec: aSpec(anUpdate({ workers: '' })) },
    ['stage w-2', 'stage w-3', 'cordon w-1'],
  ],
  [
    'each platform has a first of its own',
    {
      controllers: { 'cp-1': ordered('stage', { phase: 'Downloading' }), 'cp-2': {} },
      told: { 'cp-1': fetching },
      workers: { 'w-1': onArm, 'w-2': onArm },
      spec: TWO_PLATFORMS,
    },
    ['stage w-1'],
  ],
  [
    'the first controller is applied once it is staged',
    { controllers: { 'cp-1': staged(), 'cp-2': ordered('stage', {}) } },
    ['apply cp-1'],
  ],
  [
    'controllers go in a fixed order: one whose download was quicker does not overtake',
    { controllers: { 'cp-1': ordered('stage', {}), 'cp-2': staged() } },
    [],
  ],
  [
    'a controller waits while another one is on trial',
    { controllers: { 'cp-1': ordered('apply', { phase: 'OnTrial' }), 'cp-2': staged() } },
    [],
  ],
  [
    'a controller waits while another one is not ready',
    {
      controllers: {
        'cp-1': staged(),
        'cp-2': {
          ...staged(),
          apiServer: { ready: 'False', message: 'failed: etcd', atMs: 1, sinceMs: 1 },
        },
        'cp-3': {
          ...staged(),
          apiServer: { ready: 'False', message: 'failed: etcd', atMs: 1, sinceMs: 1 },
        },
      },
    },
    [],
  ],
  [
    'the controller that is not ready is the first to be repaired',
    {
      controllers: {
        'cp-1': staged(),
        'cp-2': {
          ...staged(),
          apiServer: { ready: 'False', message: 'no answer', atMs: 1, sinceMs: 1 },
        },
      },
    },
    ['apply cp-2'],
  ],
  [
    'workers wait for all controllers',
    {
      controllers: { 'cp-1': ordered('apply', { phase: 'OnTrial' }) },
      workers: { 'w-1': staged() },
    },
    [],
  ],
  [
    'a worker is cordoned when its controllers are done',
    {
      controllers: { 'cp-1': committed() },
      told: { 'cp-1': done },
      workers: { 'w-1': staged(), 'w-2': staged() },
    },
    ['cordon w-1'],
  ],
  [
    'a worker that is down already goes first and costs nothing',
    {
      controllers: { 'cp-1': committed() },
      told: { 'cp-1': done },
      workers: { 'w-1': staged(), 'w-2': { ...staged(), ready: 'Unknown' } },
    },
    ['cordon w-2'],
  ],
  [
    'a node that somebody else has taken away uses up the limit',
    {
      controllers: { 'cp-1': committed() },
      told: { 'cp-1': done, 'w-2': done },
      workers: { 'w-1': staged(), 'w-2': { ...committed(), unschedulable: true } },
    },
    [],
  ],
  [
    'pods are evicted while there are any',
    {
      controllers: { 'cp-1': committed() },
      told: { 'cp-1': done },
      workers: {
        'w-1': {
          ...staged(),
          unschedulable: true,
          cordon: { orderId: `${RUN}.0.1`, ours: true },
          drain: podsLeft(2),
        },
      },
    },
    ['evict w-1'],
  ],
  [
    'an empty worker is applied',
    {
      controllers: { 'cp-1': committed() },
      told: { 'cp-1': done },
      workers: {
        'w-1': {
          ...staged(),
          unschedulable: true,
          cordon: { orderId: `${RUN}.0.1`, ours: true },
          drain: podsLeft(0),
        },
      },
    },
    ['apply w-1'],
  ],
  [
    'a worker is given back once it has committed',
    {
      controllers: { 'cp-1': committed() },
      told: { 'cp-1': done },
      workers: {
        'w-1': {
          ...committed(),
          unschedulable: true,
          cordon: { orderId: `${RUN}.0.1`, ours: true },
        },
      },
    },
    ['uncordon w-1'],
  ],
  [
    'a failed download calls back everybody else',
    {
      controllers: {
        'cp-1': ordered('stage', { phase: 'Failed', reason: 'DownloadFailed' }),
        'cp-2': staged(),
      },
    },
    ['cancel cp-1', 'cancel cp-2'],
  ],
  [
    'an update that the node undid by itself stops the run',
    {
      controllers: {
        'cp-1': ordered('apply', { phase: 'Undone', reason: 'ProcessExits' }),
        'cp-2': staged(),
      },
      workers: { 'w-1': {} },
    },
    ['cancel cp-2'],
  ],
  [
    'an order that somebody has removed is given again',
    { controllers: { 'cp-1': {} }, told: { 'cp-1': { phase: 'OnTrial', state: 'SignalSent' } } },
    ['apply cp-1'],
  ],
  [
    'an artifact other than the one that was staged first is not applied',
    {
      controllers: {
        'cp-1': staged(),
        'cp-2': ordered('stage', {
          phase: 'Staged',
          staged: { version: NEW, sha256: 'c'.repeat(64), size: 9 },
        }),
      },
    },
    ['cancel cp-2', 'cancel cp-1'],
  ],
];

for (const [sentence, scene, actions] of rows) {
  test(sentence, () => assert.deepEqual(actionsOf(look(scene)).toSorted(), actions.toSorted()));
}

test('a Plan is looked at again when the first download has had its time alone', () => {
  const decision = look({
    controllers: { 'cp-1': ordered('stage', { phase: 'Downloading' }), 'cp-2': {} },
    told: { 'cp-1': fetching },
  });
  assert.equal(decision.kind === 'wait' && decision.untilMs, START_MS + 15_000);
});

test('a controller is committed once its own API server has been ready for 3 s after the restart', () => {
  const trial = ordered('apply', { phase: 'OnTrial', running: healthy });
  const scene = (atMs: number, sinceMs: number): Scene => ({
    controllers: {
      'cp-1': { ...trial, apiServer: { ready: 'True', message: 'ready', atMs, sinceMs } },
    },
    told: { 'cp-1': { phase: 'OnTrial' } },
    nowMs: START_MS + 5_000,
  });
  const message = (decision: Decision) => target(decision, 'cp-1').message;
  const before = look(scene(START_MS - 1, 0));
  assert.deepEqual(actionsOf(before), []);
  assert.equal(message(before), 'API server has not been asked since the restart');
  for (const [atMs, sinceMs] of [
    [START_MS + 2_999, START_MS - 60_000],
    [START_MS + 4_500, START_MS + 2_000],
  ] as const) {
    const young = look(scene(atMs, sinceMs));
    assert.deepEqual(actionsOf(young), []);
    assert.equal(message(young), 'API server is ready, and has to stay so for 3s');
  }
  assert.deepEqual(actionsOf(look(scene(START_MS + 3_000, 0))), ['commit cp-1']);
  assert.deepEqual(actionsOf(look(scene(START_MS + 4_500, START_MS + 1_500))), ['commit cp-1']);
});

const workerOnTrial = (over: Partial<NodeFacts>): Scene => ({
  controllers: { 'cp-1': committed() },
  told: { 'cp-1': done, 'w-1': { phase: 'OnTrial', state: 'SignalSent' } },
  nowMs: START_MS + 5_000,
  workers: {
    'w-1': {
      ...ordered('apply', { phase: 'OnTrial', running: healthy }),
      kubeletVersion: 'v1.36.3+k0s',
      unschedulable: true,
      cordon: { orderId: `${RUN}.0.1`, ours: true },
      renewals: 2,
      ...over,
    },
  },
});

test('a worker is committed when it is Ready, with the version, and lives', () => {
  assert.deepEqual(actionsOf(look(workerOnTrial({}))), ['commit w-1']);
});

const unhealthy: [string, Partial<NodeFacts>, string][] = [
  [
    'Ready alone proves nothing before the second renewal',
    { renewals: 1 },
    'kubelet has renewed its Lease 1 of 2 times since the restart',
  ],
  [
    'a kubelet of the old version holds it',
    { kubeletVersion: 'v1.36.1+k0s' },
    'kubelet reports v1.36.1+k0s, wanted v1.36.3',
  ],
  ['a Node that is not Ready holds it', { ready: 'Unknown' }, 'Node is not Ready (Unknown)'],
];
for (const [sentence, over, message] of unhealthy) {
  test(sentence, () => {
    const decision = look(workerOnTrial(over));
    assert.equal(decision.kind, 'wait');
    assert.equal(target(decision, 'w-1').message, message);
  });
}

test('a worker that is not healthy in time is undone, and the reason is kept', () => {
  const decision = look({ ...workerOnTrial({ ready: 'Unknown' }), nowMs: START_MS + 240_000 });
  assert.deepEqual(actionsOf(decision), ['undo w-1']);
  assert.equal(target(decision, 'w-1').reason, 'NodeNotReady');
  assert.match(target(decision, 'w-1').message ?? '', /not healthy within 240s: Node is not Ready/);
});

test("another controller's trouble holds the run and is never this one's failure", () => {
  const decision = look({
    controllers: {
      'cp-1': {
        ...ordered('apply', { phase: 'OnTrial', running: healthy }),
        apiServer: {
          ready: 'False',
          message: 'failed: etcd',
          atMs: START_MS + 1,
          sinceMs: START_MS + 1,
        },
      },
      'cp-2': {
        ...staged(),
        apiServer: {
          ready: 'False',
          message: 'no answer',
          atMs: START_MS + 1,
          sinceMs: START_MS + 1,
        },
      },
    },
    told: { 'cp-1': { phase: 'OnTrial' } },
    nowMs: START_MS + 1_000_000,
  });
  assert.equal(decision.kind, 'wait');
  assert.match(target(decision, 'cp-1').message ?? '', /controller cp-2 is not ready either/);
});

test('a controller across minor versions does not go back by itself', () => {
  const spec = aSpec(anUpdate({ controllers: '', version: 'v1.37.0+k0s.0' }));
  const first = look({ spec, controllers: { 'cp-1': {} } });
  assert.equal(
    first.kind === 'act' && first.actions[0]?.kind === 'order' && first.actions[0].order.undo,
    'never',
  );
  const late = look({
    spec,
    controllers: {
      'cp-1': {
        ...ordered('apply', { phase: 'OnTrial', running: healthy }, { undo: 'never' }),
        apiServer: {
          ready: 'False',
          message: 'failed: etcd',
          atMs: START_MS + 1,
          sinceMs: START_MS + 1,
        },
      },
    },
    told: { 'cp-1': { phase: 'OnTrial' } },
    nowMs: START_MS + 1_000_000,
  });
  assert.deepEqual(actionsOf(late), []);
  assert.equal(target(late, 'cp-1').phase, 'Held');
});

test('an agent that never answers is given up, and said to be silent', () => {
  const decision = look({
    controllers: { 'cp-1': ordered('stage') },
    told: { 'cp-1': { phase: 'Downloading' } },
    nowMs: START_MS + 90_000,
  });
  assert.deepEqual(actionsOf(decision), ['cancel cp-1']);
  assert.equal(target(decision, 'cp-1').reason, 'AgentSilent');
});

test('what was due while nobody led gets a moment to be reported first', () => {
  const scene: Scene = {
    controllers: { 'cp-1': ordered('commit', { phase: 'OnTrial' }) },
    told: { 'cp-1': { phase: 'Committing' } },
    nowMs: START_MS + 600_000,
  };
  assert.equal(target(look(scene), 'cp-1').reason, 'NoReport');
  const back = look({ ...scene, sightedSinceMs: START_MS + 590_000 });
  assert.equal(target(back, 'cp-1').phase, 'Committing');
});

test('a drain that is not over in time stops the run, and says who blocked it', () => {
  const decision = look({
    controllers: { 'cp-1': committed() },
    told: { 'cp-1': done, 'w-1': { phase: 'Draining', state: 'SignalSent' } },
    nowMs: START_MS + 300_000,
    workers: {
      'w-1': {
        ...staged(),
        unschedulable: true,
        cordon: { orderId: `${RUN}.0.1`, ours: true },
        drain: { pods: [aDrainPod({ refusal: aRefusal('budget web allows 0') })] },
      },
    },
  });
  assert.deepEqual(actionsOf(decision).toSorted(), ['cancel w-1', 'uncordon w-1']);
  assert.equal(
    target(decision, 'w-1').message,
    'not empty within 300s: default/web: budget web allows 0',
  );
});

test('a Plan without commands completes, and says that there was nothing to do', () => {
  const decision = decide(someFacts(aSpec(), { plan: { status: begun(someFacts(aSpec())) } }));
  const completed = statusOf(decision).conditions?.find(({ type }) => type === 'Completed');
  assert.equal(completed?.message, 'the Plan has no commands, so there was nothing to do');
});

test('a target that vanishes fails by name', () => {
  const fresh = someFacts(SPEC, { controlNodes: [aControlNode('cp-1')], nodes: [aNode('w-1')] });
  const decision = decide(
    someFacts(SPEC, { plan: { status: begun(fresh) }, controlNodes: [aControlNode('cp-1')] }),
  );
  assert.equal(target(decision, 'w-1').state, 'SignalMissingNode');
  assert.equal(target(decision, 'w-1').message, 'Node w-1 was deleted while it was under way');
});

test('a host that runs the version already is done, unless the update is forced', () => {
  const report = { kind: 'valid' as const, value: aReport({ k0sVersion: NEW }) };
  const normal = look({ controllers: { 'cp-1': { report } } });
  assert.equal(statusOf(normal).state, 'Completed');
  assert.equal(target(normal, 'cp-1').reason, 'AlreadyUpdated');
  const spec = aSpec(anUpdate({ controllers: '', force: true }));
  assert.deepEqual(actionsOf(look({ spec, controllers: { 'cp-1': { report } } })), ['stage cp-1']);
});

test('a second k0supdate is a command of its own, with orders of its own', () => {
  const spec = aSpec(
    anUpdate({ controllers: '' }),
    anUpdate({ controllers: '', version: 'v1.36.4+k0s.0' }),
  );
  const first = look({ spec, controllers: { 'cp-1': committed() } });
  const status = statusOf(first);
  assert.equal(status.commands?.[0]?.state, 'Completed');
  const second = decide(
    someFacts(spec, { plan: { status }, controlNodes: [aControlNode('cp-1', committed())] }),
  );
  const [action] = second.kind === 'act' ? second.actions : [];
  assert.equal(action?.kind === 'order' ? action.order.id : undefined, `${RUN}.1.1`);
});

test('the end of a failed run says what happened, what stands, and what to do', () => {
  const decision = look({
    controllers: {
      'cp-1': committed(),
      'cp-2': ordered('apply', {
        phase: 'Undone',
        reason: 'ProcessExits',
        message: 'k0s exited 3 times',
      }),
      'cp-3': ordered('cancel', { phase: 'Cancelled' }),
    },
    told: { 'cp-1': done },
  });
  assert.equal(decision.kind, 'end');
  const status = statusOf(decision);
  assert.equal(status.state, 'ApplyFailed');
  assert.equal(status.progress?.text, '1/3');
  const failed = status.conditions?.find(({ type }) => type === 'Failed');
  assert.equal(failed?.reason, 'ProcessExits');
  assert.equal(
    failed?.message,
    `cp-2 was put back to ${OLD}: k0s exited 3 times. Now cp-1 runs ${NEW}, cp-3 was not touched. Mend the cause, then \`autopilot retry autopilot\`, or apply the Plan with a new spec.id`,
  );
});

const beginnings: [string, Partial<PlanFacts['plan']>, readonly string[], Decision['kind']][] = [
  ['a new Plan begins', {}, [], 'begin'],
  [
    'a Plan of a Go client, with empty status, begins',
    { status: { state: '', commands: null } },
    [],
    'begin',
  ],
  ['a Plan waits for those before it', {}, ['other'], 'queue'],
  ['a finished Plan rests', { status: { state: 'Completed', observedGeneration: 1 } }, [], 'rest'],
  [
    'an edited Plan begins again',
    { status: { state: 'ApplyFailed', observedGeneration: 1 }, generation: 2 },
    [],
    'begin',
  ],
  [
    'a Plan that k0s has finished rests, edited or not',
    { status: { state: 'Completed' }, generation: 4 },
    [],
    'rest',
  ],
  [
    'a Plan that an old k0s has ended rests',
    { status: { state: 'InconsistentTargets' } },
    [],
    'rest',
  ],
  [
    'a Plan that k0s left half-run is not run by surprise',
    { status: { state: 'SchedulableWait' } },
    [],
    'queue',
  ],
  [
    'a spec that cannot be read is refused',
    { spec: { invalid: 'spec.id: missing', reason: 'InvalidSpec' } },
    [],
    'refuse',
  ],
  ['a Plan that is being deleted does not begin', { deleted: true }, [], 'rest'],
];
for (const [sentence, plan, before, kind] of beginnings) {
  test(sentence, () => {
    const facts = someFacts(SPEC, {
      plan,
      plansBefore: before,
      controlNodes: [aControlNode('cp-1')],
    });
    assert.equal(decide(facts).kind, kind);
  });
}

test('an edit of a running Plan waits, and says so', () => {
  const fresh = someFacts(SPEC, { controlNodes: [aControlNode('cp-1')] });
  const edited = aSpec(anUpdate({ controllers: '', version: 'v1.36.9+k0s.0' }));
  const decision = decide(
    someFacts(edited, {
      plan: { status: begun(fresh), generation: 2 },
      controlNodes: [aControlNode('cp-1')],
    }),
  );
  const [action] = decision.kind === 'act' ? decision.actions : [];
  assert.equal(action?.kind === 'order' ? action.order.artifact.version : undefined, NEW);
  const rolling = statusOf(decision).conditions?.find(({ type }) => type === 'RollingOut');
  assert.equal(rolling?.reason, 'NewGenerationWaits');
});

test('S12: whatever waits says for what', () => {
  for (const [sentence, scene] of rows) {
    const status = statusOf(look(scene));
    if (status.state === 'ApplyFailed') continue;
    assert.ok((status.waitsFor ?? '').length > 0, sentence);
  }
});
