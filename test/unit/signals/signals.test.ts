import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSettled, judgeGoal, mayFollow } from '../../../src/signals/lifecycle.ts';
import { formatOrder, GOALS, type Order, parseOrder } from '../../../src/signals/order.ts';
import { parseReport, SIGNAL_PHASES } from '../../../src/signals/report.ts';

const order: Order = {
  v: 1,
  id: '01234567-1.0.1',
  attempt: 1,
  goal: 'stage',
  plan: { name: 'autopilot', uid: 'u' },
  run: '01234567-1',
  command: 0,
  epoch: 2,
  artifact: {
    kind: 'k0s',
    version: 'v1.36.3+k0s.0',
    url: 'https://mirror.example/k0s',
    force: false,
  },
  durations: { stageMs: 1, confirmMs: 1 },
  undo: 'binary',
};

test('an order survives being written and read', () => {
  assert.deepEqual(parseOrder(formatOrder(order)), { kind: 'valid', value: order });
});

const bad: [string, string, RegExp][] = [
  ['text that is no JSON', '{', /wanted JSON, found "\{"/],
  ['a list', '[]', /order: at \(root\)/],
  ['another wire format', JSON.stringify({ ...order, v: 2 }), /order: at v/],
  ['an unknown goal', JSON.stringify({ ...order, goal: 'explode' }), /order: at goal/],
  [
    'a digest that is not hex',
    JSON.stringify({ ...order, artifact: { ...order.artifact, sha256: 'xyz' } }),
    /artifact.sha256/,
  ],
  ['an unknown field', JSON.stringify({ ...order, extra: true }), /extra/],
];
for (const [sentence, text, message] of bad) {
  test(`${sentence} is an invalid order that says where`, () => {
    const parsed = parseOrder(text);
    assert.equal(parsed.kind, 'invalid');
    assert.match(parsed.kind === 'invalid' ? parsed.message : '', message);
  });
}

test('no text whatever makes the parsers throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      parseOrder(text);
      parseReport(text);
    }),
  );
});

test('goals only move forward, and a verdict is never exchanged', () => {
  const pairs = GOALS.flatMap((from) =>
    GOALS.filter((to) => mayFollow(from, to)).map((to) => `${from}>${to}`),
  );
  assert.deepEqual(pairs, ['stage>apply', 'stage>cancel', 'apply>commit', 'apply>undo']);
});

test('once it undoes, a node never obeys a commit', () => {
  for (const phase of ['Undoing', 'Undone'] as const)
    assert.equal(judgeGoal(phase, 'commit'), 'late');
});

test('once committed, a node never obeys an undo', () => {
  assert.equal(judgeGoal('Committed', 'undo'), 'late');
});

test('nothing that has settled obeys anything more', () => {
  for (const phase of SIGNAL_PHASES.filter(isSettled)) {
    for (const goal of GOALS) assert.notEqual(judgeGoal(phase, goal), 'obey', `${phase} ${goal}`);
  }
});
