import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fate } from './simulated-host.ts';
import { type Happening, World, type WorldOptions } from './world.ts';

/** Worlds of up to 500 nodes; each takes a second or so. */
const RUNS = Math.max(1, Math.round(Number(process.env.TEST_RUNS ?? 300) / 50));
const seed = process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) };

const fate = fc.oneof(
  { weight: 200, arbitrary: fc.constant<Fate>('good') },
  { weight: 10, arbitrary: fc.constant<Fate>('confirmsAlone') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fate>('noDownload', 'exits', 'neverHealthy', 'silent', 'stuckPods'),
  },
);
const options: fc.Arbitrary<WorldOptions> = fc.record({
  controllers: fc
    .constantFrom(1, 3, 5)
    .map((length): Fate[] => Array.from({ length }, () => 'good')),
  workers: fc
    .constantFrom(50, 200, 495)
    .chain((n) => fc.array(fate, { minLength: n, maxLength: n, size: 'max' })),
  concurrent: fc.constantFrom(10, 50, 100),
  maxFailures: fc.constantFrom(0, 5, 500),
  onDrainTimeout: fc.constantFrom('Stop', 'Skip', 'Force'),
  batches: fc.constantFrom(
    undefined,
    { ramp: [1, '10%', '50%'] },
    { ramp: [5, '100%'], soak: '1m' },
    { zones: 'OneByOne' as const },
  ),
  cordoned: fc.constantFrom(0, 3),
});
const at = fc.nat(600);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Happening>({ kind: 'look' }) },
  { weight: 10, arbitrary: at.map((n): Happening => ({ kind: 'agent', at: n })) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'time' }) },
  { weight: 1, arbitrary: fc.nat(60).map((n): Happening => ({ kind: 'crashAfter', actions: n })) },
  { weight: 1, arbitrary: at.map((n): Happening => ({ kind: 'breaks', at: n })) },
  { weight: 1, arbitrary: at.map((n): Happening => ({ kind: 'mends', at: n })) },
);

test('worlds of up to 500 nodes: every promise holds, every run ends, every cordon is lifted', () => {
  let nodes = 0;
  fc.assert(
    fc.property(
      options,
      fc.array(happening, { maxLength: 60, size: 'max' }),
      (worldOptions, events) => {
        const world = new World(worldOptions);
        nodes = Math.max(nodes, world.hosts.length);
        // What happens is spread over the run: everybody takes a step between two of them.
        for (const event of events) {
          world.happen(event);
          world.round();
        }
        world.settle();
        assert.deepEqual(world.violations, []);
        assert.ok(world.isOver, `not over: ${JSON.stringify(world.known?.waitsFor)}`);
        for (let round = 0; round < 30; round++) world.round();
        const cordoned = world.workers.slice(0, worldOptions.cordoned);
        for (const { name, mark, unschedulable } of world.workers) {
          assert.equal(mark, undefined, name);
          assert.equal(
            unschedulable,
            cordoned.some((one) => one.name === name),
            name,
          );
        }
      },
    ),
    { numRuns: RUNS, ...seed, endOnFailure: true },
  );
  assert.ok(nodes >= 50);
});
