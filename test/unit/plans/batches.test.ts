import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import { preview } from '../../../src/plans/preview.ts';
import { targetsOf } from '../../../src/plans/progress.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  START_MS,
  someFacts,
} from '../../support/builders.ts';

const ZONE = 'topology.kubernetes.io/zone';
const inZone = (zone: string | undefined): Partial<NodeFacts> => ({
  labels: zone === undefined ? {} : { [ZONE]: zone },
});
const workers = (amount: number) => Array.from({ length: amount }, (_, at) => aNode(`w${at + 1}`));
const zoned = (...zones: (string | undefined)[]) =>
  zones.map((zone, at) => aNode(`w${at + 1}`, inZone(zone)));

interface Case {
  readonly nodes: readonly NodeFacts[];
  readonly batches?: PolicyLayer['batches'];
  readonly concurrent?: number;
}

/** Runs it in a world without faults. */
function run({ nodes, batches, concurrent = 10 }: Case) {
  const facts = someFacts(aSpec(anUpdate({ controllers: '', workers: '', concurrent })), {
    policy: aPolicy(batches === undefined ? {} : { batches }),
    controlNodes: [aControlNode('c1')],
    nodes,
  });
  const one = preview(facts);
  return { ...one, begun: one.begun.filter(({ role }) => role === 'worker') };
}

/** `w1+w2` for each batch, in the order in which they were begun. */
function batchesOf(one: Case): string[] {
  const { begun, status, outcome } = run(one);
  assert.equal(outcome.kind, 'completes', JSON.stringify(outcome));
  const told = new Map(targetsOf(status!.commands![0]!).map(({ name, batch }) => [name, batch]));
  const byBatch = Map.groupBy(begun, ({ name }) => told.get(name)!);
  return [...byBatch.values()].map((batch) => batch.map(({ name }) => name).join('+'));
}

const cases: [string, Case, string[]][] = [
  [
    'without a ramp all workers are one batch',
    { nodes: workers(5), concurrent: 2 },
    ['w1+w2+w3+w4+w5'],
  ],
  [
    'a ramp widens, and its last step is repeated',
    { nodes: workers(20), batches: { ramp: [1, '10%', '25%'] } },
    ['w1', 'w2+w3', 'w4+w5+w6+w7+w8', 'w9+w10+w11+w12+w13', 'w14+w15+w16+w17+w18', 'w19+w20'],
  ],
  [
    'a percentage of few is one',
    { nodes: workers(3), batches: { ramp: ['10%'] } },
    ['w1', 'w2', 'w3'],
  ],
  [
    'canaries are the first batch, those of them that are targets',
    { nodes: workers(4), batches: { canaries: ['w3', 'w9', 'w4'] } },
    ['w3+w4', 'w1+w2'],
  ],
  [
    'the ramp begins after the canaries',
    { nodes: workers(6), batches: { canaries: ['w6'], ramp: [1, 2] } },
    ['w6', 'w1', 'w2+w3', 'w4+w5'],
  ],
  [
    'zones one by one, by name with numbers as numbers, nodes without one last',
    { nodes: zoned('b10', undefined, 'b2', 'b10', 'b2'), batches: { zones: 'OneByOne' } },
    ['w3+w5', 'w1+w4', 'w2'],
  ],
  [
    'a batch of a ramp never spans two zones that go one by one, and the ramp goes on',
    { nodes: zoned('a', 'a', 'a', 'b', 'b', 'b'), batches: { zones: 'OneByOne', ramp: [1, 3] } },
    ['w1', 'w2+w3', 'w4+w5+w6'],
  ],
  [
    'canaries of two zones that go one by one are two batches',
    {
      nodes: zoned('a', 'a', 'b', 'b'),
      batches: { zones: 'OneByOne', canaries: ['w2', 'w4'], ramp: [1] },
    },
    ['w2', 'w4', 'w1', 'w3'],
  ],
  [
    'spread: neighbours are of different zones',
    { nodes: zoned('a', 'a', 'b', 'b', undefined), batches: { zones: 'Spread', ramp: [2] } },
    ['w1+w3', 'w5+w2', 'w4'],
  ],
  [
    'zones ignored: by name',
    { nodes: zoned('b', 'a', 'b', 'a'), batches: { zones: 'Ignore', ramp: [2] } },
    ['w1+w2', 'w3+w4'],
  ],
  [
    'another label may name the zones',
    {
      nodes: [aNode('w1', { labels: { rack: 'r2' } }), aNode('w2', { labels: { rack: 'r1' } })],
      batches: { zones: 'OneByOne', zoneLabel: 'rack' },
    },
    ['w2', 'w1'],
  ],
  [
    'what is down already goes first, also in a spread',
    {
      nodes: [...zoned('a', 'b'), aNode('w3', { ...inZone('b'), ready: 'False' })],
      batches: { zones: 'Spread', ramp: [1] },
    },
    ['w3', 'w1', 'w2'],
  ],
];
for (const [sentence, one, expected] of cases) {
  test(sentence, () => assert.deepEqual(batchesOf(one), expected));
}

test('within a batch the limit holds', () => {
  const { begun } = run({ nodes: workers(6), batches: { ramp: [4] }, concurrent: 2 });
  const moments = Map.groupBy(begun, ({ atMs }) => atMs);
  assert.deepEqual(
    [...moments.values()].map((batch) => batch.map(({ name }) => name).join('+')),
    ['w1+w2', 'w3+w4', 'w5+w6'],
  );
});

test('a batch soaks before the next one is begun, and the last before the run ends', () => {
  const endOf = (soak: string) => {
    const { begun, outcome } = run({ nodes: workers(4), batches: { ramp: [2], soak } });
    assert.equal(outcome.kind, 'completes');
    return {
      next: begun[2]!.atMs - begun[0]!.atMs,
      whole: outcome.kind === 'completes' ? outcome.atMs - START_MS : 0,
    };
  };
  const plain = endOf('0s');
  const soaked = endOf('10m');
  assert.equal(soaked.next - plain.next, 600_000);
  assert.equal(soaked.whole - plain.whole, 1_200_000);
});
