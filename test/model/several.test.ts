import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PlanSpec } from '../../src/api/plan.ts';
import { anUpdate, aSpec } from '../support/builders.ts';
import { PlansWorld } from './plans-world.ts';
import { type Fate, SimulatedHost } from './simulated-host.ts';

const OLD = 'v1.36.1+k0s.0';
const PATCH = 'v1.36.3+k0s.0';
const NEWER = 'v1.36.4+k0s.0';
const NEXT = 'v1.37.0+k0s.0';
const LATER = 'v1.37.1+k0s.0';
const names = ['w-1', 'w-2', 'w-3', 'w-4'];

const fate = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Fate>('good') },
  { weight: 1, arbitrary: fc.constantFrom<Fate>('exits', 'neverHealthy', 'noDownload') },
);
const aPlan = fc.oneof(
  fc.constantFrom(PATCH, NEXT).map((version) => aSpec(anUpdate({ controllers: '', version }))),
  fc
    .record({
      workers: fc.subarray(names, { minLength: 1 }),
      version: fc.constantFrom(PATCH, PATCH, NEWER, NEXT, LATER),
      concurrent: fc.integer({ min: 1, max: 3 }),
    })
    .map((workers) => aSpec(anUpdate(workers))),
);
const at = fc.nat(9);
type Happening = readonly [kind: 'look' | 'agent' | 'time' | 'crash' | 'pause', at: number];
const happening: fc.Arbitrary<Happening> = fc.oneof(
  ...(
    [
      ['look', 8],
      ['agent', 10],
      ['time', 2],
      ['crash', 1],
      ['pause', 2],
    ] as const
  ).map(([kind, weight]) => ({ weight, arbitrary: at.map((n): Happening => [kind, n]) })),
);
type World = readonly [Fate[], PlanSpec[], number | undefined, Happening[]];
/** A leader dies before it has stored that a paused Plan has ended what it had begun; the next one finds it so. */
const DIES_WITH_THE_END_OF_A_TRIAL: World = [
  ['good', 'good', 'good', 'exits', 'good', 'good'],
  [PATCH, NEXT].map((version) => aSpec(anUpdate({ controllers: '', version }))),
  undefined,
  [
    ...told(
      'look look agent agent look agent agent agent agent look pause time time look agent look',
    ),
    ['look', 1],
    ['look', 1],
    ...told('agent crash'),
  ],
];

const RUNS = Number(process.env.TEST_RUNS ?? 200);
const seed = process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) };

test(`S2, S3 and S7 hold across all Plans, versions do not go back, and all end (${RUNS} worlds)`, () => {
  fc.assert(
    fc.property(
      fc.array(fate, { minLength: 6, maxLength: 6 }),
      fc.array(aPlan, { minLength: 2, maxLength: 4 }),
      fc.constantFrom(undefined, 1, 2, 3),
      fc.array(happening, { maxLength: 300, size: 'max' }),
      (fates, specs, most, happenings) => {
        const world = new PlansWorld(
          {
            controllers: fates
              .slice(0, 2)
              .map((one, n) => new SimulatedHost(`cp-${n + 1}`, OLD, one)),
            workers: fates.slice(2).map((one, n) => new SimulatedHost(names[n]!, OLD, one)),
          },
          specs,
          most,
        );
        for (const [kind, n] of happenings) happen(world, kind, n);
        world.settle();
        assert.deepEqual(world.violations, []);
        for (const plan of world.plans) {
          assert.ok(plan.isOver, `${plan.name}: ${JSON.stringify(plan.stored)}`);
        }
        for (const host of world.workers) {
          assert.equal(host.mark, undefined, `${host.name} is still cordoned`);
        }
      },
    ),
    { numRuns: RUNS, ...seed, examples: [[...DIES_WITH_THE_END_OF_A_TRIAL]] },
  );
});

/** All of it happens to what comes first. */
function told(kinds: string): Happening[] {
  return kinds.split(' ').map((kind) => [kind as Happening[0], 0]);
}

function happen(world: PlansWorld, kind: Happening[0], n: number): void {
  switch (kind) {
    case 'look':
      world.look(n);
      return;
    case 'agent':
      world.hosts[n % world.hosts.length]?.step(world.nowMs);
      return;
    case 'time':
      world.pass();
      return;
    case 'crash':
      world.look(n, n % 3);
      world.succeed();
      return;
    case 'pause': {
      const plan = world.plans[n % world.plans.length];
      if (plan !== undefined) plan.paused = n % 2 === 0;
    }
  }
}
