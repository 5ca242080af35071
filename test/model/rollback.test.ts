import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FAILURE_OUTCOMES, ROLLBACK_SCOPES } from '../../src/api/policy-failure.ts';
import { targetsOf } from '../../src/plans/progress.ts';
import type { Fate } from './simulated-host.ts';
import { type Happening, World, type WorldOptions } from './world.ts';

const OLD = 'v1.36.1+k0s.0';
const fate = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>('good') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fate>('exits', 'neverHealthy', 'noWayBack', 'silent', 'stuckPods'),
  },
);
const options: fc.Arbitrary<WorldOptions> = fc.record({
  controllers: fc.constantFrom(1, 3).chain((n) => fc.array(fate, { minLength: n, maxLength: n })),
  workers: fc.array(fate, { maxLength: 6 }),
  concurrent: fc.integer({ min: 1, max: 3 }),
  bundle: fc.boolean(),
  hybrids: fc.constantFrom(0, 1),
  maxFailures: fc.constantFrom(0, 1),
  windows: fc.constantFrom(false, false, true),
  onFailure: fc.constantFrom(...FAILURE_OUTCOMES),
  scope: fc.constantFrom(...ROLLBACK_SCOPES),
});
const at = fc.nat(20);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Happening>({ kind: 'look' }) },
  { weight: 12, arbitrary: at.map((n): Happening => ({ kind: 'agent', at: n })) },
  { weight: 3, arbitrary: fc.constant<Happening>({ kind: 'time' }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'crash' }) },
  { weight: 1, arbitrary: fc.nat(6).map((n): Happening => ({ kind: 'crashAfter', actions: n })) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'asks', verb: 'rollback' }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'asks', verb: 'retry' }) },
  { weight: 1, arbitrary: at.map((n): Happening => ({ kind: 'breaks', at: n })) },
  { weight: 2, arbitrary: at.map((n): Happening => ({ kind: 'mends', at: n })) },
);
const happenings = fc.array(happening, { maxLength: 400, size: 'max' });
const RUNS = Number(process.env.TEST_RUNS ?? 300);
const seed = process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) };

function live(worldOptions: WorldOptions, events: readonly Happening[]): World {
  const world = new World(worldOptions);
  for (const event of events) world.happen(event);
  world.settle(1_000);
  // What is held waits for a person for ever.
  if (!world.isOver) world.happen({ kind: 'asks', verb: 'abort' });
  world.settle();
  return world;
}

test('whatever is put back, and whenever the leader dies, every promise holds', () => {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      assert.deepEqual(live(worldOptions, events).violations, []);
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('a run that is put back ends, gives every cordon back, and tells the truth of each host', () => {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      const world = live(worldOptions, events);
      assert.ok(world.isOver, `not over: ${JSON.stringify(world.known?.waitsFor)}`);
      for (let round = 0; round < 200; round++) world.round();
      for (const { name, version, kept, mark, unschedulable } of world.hosts) {
        assert.equal(version, kept, name);
        assert.ok(mark === undefined && !unschedulable, name);
      }
      const { commands = [], state } = world.stored ?? {};
      const own = (commands ?? []).filter(
        ({ rollback, k0supdate }) => rollback !== true && k0supdate !== undefined,
      );
      const hosts = new Map(world.hosts.map((host) => [host.name, host]));
      for (const target of own.flatMap(targetsOf)) {
        const host = hosts.get(target.name);
        if (target.reason === 'RolledBack') assert.equal(host?.version, OLD, target.name);
        if (target.state === 'SignalCompleted') assert.notEqual(host?.version, OLD, target.name);
      }
      if (world.stored?.rollback !== undefined) assert.notEqual(state, 'Completed');
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('a whole run of good hosts goes back as a whole, whenever the leader dies', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 3),
      fc.nat(6),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.nat(8), { maxLength: 60 }),
      fc.boolean(),
      (controllers, workers, concurrent, crashes, isVerb) => {
        const bad: Fate[] = isVerb ? [] : ['neverHealthy'];
        const world = new World({
          controllers: Array<Fate>(controllers).fill('good'),
          workers: [...Array<Fate>(workers).fill('good'), ...bad],
          concurrent,
          scope: 'Plan',
        });
        const crash = () => {
          for (const actions of crashes) {
            world.happen({ kind: 'crashAfter', actions });
            for (let n = 0; n < world.hosts.length; n++) world.happen({ kind: 'agent', at: n });
          }
        };
        crash();
        world.settle();
        if (isVerb) {
          assert.equal(world.stored?.state, 'Completed');
          world.happen({ kind: 'asks', verb: 'rollback' });
          world.happen({ kind: 'look' });
          assert.equal(world.stored?.requestResults?.at(-1)?.reason, 'RollingBack');
          crash();
          world.settle();
        }
        assert.deepEqual(world.violations, []);
        assert.equal(world.stored?.state, 'ApplyFailed');
        const back = world.stored?.conditions?.find(({ type }) => type === 'RolledBack');
        assert.equal(back?.status, 'True', back?.message);
        assert.deepEqual(new Set(world.hosts.map(({ version }) => version)), new Set([OLD]));
      },
    ),
    { numRuns: RUNS, ...seed },
  );
});
