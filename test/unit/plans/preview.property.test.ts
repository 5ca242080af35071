import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { APPROVALS } from '../../../src/api/policy-batches.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { preview } from '../../../src/plans/preview.ts';
import { type Happening, World, type WorldOptions } from '../../model/world.ts';

const RUNS = Number(process.env.TEST_RUNS ?? 100);
const seed = process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) };

const good = (least: number, most: number) =>
  fc
    .integer({ min: least, max: most })
    .map((n) => Array.from({ length: n }, () => 'good' as const));
const batches = fc.constantFrom<WorldOptions['batches']>(
  undefined,
  undefined,
  { ramp: [1, '10%', '50%'] },
  { ramp: [2], zones: 'OneByOne', soak: '30s' },
  { zones: 'Spread', canaries: ['w-3', 'w-9'], soak: '1m' },
);
const options: fc.Arbitrary<WorldOptions> = fc.record({
  controllers: fc.constantFrom(1, 3, 5).chain((n) => good(n, n)),
  workers: good(0, 24),
  concurrent: fc.integer({ min: 1, max: 7 }),
  bundle: fc.boolean(),
  hybrids: fc.constantFrom(0, 0, 1, 2),
  maxFailures: fc.constantFrom(0, 1),
  approvals: fc.subarray([...APPROVALS]),
  hooks: fc.boolean(),
  windows: fc.constantFrom(false, false, true),
  batches,
});

/** What the world is like when the run begins. */
interface Beginning {
  /** Hosts that run the new version already. */
  readonly updated: readonly number[];
  /**
   * Workers that somebody has cordoned. They go first, as soon as they are staged: only where everything is
   * downloaded at once does that not depend on the speed of each link.
   */
  readonly cordoned: readonly number[];
}
const some = fc.array(fc.nat(30), { maxLength: 3 });
const beginning: fc.Arbitrary<Beginning> = fc.record({ updated: some, cordoned: some });

function worldOf(worldOptions: WorldOptions, { updated, cordoned }: Beginning): World {
  const world = new World(worldOptions);
  for (const at of updated) {
    const host = world.hosts[at % world.hosts.length]!;
    host.version = 'v1.36.3+k0s.0';
    host.kept = host.version;
  }
  for (const at of world.hosts.length <= 5 ? cordoned : []) {
    const host = world.workers[at % Math.max(1, world.workers.length)];
    if (host !== undefined) host.unschedulable = true;
  }
  return world;
}

/** One name per target that is begun: here from what is written, not from how the preview notes it. */
class Executed {
  readonly bundles: string[] = [];
  readonly controllers: string[] = [];
  readonly workers: string[] = [];

  note(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.kind === 'cordon') this.workers.push(action.name);
      if (action.kind !== 'order' || action.order.goal !== 'apply') continue;
      if (action.order.artifact.kind === 'airgap') this.bundles.push(action.name);
      else if (action.role === 'controller') this.controllers.push(action.name);
    }
  }
}

function previewed(world: World): Executed {
  const executed = new Executed();
  const { begun, outcome } = preview(world.facts());
  assert.equal(outcome.kind, 'completes', JSON.stringify(outcome));
  for (const { command, role, name } of begun) {
    if (world.spec.commands[command]?.airgapupdate !== undefined) executed.bundles.push(name);
    else executed[`${role}s`].push(name);
  }
  return executed;
}

test('a run without faults follows its preview: who is begun, and in which order', () => {
  fc.assert(
    fc.property(options, beginning, (worldOptions, found) => {
      const world = worldOf(worldOptions, found);
      const expected = previewed(world);
      const executed = new Executed();
      for (let round = 0; round < 4_000 && !world.isOver; round++) {
        const decision = world.look(Number.POSITIVE_INFINITY);
        if (decision.kind === 'act') executed.note(decision.actions);
        world.letPass();
        for (const host of world.hosts) host.step(world.nowMs);
        world.happen({ kind: 'time' });
      }
      assert.ok(world.isOver);
      assert.deepEqual(executed, expected);
    }),
    { numRuns: RUNS, interruptAfterTimeLimit: 60_000, ...seed },
  );
});

const at = fc.nat(40);
const hurry: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Happening>({ kind: 'look' }) },
  { weight: 10, arbitrary: at.map((n): Happening => ({ kind: 'agent', at: n })) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'crash' }) },
);

test('however fast each host is, and whoever leads: controllers in the order of the preview', () => {
  fc.assert(
    fc.property(
      options,
      beginning,
      fc.array(hurry, { maxLength: 200, size: 'max' }),
      (worldOptions, found, events) => {
        const world = worldOf({ ...worldOptions, windows: false }, found);
        const expected = previewed(world);
        const order: string[] = [];
        const goals = new Map<string, string | undefined>();
        const watch = () => {
          for (const host of world.controllers) {
            const isBegun = host.order?.artifact.kind === 'k0s' && host.order.goal === 'apply';
            if (isBegun && goals.get(host.name) !== host.order?.id) order.push(host.name);
            if (isBegun) goals.set(host.name, host.order?.id);
          }
        };
        for (const event of events) {
          world.happen(event);
          watch();
        }
        for (let round = 0; round < 4_000 && !world.isOver; round++) {
          world.round();
          watch();
        }
        assert.ok(world.isOver);
        assert.deepEqual(order, expected.controllers);
      },
    ),
    { numRuns: RUNS, interruptAfterTimeLimit: 60_000, ...seed },
  );
});
