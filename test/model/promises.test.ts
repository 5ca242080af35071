import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { APPROVALS } from '../../src/api/policy-batches.ts';
import type { Fate } from './simulated-host.ts';
import { type Happening, World, type WorldOptions } from './world.ts';

const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fate>('good') },
  { weight: 3, arbitrary: fc.constant<Fate>('confirmsAlone') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fate>(
      'noDownload',
      'exits',
      'neverHealthy',
      'silent',
      'noBackup',
      'noDelivery',
      'otherBundle',
      'stuckPods',
    ),
  },
);
const options: fc.Arbitrary<WorldOptions> = fc.record({
  controllers: fc
    .constantFrom(1, 3, 5)
    .chain((n) => fc.array(fate, { minLength: n, maxLength: n })),
  workers: fc.array(fate, { maxLength: 8 }),
  concurrent: fc.integer({ min: 1, max: 4 }),
  bundle: fc.boolean(),
  hybrids: fc.constantFrom(0, 0, 1, 2),
  maxFailures: fc.constantFrom(0, 0, 1, 3),
  onDrainTimeout: fc.constantFrom('Stop', 'Skip', 'Force'),
  approvals: fc.subarray([...APPROVALS]),
  hooks: fc.boolean(),
  windows: fc.constantFrom(false, false, false, true),
  batches: fc.constantFrom<WorldOptions['batches']>(
    undefined,
    undefined,
    { ramp: [1, '30%'], soak: '1m' },
    { ramp: [2, 1], zones: 'OneByOne', canaries: ['w-3'] },
    { zones: 'OneByOne', soak: '30s' },
    { zones: 'Spread', ramp: ['50%'] },
  ),
  cordoned: fc.constantFrom(0, 0, 0, 2),
  empty: fc.constantFrom(0, 0, 1, 8),
});
const at = fc.nat(20);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Happening>({ kind: 'look' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant<'lookSlowly'>('lookSlowly'),
      every: fc.integer({ min: 1, max: 3 }),
      isLost: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Happening>({ kind: 'answers' }) },
  { weight: 10, arbitrary: at.map((n): Happening => ({ kind: 'agent', at: n })) },
  { weight: 2, arbitrary: fc.constant<Happening>({ kind: 'time' }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'crash' }) },
  { weight: 1, arbitrary: fc.nat(6).map((n): Happening => ({ kind: 'crashAfter', actions: n })) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'pauses' }) },
  { weight: 2, arbitrary: fc.constant<Happening>({ kind: 'resumes' }) },
  { weight: 1, arbitrary: at.map((n): Happening => ({ kind: 'breaks', at: n })) },
  { weight: 2, arbitrary: at.map((n): Happening => ({ kind: 'mends', at: n })) },
  { weight: 1, arbitrary: at.map((n): Happening => ({ kind: 'untaints', at: n })) },
);
const happenings = fc.array(happening, { maxLength: 400, size: 'max' });
const RUNS = Number(process.env.TEST_RUNS ?? 300);
const seed = { seed: Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 0x7fffffff)) };

function live(worldOptions: WorldOptions, events: readonly Happening[]): World {
  const world = new World(worldOptions);
  for (const event of events) world.happen(event);
  world.settle();
  return world;
}

let lived: readonly string[] | undefined;

/** The same worlds are asked for each promise: they are lived through once. */
function violations(): readonly string[] {
  lived ??= fc
    .sample(fc.tuple(options, happenings), { numRuns: RUNS, ...seed })
    .flatMap(([worldOptions, events]) => live(worldOptions, events).violations);
  return lived;
}

function holds(promise: string) {
  const isOfIt = (text: string) => text.startsWith(promise);
  const broken = violations().filter(isOfIt);
  if (broken.length === 0) return;
  // Once more, to find the shortest way there.
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      assert.deepEqual(live(worldOptions, events).violations.filter(isOfIt), []);
    }),
    { numRuns: RUNS, ...seed },
  );
  assert.fail(broken[0]);
}

test(`${RUNS} random worlds, seed ${seed.seed}, are lived through`, () => {
  violations();
});

test('S1: no worker is touched before all controllers are done', () => holds('S1'));

test('S2: at most one controller is in flight, and only while the others are ready', () =>
  holds('S2'));

test('S3: no worker is started when more than the limit would be unavailable', () => holds('S3'));

test('one batch of workers at a time, of its size', () => holds('C1'));

test('a batch soaks before the next one, whoever leads', () => holds('C2'));

test('S6: past a failure nothing new is touched', () => holds('S6'));

test('a command begins only once the bundle has reached everybody', () => holds('B1'));

test('no more bundles are fetched at once than the Plan allows', () => holds('B2'));

test('no healthy controller is touched before a backup was made', () => holds('B3'));

test('while the policy says paused nothing new is begun', () => holds('P1'));

test('outside of the windows nothing new is begun', () => holds('P2'));

test('a run that is paused comes to rest, says so, and goes on when it may', () => {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      const world = new World(worldOptions);
      for (const event of events) world.happen(event);
      for (const host of world.hosts) host.broken = false;
      world.paused = true;
      for (let round = 0; round < 300 && !world.isOver; round++) world.round();
      if (!world.isOver) {
        for (const { name, mark, softTaint, version, kept, isApplied } of world.hosts) {
          assert.equal(mark ?? softTaint, undefined, name);
          if (!isApplied) assert.equal(version, kept, name);
        }
        assert.match(world.known?.waitsFor ?? '', /^paused: /);
        const waiting = world.known?.conditions?.find(({ type }) => type === 'Waiting');
        assert.equal(waiting?.reason, 'Paused');
      }
      world.settle();
      assert.ok(world.isOver, `not over: ${JSON.stringify(world.known?.waitsFor)}`);
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('all hosts of a run get the same bundle', () => {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      const { bundled } = live({ ...worldOptions, bundle: true }, events);
      const digests = bundled.flatMap(({ delivered }) => delivered ?? []);
      assert.ok(new Set(digests).size <= 1, `${digests}`);
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('S5 and S9: every run ends, and an update that was not committed is undone', () => {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      const world = live(worldOptions, events);
      assert.ok(world.isOver, `not over: ${JSON.stringify(world.known?.waitsFor)}`);
      for (let round = 0; round < 200; round++) {
        for (const host of world.hosts) host.step(world.nowMs);
        world.happen({ kind: 'time' });
      }
      for (const host of world.hosts) {
        assert.equal(host.version, host.kept, host.name);
      }
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('as many failures as the policy bears keep no good release from the others', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom<Fate>('exits', 'noDownload', 'stuckPods'), { maxLength: 2 }),
      fc.integer({ min: 1, max: 3 }),
      happenings,
      (bad, concurrent, events) => {
        const workers: Fate[] = [...bad, 'good', 'good', 'good'];
        const world = new World({ controllers: ['good'], workers, concurrent, maxFailures: 2 });
        const calm = events.filter(({ kind }) => kind !== 'breaks');
        for (const event of calm) world.happen(event);
        world.settle();
        assert.equal(world.stored?.state, bad.length === 0 ? 'Completed' : 'ApplyFailed');
        const good = world.hosts.filter(({ fate }) => fate === 'good');
        assert.deepEqual(new Set(good.map(({ version }) => version)), new Set(['v1.36.3+k0s.0']));
      },
    ),
    { numRuns: Math.ceil(RUNS / 3), ...seed },
  );
});

test('S8: a soft taint is set on nobody but who waits for a turn that may come', () => holds('S8'));

test('S8: every cordon and soft taint of ours is gone by the end of the run', () => {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      const world = live(worldOptions, events);
      const before = world.workers.slice(0, worldOptions.cordoned);
      assert.deepEqual(
        world.workers.filter(({ mark, softTaint }) => (mark ?? softTaint) !== undefined),
        [],
      );
      assert.deepEqual(
        world.workers.filter(({ unschedulable }) => unschedulable),
        before,
      );
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('S10: whenever the leader dies, a good release reaches every host', () => {
  fc.assert(
    fc.property(
      fc.record({
        controllers: fc.constantFrom<Fate[]>(
          ['good'],
          ['good', 'good', 'good'],
          ['good', 'confirmsAlone', 'good'],
        ),
        workers: fc.array(fc.constantFrom<Fate>('good', 'confirmsAlone'), { maxLength: 6 }),
        concurrent: fc.integer({ min: 1, max: 3 }),
        bundle: fc.boolean(),
        hybrids: fc.integer({ min: 0, max: 1 }),
      }),
      fc.array(fc.nat(8), { maxLength: 40 }),
      (worldOptions, crashes) => {
        const world = new World(worldOptions);
        for (const actions of crashes) {
          world.happen({ kind: 'crashAfter', actions });
          for (let n = 0; n < world.hosts.length; n++) world.happen({ kind: 'agent', at: n });
        }
        world.settle();
        assert.equal(world.stored?.state, 'Completed', JSON.stringify(world.stored?.conditions));
        assert.deepEqual(
          new Set(world.hosts.map(({ version }) => version)),
          new Set(['v1.36.3+k0s.0']),
        );
      },
    ),
    { numRuns: RUNS, ...seed },
  );
});

test('S10: whenever the leader dies, a bad release ends as it would have', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Fate>('exits', 'neverHealthy', 'noDownload', 'noBackup'),
      fc.array(fc.nat(8), { maxLength: 40 }),
      fc.boolean(),
      (bad, crashes, bundle) => {
        const world = new World({
          controllers: [bad, 'good', 'good'],
          workers: ['good'],
          concurrent: 1,
          bundle,
        });
        for (const actions of crashes) {
          world.happen({ kind: 'crashAfter', actions });
          for (let n = 0; n < world.hosts.length; n++) world.happen({ kind: 'agent', at: n });
        }
        world.settle();
        assert.equal(world.stored?.state, 'ApplyFailed');
        if (bad !== 'noDownload') {
          assert.deepEqual(
            new Set(world.hosts.map(({ version }) => version)),
            new Set(['v1.36.1+k0s.0']),
          );
        }
      },
    ),
    { numRuns: RUNS, ...seed },
  );
});
