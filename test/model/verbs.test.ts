import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { APPROVALS } from '../../src/api/policy-batches.ts';
import { VERBS } from '../../src/api/requests.ts';
import type { Fate } from './simulated-host.ts';
import { type Happening, World, type WorldOptions } from './world.ts';

const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>('good') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fate>('noDownload', 'exits', 'silent', 'stuckPods', 'confirmsAlone'),
  },
);
const options: fc.Arbitrary<WorldOptions> = fc.record({
  controllers: fc.constantFrom(1, 3).chain((n) => fc.array(fate, { minLength: n, maxLength: n })),
  workers: fc.array(fate, { maxLength: 5 }),
  concurrent: fc.integer({ min: 1, max: 3 }),
  bundle: fc.boolean(),
  hybrids: fc.constantFrom(0, 1),
  maxFailures: fc.constantFrom(0, 1),
  onDrainTimeout: fc.constantFrom('Stop', 'Skip'),
  approvals: fc.subarray([...APPROVALS]),
  hooks: fc.boolean(),
});
const at = fc.nat(20);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Happening>({ kind: 'look' }) },
  { weight: 12, arbitrary: at.map((n): Happening => ({ kind: 'agent', at: n })) },
  { weight: 3, arbitrary: fc.constant<Happening>({ kind: 'time' }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'crash' }) },
  { weight: 1, arbitrary: fc.nat(6).map((n): Happening => ({ kind: 'crashAfter', actions: n })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...VERBS).map((verb): Happening => ({ kind: 'asks', verb })),
  },
  { weight: 1, arbitrary: at.map((n): Happening => ({ kind: 'cures', at: n })) },
);
const happenings = fc.array(happening, { maxLength: 400, size: 'max' });
const RUNS = Number(process.env.TEST_RUNS ?? 300);
const seed = process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) };

function forAll(check: (world: World, events: readonly Happening[]) => void): void {
  fc.assert(
    fc.property(options, happenings, (worldOptions, events) => {
      check(new World(worldOptions), events);
    }),
    { numRuns: RUNS, ...seed },
  );
}

test('whatever is asked, and whenever, every promise holds', () =>
  forAll((world, events) => {
    for (const event of events) world.happen(event);
    world.settle();
    assert.deepEqual(world.violations, []);
  }));

test('whatever is asked, the run ends, every cordon is lifted, and every host is whole', () =>
  forAll((world, events) => {
    for (const event of events) world.happen(event);
    world.settle();
    assert.ok(world.isOver, `not over: ${JSON.stringify(world.known?.waitsFor)}`);
    for (let round = 0; round < 200; round++) world.round();
    for (const { name, version, kept, mark, unschedulable, softTaint } of world.hosts) {
      assert.equal(version, kept, name);
      assert.ok(mark === undefined && !unschedulable && softTaint === undefined, name);
    }
  }));

test('every request has one answer, whenever the leader dies, and it never changes', () =>
  forAll((world, events) => {
    const answers = new Map<string, string>();
    const remember = () => {
      for (const { nonce, at: _at, ...answer } of world.stored?.requestResults ?? []) {
        const text = JSON.stringify(answer);
        assert.equal(answers.get(nonce) ?? text, text);
        answers.set(nonce, text);
      }
      for (const nonce of answers.keys()) {
        const held = world.stored?.requestResults?.filter((one) => one.nonce === nonce) ?? [];
        assert.equal(held.length, 1, `answers to ${nonce}`);
      }
    };
    for (const event of events) {
      world.happen(event);
      remember();
    }
    world.happen({ kind: 'look' });
    remember();
    assert.deepEqual(
      [...answers.keys()],
      world.requests.map(({ nonce }) => nonce),
    );
  }));

test('a run that was aborted ends, and says by whom', () => {
  let aborted = 0;
  forAll((world, events) => {
    for (const event of events) {
      world.happen(event);
      if (event.kind !== 'asks' || event.verb !== 'abort') continue;
      world.happen({ kind: 'look' });
      if (world.stored?.aborted === undefined) continue;
      // The bound of a silent agent and of a trial; a pause holds nothing up that was aborted.
      for (let round = 0; round < 1_500 && !world.isOver; round++) world.round();
      assert.ok(world.isOver, world.known?.waitsFor);
      if (world.stored.state === 'Completed') continue;
      const failed = world.stored.conditions?.find(({ type }) => type === 'Failed');
      assert.equal(failed?.reason, 'Aborted');
      assert.match(failed.message, /^aborted: ann asked for it at /);
      aborted++;
    }
  });
  assert.ok(aborted > 0);
});

test('once every cause is mended a retry brings the release to every host', () =>
  forAll((world, events) => {
    for (const event of events) world.happen(event);
    world.settle();
    for (let host = 0; host < world.hosts.length; host++) world.happen({ kind: 'cures', at: host });
    // What the run has left behind comes to rest.
    for (let round = 0; round < 200; round++) world.round();
    const done = world.hosts.filter(({ kept, before }) => kept !== before);
    world.quarantined.length = 0;
    if (world.stored?.state === 'Completed') return;
    world.happen({ kind: 'asks', verb: 'retry' });
    world.happen({ kind: 'look' });
    assert.equal(world.stored?.requestResults?.at(-1)?.reason, 'Retried');
    const again = new Set<string>();
    for (let round = 0; round < 4_000 && !world.isOver; round++) {
      world.round();
      for (const { name, isApplied } of world.hosts) if (isApplied) again.add(name);
    }
    assert.equal(world.stored?.state, 'Completed', JSON.stringify(world.stored?.conditions));
    assert.deepEqual(
      done.filter(({ name }) => again.has(name)).map(({ name }) => name),
      [],
    );
    assert.deepEqual(
      new Set(world.hosts.map(({ version }) => version)),
      new Set(['v1.36.3+k0s.0']),
    );
  }));
