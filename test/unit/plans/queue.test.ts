import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanSpec, StoredPlanStatus, TargetPhase } from '../../../src/api/plan.ts';
import { activeRuns, placeOf, type QueuedPlan } from '../../../src/plans/queue.ts';
import { aControlNode, aNode, anUpdate, aSpec } from '../../support/builders.ts';

const all = aSpec(anUpdate({ controllers: '' }));
const some = (...workers: string[]) => aSpec(anUpdate({ workers }));
const aPlan = (
  name: string,
  createdAtMs: number,
  spec: PlanSpec = all,
  over: Partial<QueuedPlan> = {},
): QueuedPlan => ({
  name,
  uid: `${name}-uid-0123`,
  generation: 1,
  createdAtMs,
  appliedAtMs: createdAtMs,
  status: undefined,
  requests: [],
  deleted: false,
  spec,
  ...over,
});

const world = {
  nodes: new Map(['w-1', 'w-2'].map((name) => [name, aNode(name)])),
  controlNodes: new Map([['cp-1', aControlNode('cp-1')]]),
};

/** A run over workers, each with its phase. */
function running(
  spec: PlanSpec,
  workers: Readonly<Record<string, TargetPhase>>,
  startedAt = '2026-03-01T00:00:00Z',
): { status: StoredPlanStatus } {
  const targets = Object.entries(workers).map(([name, phase]) => ({
    name,
    state: 'SignalSent',
    lastUpdatedTimestamp: startedAt,
    phase,
  }));
  const commands = [{ id: 0, state: 'SchedulableWait', k0supdate: { workers: targets } }];
  return {
    status: { state: 'SchedulableWait', runID: 'r', startedAt, frozenSpec: spec, commands },
  };
}

function before(plan: QueuedPlan, others: readonly QueuedPlan[], held: readonly string[] = []) {
  const isHeld = ({ name }: QueuedPlan) => held.includes(name);
  return placeOf(plan, [...others, plan], { world, isHeld }).before;
}

test('the older of two new Plans with the same targets runs first, and knows who waits', () => {
  const [old, young] = [aPlan('b', 1), aPlan('a', 2)];
  assert.deepEqual(before(young, [old]), ['b']);
  const around = { world, isHeld: () => false };
  assert.deepEqual(placeOf(old, [old, young], around), { before: [], behind: ['a'] });
});

test('workers of no Plan in common: side by side; one in common: one after the other', () => {
  const [one, two] = [aPlan('one', 1, some('w-1')), aPlan('two', 2, some('w-2'))];
  assert.deepEqual(before(two, [one]), []);
  assert.deepEqual(before(aPlan('both', 3, some('w-1', 'w-2')), [one, two]), ['one', 'two']);
});

test('a selector reaches what it selects now, and without a world anything', () => {
  const labelled = aPlan('a', 1, aSpec(anUpdate({ workers: 'pool=x' })));
  const plan = aPlan('b', 2, some('w-1'));
  assert.deepEqual(before(plan, [labelled]), []);
  const around = { world: undefined, isHeld: () => false };
  assert.deepEqual(placeOf(plan, [labelled, plan], around).before, ['a']);
});

test('a Plan of controllers runs beside no other, and no other beside it', () => {
  const controllers = aPlan('c', 1, aSpec(anUpdate({ controllers: ['cp-1'] })));
  const workers = aPlan('w', 2, some('w-1'));
  assert.deepEqual(before(workers, [controllers]), ['c']);
  const [later, earlier] = [{ ...controllers, createdAtMs: 9 }, workers];
  assert.deepEqual(before(later, [earlier]), ['w']);
});

test('a hybrid is one machine, by whichever kind it is reached', () => {
  const node = aPlan('n', 1, some('cp-1'));
  assert.deepEqual(before(aPlan('c', 2, aSpec(anUpdate({ controllers: ['cp-1'] }))), [node]), [
    'n',
  ]);
});

test('one that is under way goes before an older one that is not', () => {
  const young = aPlan('a', 2, some('w-1'), running(some('w-1'), { 'w-1': 'Pending' }));
  assert.deepEqual(before(aPlan('b', 1, some('w-1')), [young]), ['a']);
});

test('a held run is overtaken once it has nothing in flight', () => {
  const spec = some('w-1', 'w-2');
  const run = (phase: TargetPhase) =>
    aPlan('old', 1, spec, running(spec, { 'w-1': phase, 'w-2': 'Pending' }));
  const patch = aPlan('patch', 2, some('w-2'));
  for (const phase of ['Draining', 'Applying', 'OnTrial', 'Committing', 'Held'] as const) {
    assert.deepEqual(before(patch, [run(phase)], ['old']), ['old'], phase);
  }
  for (const phase of ['Pending', 'Downloading', 'Staged', 'Committed'] as const) {
    assert.deepEqual(before(patch, [run(phase)], ['old']), [], phase);
    assert.deepEqual(before(patch, [run(phase)]), ['old'], phase);
  }
});

test('a held run is not overtaken while another leader would find something of it in flight', () => {
  const spec = some('w-1', 'w-2');
  const committed = running(spec, { 'w-1': 'Committed', 'w-2': 'Pending' });
  const old = aPlan('old', 1, spec, { ...committed, isStoredInFlight: true });
  const patch = aPlan('patch', 2, some('w-1'));
  assert.deepEqual(before(patch, [old], ['old']), ['old']);
  assert.deepEqual(before(patch, [{ ...old, isStoredInFlight: false }], ['old']), []);
});

test('no older version overtakes a run that is held', () => {
  const spec = some('w-1');
  const old = aPlan('old', 1, spec, running(spec, { 'w-1': 'Pending' }));
  const back = aPlan('back', 2, aSpec(anUpdate({ workers: ['w-1'], version: 'v1.36.2+k0s.0' })));
  assert.deepEqual(before(back, [old], ['old']), ['old']);
});

test('what was overtaken goes on when the other has ended, or is held itself and has nothing in flight', () => {
  const spec = some('w-1', 'w-2');
  const at = (hour: string) => `2026-03-01T${hour}:00:00Z`;
  const old = aPlan('old', 1, spec, running(spec, { 'w-1': 'Pending' }, at('01')));
  const patch = (phase: TargetPhase) =>
    aPlan('patch', 2, spec, running(spec, { 'w-1': phase }, at('02')));
  assert.deepEqual(before(old, [patch('Staged')]), ['patch']);
  assert.deepEqual(before(patch('Staged'), [old]), []);
  assert.deepEqual(before(old, [patch('Staged')], ['patch']), []);
  assert.deepEqual(before(old, [patch('OnTrial')], ['patch']), ['patch']);
  // Went on meanwhile: what it has begun is brought to its end first, and nothing more of it.
  const busy = aPlan('old', 1, spec, running(spec, { 'w-1': 'OnTrial' }, at('01')));
  assert.deepEqual(before(patch('Staged'), [busy]), ['old']);
  assert.deepEqual(before(busy, [patch('Staged')]), ['patch']);
});

test('one that waits and is held is overtaken, and what waits holds up nothing that is under way', () => {
  const waiting = aPlan('a', 1);
  assert.deepEqual(before(aPlan('z', 2), [waiting], ['a']), []);
  const run = aPlan('z', 2, some('w-1'), running(some('w-1'), { 'w-1': 'Pending' }));
  assert.deepEqual(before(run, [waiting]), []);
});

test('what is at its end, deleted, or was left by k0s holds nobody up', () => {
  const others = [
    aPlan('a', 1, all, { status: { state: 'Completed', observedGeneration: 1 } }),
    aPlan('b', 1, all, { deleted: true }),
    aPlan('c', 1, all, { status: { state: 'SchedulableWait' } }),
  ];
  assert.deepEqual(before(aPlan('z', 9), others), []);
});

test('a Plan that cannot be read holds nobody up: it is refused', () => {
  const broken = aPlan('a', 1, all, {
    spec: { invalid: 'spec.id: missing', reason: 'InvalidSpec' },
  });
  assert.deepEqual(before(aPlan('z', 2, some('w-1')), [broken]), []);
});

test('orders of a Plan that is about to begin are never taken for leftovers', () => {
  assert.deepEqual([...activeRuns([aPlan('a', 1)])], ['a-uid-01-1']);
});

test('orders of a run that has ended are leftovers, and those of its retry never', () => {
  const ended = (runID: string) =>
    aPlan('a', 1, all, { status: { state: 'ApplyFailed', observedGeneration: 1, runID } });
  assert.deepEqual([...activeRuns([ended('a-uid-01-1')])], ['a-uid-01-1-2']);
  assert.deepEqual([...activeRuns([ended('a-uid-01-1-2')])], ['a-uid-01-1-3']);
});
