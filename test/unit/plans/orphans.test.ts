import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeFacts } from '../../../src/plans/facts.ts';
import { tidy } from '../../../src/plans/orphans.ts';
import { formatOrder, type Goal, type Order } from '../../../src/signals/order.ts';
import type { Signal } from '../../../src/signals/report.ts';
import { aNode, aReport } from '../../support/builders.ts';

const ID = 'gone-1.0.1';

function orphan(
  goal: Goal,
  phase: Signal['phase'] | undefined,
  over: Partial<NodeFacts> = {},
  undo: Order['undo'] = 'binary',
  kind: Order['artifact']['kind'] = 'k0s',
) {
  const order: Order = {
    v: 1,
    id: ID,
    attempt: 1,
    goal,
    plan: { name: 'autopilot', uid: 'gone' },
    run: 'gone-1',
    command: 0,
    epoch: 1,
    artifact: {
      kind,
      version: 'v1.36.3+k0s.0',
      url: 'https://mirror.example/k0s',
      force: false,
    },
    durations: { stageMs: 1, confirmMs: 1 },
    undo,
  };
  const signal = phase === undefined ? undefined : { id: ID, attempt: 1, epoch: 1, goal, phase };
  return aNode('w-1', {
    order: { kind: 'valid', value: order },
    orderText: formatOrder(order),
    report: { kind: 'valid', value: aReport({}, signal) },
    ...over,
  });
}

const marked = { cordon: { orderId: ID, ours: true }, unschedulable: true };
const rows: [string, NodeFacts, string[]][] = [
  ['a download is called back', orphan('stage', 'Downloading'), ['cancel']],
  [
    'a staged artifact is called back, and the cordon lifted',
    orphan('stage', 'Staged', marked),
    ['cancel', 'uncordon'],
  ],
  [
    'a trial is undone, and the cordon stays until it is',
    orphan('apply', 'OnTrial', marked),
    ['undo'],
  ],
  ['an undo under way is waited for', orphan('undo', 'Undoing', marked), []],
  [
    'a settled order is removed, and the cordon lifted',
    orphan('undo', 'Undone', marked),
    ['removeOrder', 'uncordon'],
  ],
  ['a commit under way is waited for', orphan('commit', 'OnTrial', marked), []],
  [
    'a controller across minor versions is left for a person',
    orphan('apply', 'Held', {}, 'never'),
    [],
  ],
  [
    'a bundle that is being fetched is called back: an undo before anything was delivered cancels',
    orphan('apply', 'Downloading', {}, 'binary', 'airgap'),
    ['undo'],
  ],
  [
    'a bundle that has been delivered stays, and its order goes',
    orphan('apply', 'Committed', {}, 'binary', 'airgap'),
    ['removeOrder'],
  ],
  ['a mark without an order is lifted', aNode('w-1', marked), ['uncordon']],
  ['a node that has nothing of ours is left alone', aNode('w-1', { unschedulable: true }), []],
];
const world = (node: NodeFacts, runs: string[]) =>
  tidy({
    nodes: new Map([[node.name, node]]),
    controlNodes: new Map(),
    activeRuns: new Set(runs),
    epoch: 7,
  });

for (const [sentence, node, expected] of rows) {
  test(sentence, () => {
    const found = world(node, []).map((action) =>
      action.kind === 'order' ? action.order.goal : action.kind,
    );
    assert.deepEqual(found, expected);
  });
  test(`of a run under way: ${sentence}, not`, () => assert.deepEqual(world(node, ['gone-1']), []));
}

test('what is said to an orphan carries the epoch of who says it', () => {
  const [action] = world(orphan('apply', 'OnTrial'), []);
  assert.equal(action?.kind === 'order' ? action.order.epoch : undefined, 7);
});
