/** What the explorer has found, and breaks that it could not notice, each as one look. @see docs/development/model.md */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastingOf } from '../../../src/plans/run.ts';
import { anUpdate, aSpec, NEW, SHA, START_MS } from '../../support/builders.ts';
import { actionsOf, look, ordered, statusOf, targetOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ workers: '', concurrent: 1 }));
const MINUTE_MS = 60_000;

test('a node that was deleted after its update takes no slot from the others', () => {
  const staged = { phase: 'Staged', staged: { version: NEW, sha256: SHA, size: 9 } } as const;
  const spec = aSpec(anUpdate({ workers: ['w-1', 'w-2'], concurrent: 1 }));
  const first = look({ spec, nodes: { 'w-1': {}, 'w-2': {} } });
  const status = 'status' in first ? first.status : assert.fail(first.kind);
  const decision = look({
    spec,
    status,
    told: { 'w-1': { phase: 'Committed', state: 'SignalCompleted' } },
    nodes: { 'w-2': ordered({ goal: 'stage', signal: staged }) },
  });
  assert.deepEqual(actionsOf(decision), ['cordon w-2']);
});

test('an order of another run that no agent ends any more is not waited for beyond a deadline', () => {
  const stuck = ordered({
    goal: 'undo',
    order: { id: 'another-1.0.1', run: 'another-1' },
    signal: { id: 'another-1.0.1', phase: 'OnTrial' },
  });
  const at = (nowMs: number) => look({ spec: SPEC, nodes: { 'w-1': stuck }, nowMs });
  const early = at(START_MS);
  assert.equal('untilMs' in early && early.untilMs, START_MS + 12 * MINUTE_MS);
  assert.equal(targetOf(early, 'w-1').reason, 'WaitsForOtherPlan');
  assert.equal(targetOf(early, 'w-1').message, 'still obeys order another-1.0.1 of another run');
  const late = at(START_MS + 12 * MINUTE_MS);
  assert.equal(targetOf(late, 'w-1').phase, 'Failed');
  assert.equal(targetOf(late, 'w-1').reason, 'NoReport');
  assert.equal(
    targetOf(late, 'w-1').message,
    'still obeys order another-1.0.1 of another run, and has not ended it within 720s',
  );
});

test('the first digest that was staged is the one that all must have', () => {
  const staged = (sha256: string) =>
    ordered({
      goal: 'stage',
      signal: { phase: 'Staged', staged: { version: NEW, sha256, size: 9 } },
    });
  const other = 'c'.repeat(64);
  const decision = look({ spec: SPEC, nodes: { 'w-1': staged(SHA), 'w-2': staged(other) } });
  assert.deepEqual(statusOf(decision).commands?.[0]?.pinned, { 'linux-amd64': SHA });
  assert.equal(targetOf(decision, 'w-2').reason, 'ChecksumMismatch');
});

test('a digest that was pinned is stored before anything follows from it', () => {
  const before = statusOf(look({ spec: SPEC, nodes: { 'w-1': {} } }));
  const [command] = before.commands ?? [];
  const pinned = { ...before, commands: [{ ...command!, pinned: { 'linux-amd64': SHA } }] };
  assert.notEqual(lastingOf(pinned), lastingOf(before));
});
