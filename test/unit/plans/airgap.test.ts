import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Signal } from '../../../src/signals/report.ts';
import { aBundle, anUpdate, aSpec, SHA, START_MS } from '../../support/builders.ts';
import {
  actionsOf,
  failureOf,
  look,
  ordered,
  ordersOf,
  RUN,
  type Scene,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const SPEC = aSpec(aBundle({ concurrent: 2 }));
const GIVEN = aSpec(aBundle({ concurrent: 2, sha256: SHA }));
const three = { 'w-1': {}, 'w-2': {}, 'w-3': {} };
const staged = { version: 'images of March', sha256: SHA, size: 9, fileName: 'images.tar' };
const done = { phase: 'Committed', state: 'SignalCompleted' } as const;

function bundle(signal?: Partial<Signal>, goal: 'apply' | 'undo' = 'apply') {
  const artifact = {
    kind: 'airgap' as const,
    version: 'images of March',
    url: 'https://mirror.example/images.tar',
    force: false,
  };
  return ordered({ goal, order: { artifact }, ...(signal && { signal }) });
}
const delivered = () => bundle({ phase: 'Committed', staged });

const rows: [sentence: string, scene: Scene, actions: string[]][] = [
  [
    'where nobody knows the digest, the first node goes alone',
    { spec: SPEC, nodes: three },
    ['apply w-1'],
  ],
  [
    'where the Plan gives it, as many download as the limit allows',
    { spec: GIVEN, nodes: three },
    ['apply w-1', 'apply w-2'],
  ],
  [
    "the policy's limit holds as well",
    { spec: GIVEN, nodes: three, policy: { download: { concurrent: 1 } } },
    ['apply w-1'],
  ],
  [
    'once the first is verified, the others follow',
    { spec: SPEC, nodes: { ...three, 'w-1': bundle({ phase: 'Staged', staged }) } },
    ['apply w-2'],
  ],
  [
    'a node that has the bundle makes room for the next',
    { spec: SPEC, nodes: { ...three, 'w-1': delivered() } },
    ['apply w-2', 'apply w-3'],
  ],
  [
    'a first one that tells no digest holds nobody up for ever',
    { spec: SPEC, nodes: { ...three, 'w-1': bundle({ phase: 'Committed' }) } },
    ['apply w-2'],
  ],
  [
    'neither cordons, nor nodes that are down, nor controllers that are not ready hold it up',
    {
      spec: SPEC,
      controllers: {
        'cp-1': { apiServer: { ready: 'False', message: 'no answer', atMs: 1, sinceMs: 1 } },
      },
      nodes: { 'w-1': { ready: 'Unknown', unschedulable: true } },
    },
    ['apply w-1'],
  ],
  [
    'a hybrid is addressed by its ControlNode, where its agent listens',
    { spec: GIVEN, controllers: { 'cp-1': {} }, nodes: { 'cp-1': {}, 'w-1': {} } },
    ['apply cp-1', 'apply w-1'],
  ],
  [
    'a failed download calls back those that have not ended, and begins nothing',
    {
      spec: GIVEN,
      nodes: {
        'w-1': bundle({ phase: 'Failed', reason: 'DownloadFailed', message: '404' }),
        'w-2': bundle({}),
        'w-3': {},
      },
    },
    ['undo w-2'],
  ],
  [
    'what is being delivered is not called back: it is one rename',
    {
      spec: GIVEN,
      nodes: {
        'w-1': bundle({ phase: 'Failed', reason: 'DownloadFailed' }),
        'w-2': bundle({ phase: 'Applying', staged }),
      },
    },
    [],
  ],
  [
    'a new leader sees from a call-back that the run is stopping',
    { spec: GIVEN, nodes: { 'w-1': bundle({}, 'undo'), 'w-2': {}, 'w-3': {} } },
    [],
  ],
];
for (const [sentence, scene, actions] of rows) {
  test(sentence, () => assert.deepEqual(actionsOf(look(scene)), actions));
}

test('an order for a bundle says so, and carries the digest that the first one had', () => {
  const spec = aSpec(aBundle({ concurrent: 2, mirrors: ['https://other.example/images.tar'] }));
  const decision = look({ spec, nodes: { ...three, 'w-1': delivered() } });
  const order = ordersOf(decision)['w-2'];
  assert.deepEqual(order?.artifact, {
    kind: 'airgap',
    version: 'images of March',
    url: 'https://mirror.example/images.tar',
    mirrors: ['https://other.example/images.tar'],
    sha256: SHA,
    force: false,
  });
  assert.equal(order.undo, 'binary');
  assert.deepEqual(statusOf(decision).commands?.[0]?.pinned, { 'linux-amd64': SHA });
});

test('the order of a hybrid goes to its ControlNode, and status lists its Node', () => {
  const scene = { spec: GIVEN, controllers: { 'cp-1': {} }, nodes: { 'cp-1': {} } };
  const decision = look(scene);
  const [action] = decision.kind === 'act' ? decision.actions : [];
  assert.equal(action?.kind === 'order' && action.role, 'controller');
  const [command] = statusOf(decision).commands ?? [];
  assert.deepEqual(
    command?.airgapupdate?.workers?.map(({ name, state, phase }) => [name, state, phase]),
    [['cp-1', 'SignalSent', 'Downloading']],
  );
  assert.equal(command.k0supdate, undefined);
});

test('what it waits for is said', () => {
  const first = look({ spec: SPEC, nodes: { ...three, 'w-1': bundle() }, told: downloading });
  assert.equal(statusOf(first).waitsFor, 'w-1 Downloading: ordered to download');
  const full = look({
    spec: GIVEN,
    nodes: { ...three, 'w-1': bundle({}), 'w-2': bundle({ phase: 'Applying', staged }) },
  });
  assert.equal(statusOf(full).waitsFor, "w-2 Applying: the bundle is being put among k0s's images");
});
const downloading = { 'w-1': { phase: 'Downloading', state: 'SignalSent' } } as const;

test('a bundle that has come is done, and says where it lies', () => {
  const decision = look({ spec: GIVEN, nodes: { 'w-1': delivered() } });
  assert.equal(decision.kind, 'end');
  assert.equal(statusOf(decision).state, 'Completed');
  assert.equal(targetOf(decision, 'w-1').state, 'SignalCompleted');
  assert.equal(targetOf(decision, 'w-1').message, 'images.tar lies among the images of k0s');
  const completed = statusOf(decision).conditions?.find(({ type }) => type === 'Completed');
  assert.equal(completed?.message, '1/1 targets are done: 1 has the bundle images of March');
});

test('an agent that never answers ends the run, and is told to leave it', () => {
  const decision = look({
    spec: GIVEN,
    nodes: { 'w-1': bundle() },
    told: downloading,
    nowMs: START_MS + 90_000,
  });
  assert.deepEqual(actionsOf(decision), ['undo w-1']);
  assert.equal(targetOf(decision, 'w-1').reason, 'AgentSilent');
});

test('a bundle that is verified and never delivered ends the run', () => {
  const decision = look({
    spec: GIVEN,
    nodes: { 'w-1': bundle({ phase: 'Applying', staged }) },
    told: { 'w-1': { phase: 'Applying', state: 'SignalSent' } },
    nowMs: START_MS + 390_000,
  });
  assert.equal(targetOf(decision, 'w-1').reason, 'DeliveryFailed');
  assert.equal(targetOf(decision, 'w-1').message, 'verified, and not delivered within 390s');
});

test('an order that somebody has removed is given again', () => {
  assert.deepEqual(actionsOf(look({ spec: GIVEN, nodes: { 'w-1': {} }, told: downloading })), [
    'apply w-1',
  ]);
});

test('a Node that is deleted in the middle fails by name', () => {
  const spec = aSpec(aBundle({ workers: ['w-1'] }));
  const status = statusOf(look({ spec, nodes: { 'w-1': {} } }));
  const decision = look({ spec, status });
  assert.equal(targetOf(decision, 'w-1').state, 'SignalMissingNode');
});

const BOTH = aSpec(
  aBundle({ concurrent: 2, sha256: SHA }),
  anUpdate({ controllers: '', workers: '' }),
);

test('the update that follows begins when the bundle is everywhere', () => {
  const controllers = { 'cp-1': {} };
  const waiting = look({ spec: BOTH, controllers, nodes: { 'w-1': delivered(), 'w-2': {} } });
  assert.deepEqual(actionsOf(waiting), ['apply w-2']);
  const world = { spec: BOTH, controllers, nodes: { 'w-1': delivered(), 'w-2': delivered() } };
  const first = look(world);
  assert.equal(statusOf(first).commands?.[0]?.state, 'Completed');
  assert.equal(statusOf(first).progress?.text, '2/5');
  const second = look({ ...world, status: statusOf(first) });
  assert.deepEqual(actionsOf(second), ['stage cp-1']);
  assert.equal(ordersOf(second)['cp-1']?.id, `${RUN}.1.1`);
  assert.equal(ordersOf(second)['cp-1']?.artifact.kind, 'k0s');
  assert.equal(statusOf(second).targetVersion, 'v1.36.3+k0s.0');
});

test('a bundle that fails leaves the update that follows untouched, and says so', () => {
  const decision = look({
    spec: BOTH,
    controllers: { 'cp-1': {} },
    told: { 'w-1': done },
    nodes: {
      'w-1': delivered(),
      'w-2': bundle({ phase: 'Failed', reason: 'DownloadFailed', message: '404' }),
    },
  });
  assert.equal(decision.kind, 'end');
  assert.equal(
    failureOf(decision)?.message,
    'w-2 failed: 404. Now w-1 has the bundle images of March, cp-1 was not touched. Mend the cause, then `autopilot retry autopilot`, or apply the Plan with a new spec.id',
  );
});
