import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchStatus, CommandStatus, TargetStatus } from '../../../src/api/plan.ts';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import type { Point } from '../../../src/plans/checkpoint.ts';
import type { ControlNodeFacts, NodeFacts } from '../../../src/plans/facts.ts';
import type { Shut } from '../../../src/plans/passages.ts';
import { plotCourse } from '../../../src/plans/plot-course.ts';
import { targetsOf } from '../../../src/plans/progress.ts';
import type { RunningStatus } from '../../../src/plans/run.ts';
import { schedule } from '../../../src/plans/schedule.ts';
import { phaseOf, viewTargets } from '../../../src/plans/target.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import { begun, ordered, RUN, staged } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '', workers: '', concurrent: 2 }));
const committed = () => ordered({ goal: 'commit', signal: { phase: 'Committed' } });
const onTrial = () => ordered({ goal: 'apply', signal: { phase: 'OnTrial' } });
const DONE: Partial<TargetStatus> = {
  phase: 'Committed',
  state: 'SignalCompleted',
  lastUpdatedTimestamp: new Date(START_MS).toISOString(),
};

interface Scene {
  readonly controllers?: Readonly<Record<string, Partial<ControlNodeFacts>>>;
  readonly workers?: Readonly<Record<string, Partial<NodeFacts>>>;
  readonly told?: Readonly<Record<string, Partial<TargetStatus>>>;
  readonly batch?: Partial<BatchStatus>;
  readonly policy?: PolicyLayer;
  readonly nowMs?: number;
  readonly shut?: { readonly at: string; readonly as: Shut };
}

/** No window is open. */
const FROZEN: PolicyLayer = {
  freezes: [{ name: 'fair', from: '2026-02-01T00:00', to: '2026-04-01T00:00' }],
};
/** Without it nobody would be asked about thousands of nodes that are done. */
const HOOKED: PolicyLayer = { hooks: [{ name: 'look', when: ['AfterNode'], job: {} }] };
const CLOSED: Shut = { wait: { reason: 'WaitsForPerson', message: 'not yet' } };

function nameOf(point: Point): string {
  if ('name' in point) return `${point.kind} ${point.name}`;
  return 'batch' in point ? `${point.kind} ${point.batch}` : point.kind;
}

/** What is asked and what is begun in one look at a run. */
function scheduled({ controllers = {}, workers = {}, ...scene }: Scene) {
  const policy = aPolicy({ ...HOOKED, ...scene.policy });
  const fresh = someFacts(SPEC, {
    policy: aPolicy({ ...HOOKED, ...scene.policy, paused: false, freezes: [] }),
    controlNodes: Object.keys(controllers).map((name) => aControlNode(name)),
    nodes: Object.keys(workers).map((name) => aNode(name)),
  });
  const first = begun(fresh) as RunningStatus;
  const command: CommandStatus = {
    ...first.commands[0]!,
    ...(scene.batch === undefined
      ? {}
      : { batch: { number: 1, size: 2, startedAt: '2026-03-01T22:00:00Z', ...scene.batch } }),
  };
  for (const one of targetsOf(command)) Object.assign(one, scene.told?.[one.name]);
  const status = { ...first, commands: [command] };
  const facts = someFacts(SPEC, {
    policy,
    nowMs: scene.nowMs ?? START_MS,
    plan: { status },
    controlNodes: Object.entries(controllers).map(([name, over]) => aControlNode(name, over)),
    nodes: Object.entries(workers).map(([name, over]) => aNode(name, over)),
  });
  const views = viewTargets(facts, status, command);
  const course = plotCourse(facts, status, command, views);
  assert.ok(course?.kind === 'k0s');
  const asked: string[] = [];
  const standings = views.map((target) => ({ target, phase: phaseOf(target) }));
  const result = schedule(standings, course, facts, command, (points) => {
    for (const point of points) {
      asked.push(nameOf(point));
      if (nameOf(point) === scene.shut?.at) return scene.shut.as;
    }
    return undefined;
  });
  const starts = result.starts.map(({ target, phase }) => `${target.name} ${phase}`);
  return { asked, starts, wait: result.wait?.reason, result };
}

const rows: [sentence: string, scene: Scene, asked: string[], starts: string[]][] = [
  ['before anything is ordered', { controllers: { c1: {} } }, ['BeforeRun'], ['c1 Downloading']],
  [
    'nothing of the run while its beginning is shut',
    { controllers: { c1: {} }, shut: { at: 'BeforeRun', as: CLOSED } },
    ['BeforeRun'],
    [],
  ],
  [
    'before the first controller',
    { controllers: { c1: staged(), c2: staged() } },
    ['BeforeControllers', 'BeforeNode c1'],
    ['c1 Applying'],
  ],
  [
    'downloads go on while the controllers are held',
    {
      controllers: { c1: staged(), c2: {} },
      policy: { backup: { mode: 'Never' } },
      shut: { at: 'BeforeControllers', as: CLOSED },
    },
    ['BeforeControllers'],
    ['c2 Downloading'],
  ],
  [
    'after a controller, before the next one',
    { controllers: { c1: committed(), c2: staged() }, told: { c1: DONE } },
    ['AfterNode c1', 'BeforeNode c2'],
    ['c2 Applying'],
  ],
  [
    'a node that is done is not asked about where nothing stands behind nodes',
    { controllers: { c1: committed(), c2: staged() }, told: { c1: DONE }, policy: { hooks: [] } },
    ['BeforeNode c2'],
    ['c2 Applying'],
  ],
  [
    'after the controllers, before the workers, before their first batch',
    { controllers: { c1: committed() }, workers: { w1: staged() }, told: { c1: DONE } },
    ['AfterNode c1', 'AfterControllers', 'BeforeWorkers', 'BeforeBatch 1', 'BeforeNode w1'],
    ['w1 Draining'],
  ],
  [
    'nobody is troubled for workers that none of could be begun',
    {
      controllers: { c1: committed() },
      workers: { w1: ordered({ goal: 'stage', signal: { phase: 'Downloading' } }) },
      told: { c1: DONE },
    },
    [],
    [],
  ],
  [
    'a run without controllers has none behind it',
    { workers: { w1: staged(), w2: staged() } },
    ['BeforeWorkers', 'BeforeBatch 1', 'BeforeNode w1', 'BeforeNode w2'],
    ['w1 Draining', 'w2 Draining'],
  ],
  [
    'a batch that is held opens no other',
    { workers: { w1: staged() }, shut: { at: 'BeforeBatch 1', as: CLOSED } },
    ['BeforeWorkers', 'BeforeBatch 1'],
    [],
  ],
  [
    'one node that is held stops those after it, and not those before',
    { workers: { w1: staged(), w2: staged() }, shut: { at: 'BeforeNode w2', as: CLOSED } },
    ['BeforeWorkers', 'BeforeBatch 1', 'BeforeNode w1', 'BeforeNode w2'],
    ['w1 Draining'],
  ],
  [
    'a node that is done is asked about before the next is begun',
    {
      workers: { w1: committed(), w2: staged(), w3: onTrial() },
      told: { w1: { ...DONE, batch: 1 }, w3: { batch: 1 } },
      batch: { size: 3 },
      shut: { at: 'AfterNode w1', as: CLOSED },
    },
    ['AfterNode w1'],
    [],
  ],
  [
    'and before its batch is over',
    {
      workers: { w1: committed(), w2: staged() },
      told: { w1: { ...DONE, batch: 1 } },
      batch: { size: 1 },
      shut: { at: 'AfterNode w1', as: CLOSED },
    },
    ['AfterNode w1'],
    [],
  ],
  [
    'after a batch, before the next one',
    {
      workers: { w1: committed(), w2: staged() },
      told: { w1: { ...DONE, batch: 1 } },
      batch: { size: 1 },
    },
    ['AfterNode w1', 'AfterBatch 1', 'BeforeBatch 2', 'BeforeNode w2'],
    ['w2 Draining'],
  ],
  [
    'at the end after the last batch, and after the run',
    {
      workers: { w1: committed() },
      told: { w1: { ...DONE, batch: 1 } },
      batch: { size: 1 },
    },
    ['AfterNode w1', 'AfterBatch 1', 'AfterRun'],
    [],
  ],
  [
    'a run of controllers alone ends after them',
    { controllers: { c1: committed() }, told: { c1: DONE } },
    ['AfterNode c1', 'AfterControllers', 'AfterRun'],
    [],
  ],
  [
    'what is behind is asked while the policy holds, what is ahead is not',
    {
      workers: { w1: committed(), w2: staged() },
      told: { w1: { ...DONE, batch: 1 } },
      batch: { size: 1 },
      policy: { paused: true },
    },
    ['AfterNode w1'],
    [],
  ],
  [
    'what is behind a batch is asked outside of the windows too',
    {
      workers: { w1: committed(), w2: staged() },
      told: { w1: { ...DONE, batch: 1 } },
      batch: { size: 1, settledAt: '2026-03-01T22:00:00Z' },
      policy: FROZEN,
    },
    ['AfterBatch 1'],
    [],
  ],
  [
    'what is behind a worker is asked outside of the windows, while others of its batch are under way',
    {
      workers: { w1: committed(), w2: onTrial(), w3: staged() },
      told: { w1: { ...DONE, batch: 1 }, w2: { phase: 'OnTrial', batch: 1 } },
      batch: { size: 3 },
      policy: FROZEN,
    },
    ['AfterNode w1'],
    [],
  ],
  [
    'a run that did nothing has no end to ask for',
    { workers: { w1: {} }, told: { w1: { phase: 'Skipped', reason: 'AlreadyUpdated' } } },
    [],
    [],
  ],
];
for (const [sentence, scene, asked, starts] of rows) {
  test(`points: ${sentence}`, () => {
    const found = scheduled(scene);
    assert.deepEqual({ asked: found.asked, starts: found.starts }, { asked, starts });
    if (scene.shut !== undefined) assert.equal(found.wait, 'WaitsForPerson');
  });
}

test('a point that has failed begins nothing more, and fails the command', () => {
  const failure = { reason: 'WaitsForPerson', message: 'the hook failed' } as const;
  const { result, starts } = scheduled({
    workers: { w1: staged(), w2: staged() },
    shut: { at: 'BeforeNode w2', as: { wait: undefined, failure } },
  });
  assert.deepEqual(starts, []);
  assert.deepEqual(result.failure, failure);
});

test('a batch that has failed its gate fails the command, though no window is open', () => {
  const failure = { reason: 'WaitsForPerson', message: 'the gate says no' } as const;
  const scene: Scene = {
    workers: { w1: committed(), w2: staged() },
    told: { w1: { ...DONE, batch: 1 } },
    batch: { size: 1, settledAt: '2026-03-01T22:00:00Z' },
    shut: { at: 'AfterBatch 1', as: { wait: undefined, failure } },
  };
  assert.deepEqual(scheduled({ ...scene, policy: FROZEN }).result.failure, failure);
  assert.equal(scheduled({ ...scene, policy: { paused: true } }).result.failure, undefined);
});

test('while no window is open the run waits for that, and looks again for what is behind it', () => {
  const untilMs = START_MS + 60_000;
  const actions = [{ kind: 'dropRequests', name: 'stands-for-a-job', nonces: [] }] as const;
  const wait = { reason: 'WaitsForPerson', message: 'not yet', untilMs } as const;
  const { result } = scheduled({
    workers: { w1: committed(), w2: staged() },
    told: { w1: { ...DONE, batch: 1 } },
    batch: { size: 1, settledAt: '2026-03-01T22:00:00Z' },
    policy: FROZEN,
    shut: { at: 'AfterBatch 1', as: { wait, actions } },
  });
  assert.equal(result.wait?.reason, 'Frozen');
  assert.equal(result.untilMs, untilMs);
  assert.deepEqual(result.actions, actions);
});

test('what a point needs in order to open is done', () => {
  const actions = [{ kind: 'dropRequests', name: 'stands-for-a-job', nonces: [] }] as const;
  const as: Shut = { ...CLOSED, actions };
  const { result } = scheduled({
    workers: { w1: staged() },
    shut: { at: 'BeforeWorkers', as },
  });
  assert.deepEqual(result.actions, actions);
});

const AFTER_ONE: Scene = {
  workers: { w1: committed(), w2: staged() },
  told: { w1: { ...DONE, batch: 1 } },
  batch: { size: 1 },
  policy: { batches: { ramp: [1], soak: '5m' } },
};

test('a batch soaks from the moment that its last worker is given back', () => {
  const { result, starts } = scheduled(AFTER_ONE);
  assert.deepEqual(starts, []);
  assert.equal(result.batch?.settledAt, '2026-03-01T22:00:00.000Z');
  assert.deepEqual(result.wait, {
    reason: 'Soaking',
    message: 'batch 1 of 1 soaks until 2026-03-01T22:05:00Z',
    untilMs: START_MS + 300_000,
  });
});

test('a soak goes on where it was, whoever leads, and ends', () => {
  const settledAt = new Date(START_MS - 299_000).toISOString();
  const soaking = { ...AFTER_ONE, batch: { size: 1, settledAt } };
  assert.equal(scheduled(soaking).result.wait?.untilMs, START_MS + 1_000);
  const after = scheduled({ ...soaking, nowMs: START_MS + 1_000 });
  assert.deepEqual(after.starts, ['w2 Draining']);
  assert.equal(after.result.batch?.number, 2);
});

test('a batch is not over while one of it has not been given back', () => {
  const mark = { unschedulable: true, cordon: { orderId: `${RUN}.0.1`, ours: true } };
  const workers = { w1: { ...committed(), ...mark }, w2: staged() };
  const { result, starts } = scheduled({ ...AFTER_ONE, workers });
  assert.deepEqual(starts, []);
  assert.equal(result.batch?.settledAt, undefined);
});

test('a batch shrinks with a node that was deleted', () => {
  const told = { w1: { ...DONE, batch: 1 }, w3: { phase: 'Failed', batch: 1 } } as const;
  const { result } = scheduled({
    ...AFTER_ONE,
    workers: { ...AFTER_ONE.workers, w3: {} },
    told,
    batch: { size: 2 },
    policy: { maxFailures: 1, batches: { ramp: [2], soak: '5m' } },
  });
  assert.equal(result.wait?.reason, 'Soaking');
});

test('who was in a batch can be told from the world where status was lost with a leader', () => {
  const { result, starts } = scheduled({
    workers: { w1: onTrial(), w2: staged() },
    batch: { size: 1 },
    policy: { batches: { ramp: [1] } },
  });
  assert.deepEqual(starts, []);
  assert.equal(result.batch?.number, 1);
});

test('who was begun by a version that knew no batches is of the first, which is larger by them', () => {
  const { result, starts } = scheduled({ workers: { w1: onTrial(), w2: staged() } });
  assert.deepEqual(starts, ['w2 Draining']);
  assert.equal(`${result.batch?.number} of ${result.batch?.size}`, '1 of 2');
});
