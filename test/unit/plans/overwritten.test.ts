import assert from 'node:assert/strict';
import { test } from 'node:test';
import { losesRuns } from '../../../src/plans/overwritten.ts';
import { anUpdate, aSpec, NEW } from '../../support/builders.ts';
import { actionsOf, look, ordered, RUN, staged, statusOf } from '../../support/scene.ts';

const spec = aSpec(anUpdate({ workers: '', concurrent: 1 }));
const lostFields = ['status.runID', 'status.frozenSpec', 'status.conditions'];
const waiting = (decision: Parameters<typeof statusOf>[0]) =>
  statusOf(decision).conditions?.find(({ type }) => type === 'Waiting');

test('with our definition the next worker is begun', () => {
  assert.deepEqual(actionsOf(look({ spec, nodes: { 'w-1': staged() }, lostFields: [] })), [
    'cordon w-1',
  ]);
});

test('with that of k0s no further worker is begun, and the condition says what to do', () => {
  const found = look({ spec, nodes: { 'w-1': staged() }, lostFields });
  assert.deepEqual(actionsOf(found), []);
  const { reason, message = '' } = waiting(found) ?? assert.fail();
  assert.equal(reason, 'KindsOverwritten');
  assert.match(message, /no status\.runID, .*type: kubectl apply -f crds\/$/);
});

test('nor is one of a batch that is open, where nothing would have to be remembered of it', () => {
  const two = aSpec(anUpdate({ workers: '', concurrent: 2 }));
  const downloads = ordered({ goal: 'stage', signal: { phase: 'Downloading' } });
  const first = look({ spec: two, nodes: { 'w-1': staged(), 'w-2': downloads } });
  assert.deepEqual(actionsOf(first), ['cordon w-1']);
  const cordoned = { unschedulable: true, cordon: { orderId: `${RUN}.0.1`, ours: true } };
  const nodes = { 'w-1': { ...staged(), ...cordoned }, 'w-2': staged() };
  const begins = (lost: readonly string[]) =>
    actionsOf(look({ spec: two, nodes, status: statusOf(first), lostFields: lost }));
  assert.ok(begins([]).includes('cordon w-2'), begins([]).join());
  assert.ok(!begins(lostFields).includes('cordon w-2'), begins(lostFields).join());
});

test('one that was begun is brought to its end', () => {
  const running = { running: { version: NEW, exits: 0, healthy: true } };
  const onTrial = {
    ...ordered({ goal: 'apply', signal: { phase: 'OnTrial', ...running } }),
    kubeletVersion: 'v1.36.3+k0s',
    unschedulable: true,
    cordon: { orderId: `${RUN}.0.1`, ours: true },
    renewals: 2,
  };
  const told = { 'w-1': { phase: 'OnTrial' as const } };
  const found = look({ spec, nodes: { 'w-1': onTrial, 'w-2': staged() }, told, lostFields });
  assert.deepEqual(actionsOf(found), ['commit w-1']);
  assert.equal(waiting(found)?.reason, 'KindsOverwritten');
});

test('the end of a run waits as well: what it came to could not be kept', () => {
  const done = { ...ordered({ goal: 'commit', signal: { phase: 'Committed' } }) };
  const told = { 'w-1': { phase: 'Committed' as const, state: 'SignalCompleted' as const } };
  const scene = { spec, nodes: { 'w-1': done }, told };
  assert.equal(look({ ...scene, lostFields: [] }).kind, 'end');
  const found = look({ ...scene, lostFields });
  assert.equal(found.kind, 'wait');
  assert.equal(waiting(found)?.reason, 'KindsOverwritten');
  assert.equal(statusOf(found).state, 'SchedulableWait');
});

test('a status is withheld where it would lose what makes a run ours, and no more than there', () => {
  assert.ok(losesRuns(lostFields));
  assert.ok(!losesRuns(['status.opensAt']));
  assert.ok(!losesRuns([]));
});
