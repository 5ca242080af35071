import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GateSpec, GateTime } from '../../../src/api/policy-gates.ts';
import { type Passage, type Point, passage } from '../../../src/plans/checkpoint.ts';
import type { GateFacts } from '../../../src/plans/facts.ts';
import { alwaysPassage } from '../../../src/plans/gate-verdict.ts';
import { START_MS } from '../../support/builders.ts';
import { atPoint, committed, type PointScene } from '../../support/point-scene.ts';

const MINUTE = 60_000;
const gate = (over: Partial<GateSpec> = {}): GateSpec => ({
  name: 'errors',
  http: { url: 'http://shop.example/health' },
  ...over,
});
const only = (...gates: GateSpec[]) => ({ gates, workloads: { mode: 'Off' as const } });
const afterBatch = (settledAfterMs = 0): Point => ({
  kind: 'AfterBatch',
  batch: 1,
  settledAtMs: START_MS + settledAfterMs,
});
const afterNode = (name: string): Point => ({
  ...{ kind: 'AfterNode', role: 'worker', orderId: 'run.0.1', name },
  committedAtMs: START_MS,
});
const no: Partial<GateFacts> = { outcome: 'fail', message: '7 errors, wanted at most 5' };
const unknown: Partial<GateFacts> = { outcome: 'unknown', message: 'connection refused' };

function ask(point: Point, scene: PointScene) {
  const { course, facts, command } = atPoint(scene);
  return told(passage(point, course, facts, command));
}
function always(scene: PointScene) {
  const { course, facts, command } = atPoint(scene);
  return told(alwaysPassage(course, facts, command));
}
function told(found: Passage) {
  if (found.kind === 'open') return found;
  const { kind, reason, message } = found;
  const untilMs = 'untilMs' in found ? found.untilMs! - START_MS : undefined;
  return { kind, reason, message, ...(untilMs === undefined ? {} : { untilMs }) };
}

test('a gate that passes lets the run go on', () => {
  assert.equal(ask(afterBatch(), { policy: only(gate()), gates: { errors: {} } }).kind, 'open');
});

test('a gate that was not asked since is no pass, and is waited for until its deadline', () => {
  const asked = { atMs: START_MS - 1, sinceMs: START_MS - MINUTE };
  for (const gates of [{}, { errors: asked }]) {
    assert.deepEqual(ask(afterBatch(), { policy: only(gate()), gates, afterMs: 1_000 }), {
      kind: 'closed',
      reason: 'WaitsForGate',
      message: 'gate errors is being asked',
      untilMs: 5 * MINUTE,
    });
    const late = ask(afterBatch(), { policy: only(gate()), gates, afterMs: 5 * MINUTE });
    assert.equal(late.kind, 'failed');
    assert.match('message' in late ? late.message : '', /could not be asked within 300s/);
  }
});

test('a gate that says no is waited for, and has failed at its threshold', () => {
  const scene = (failures: number) => ({
    policy: only(gate()),
    afterMs: MINUTE,
    gates: { errors: { ...no, failures, sinceMs: START_MS + 1 } },
  });
  assert.deepEqual(ask(afterBatch(), scene(2)), {
    kind: 'closed',
    reason: 'WaitsForGate',
    message: 'gate errors says no (2 of 3): 7 errors, wanted at most 5',
    untilMs: 5 * MINUTE,
  });
  assert.deepEqual(ask(afterBatch(), scene(3)), {
    kind: 'failed',
    reason: 'GateFailed',
    message: 'gate errors said no 3 times in a row: 7 errors, wanted at most 5',
  });
});

test('what a gate refused before the batch was done does not count', () => {
  const sinceMs = START_MS - 10 * MINUTE;
  const scene = (afterMs: number) => ({
    policy: only(gate()),
    afterMs,
    gates: { errors: { ...no, failures: 40, sinceMs } },
  });
  assert.match(JSON.stringify(ask(afterBatch(), scene(1_000))), /says no \(1 of 3\)/);
  assert.equal(ask(afterBatch(), scene(29_000)).kind, 'closed');
  assert.equal(ask(afterBatch(), scene(30_000)).kind, 'failed');
});

test('a gate that says no at its deadline has failed, whatever its threshold', () => {
  const policy = only(gate({ failureThreshold: 100 }));
  const gates = { errors: { ...no, failures: 20, sinceMs: START_MS } };
  const found = ask(afterBatch(), { policy, gates, afterMs: 5 * MINUTE });
  assert.match(JSON.stringify(found), /GateFailed.*not passed within 300s: 7 errors/);
});

test('a gate that cannot be asked holds the run, and has failed at its deadline', () => {
  const scene = (afterMs: number, sightedSinceMs = 0) => ({
    ...{ policy: only(gate({ timeout: '2m' })), afterMs, sightedSinceMs },
    gates: { errors: { ...unknown, sinceMs: START_MS } },
  });
  assert.deepEqual(ask(afterBatch(), scene(MINUTE)), {
    kind: 'closed',
    reason: 'GateUnknown',
    message: 'gate errors cannot be asked: connection refused',
    untilMs: 2 * MINUTE,
  });
  assert.match(
    JSON.stringify(ask(afterBatch(), scene(2 * MINUTE))),
    /GateFailed.*could not be asked within 120s: connection refused/,
  );
  // A leader that has just come asks for itself first.
  assert.equal(ask(afterBatch(), scene(2 * MINUTE, START_MS + MINUTE)).kind, 'closed');
});

test('with onUnknown Fail, what cannot be asked is a no', () => {
  const policy = only(gate({ onUnknown: 'Fail', interval: '10s' }));
  const scene = (afterMs: number) => ({
    ...{ policy, afterMs, gates: { errors: { ...unknown, sinceMs: START_MS } } },
  });
  assert.equal(ask(afterBatch(), scene(19_000)).kind, 'closed');
  assert.match(JSON.stringify(ask(afterBatch(), scene(20_000))), /failed.*GateFailed/);
});

test('the time that a gate may take begins after the soak', () => {
  const policy = { ...only(gate()), batches: { soak: '30m' } };
  const scene = { policy, gates: { errors: { ...no, failures: 1 } }, afterMs: 31 * MINUTE };
  assert.deepEqual(ask(afterBatch(), scene), {
    kind: 'closed',
    reason: 'WaitsForGate',
    message: 'gate errors says no (1 of 3): 7 errors, wanted at most 5',
    untilMs: 35 * MINUTE,
  });
});

test('every gate of a point has to be passed, and one that failed is enough', () => {
  const policy = only(
    gate(),
    gate({ name: 'speed' }),
    gate({ name: 'later', when: ['AfterNode'] }),
  );
  const both = ask(afterBatch(), { policy });
  assert.match(JSON.stringify(both), /gate errors is being asked; gate speed is being asked"/);
  const gates = { speed: { ...no, failures: 3 } };
  assert.match(JSON.stringify(ask(afterBatch(), { policy, gates })), /failed.*gate speed/);
});

for (const [when, where] of [
  ['AfterBatch', ['AfterBatch', 'AfterControllers']],
  ['AfterNode', ['AfterNode']],
] as [GateTime, string[]][]) {
  test(`a gate with when ${when} stands at ${where.join(' and ')}, and nowhere else`, () => {
    const policy = only(gate({ when: [when] }));
    const points: Point[] = [
      { kind: 'BeforeRun' },
      { kind: 'BeforeControllers' },
      { kind: 'AfterControllers' },
      { kind: 'BeforeWorkers' },
      { kind: 'BeforeBatch', batch: 1 },
      { kind: 'BeforeNode', role: 'worker', orderId: 'o', name: 'w-1' },
      afterNode('w-1'),
      afterBatch(),
      { kind: 'AfterRun' },
    ];
    const closed = points.filter((point) => ask(point, { policy }).kind === 'closed');
    assert.deepEqual(new Set(closed.map(({ kind }) => kind)), new Set(where));
  });
}

test('after the controllers, an answer counts from when the last one was at its end', () => {
  const told = { 'cp-1': committed(MINUTE), 'cp-2': committed(3 * MINUTE) };
  const scene = (afterMs: number, atMs: number) => ({
    ...{ policy: only(gate()), told, afterMs, gates: { errors: { atMs: START_MS + atMs } } },
  });
  const point = { kind: 'AfterControllers' } as const;
  assert.equal(ask(point, scene(4 * MINUTE, 3 * MINUTE)).kind, 'open');
  assert.equal(ask(point, scene(4 * MINUTE, 3 * MINUTE - 1)).kind, 'closed');
});

test('a point that the run has gone past is not asked again', () => {
  const batch = { number: 2, size: 1, startedAt: new Date(START_MS).toISOString() };
  const told = { 'w-1': { ...committed(), batch: 1 } };
  const scene = { policy: only(gate({ when: ['AfterNode', 'AfterBatch'] })), told };
  assert.equal(ask(afterBatch(), { ...scene, command: { batch } }).kind, 'open');
  assert.equal(ask(afterNode('w-1'), { ...scene, command: { batch } }).kind, 'open');
  assert.equal(ask({ kind: 'AfterControllers' }, scene).kind, 'open');
  assert.equal(ask(afterNode('w-1'), scene).kind, 'closed');
});

test('workloads that are worse are waited for, and end the run when they stay so', () => {
  const scene = (afterMs: number) => ({
    gates: { workloads: { ...no, message: 'shop/web: 2 of 3 available', failures: 30 } },
    afterMs,
  });
  assert.deepEqual(ask(afterBatch(MINUTE), scene(2 * MINUTE)), {
    kind: 'closed',
    reason: 'WaitsForGate',
    message: 'workloads are not yet as before the run: shop/web: 2 of 3 available',
    untilMs: 6 * MINUTE,
  });
  assert.deepEqual(ask(afterBatch(MINUTE), scene(6 * MINUTE)), {
    kind: 'failed',
    reason: 'WorkloadsWorse',
    message:
      'workloads are worse than before the run, and were not mended within 300s: shop/web: 2 of 3 available',
  });
  assert.equal(ask(afterNode('w-1'), scene(6 * MINUTE)).kind, 'open');
});

test('workloads that cannot be looked at hold the run, but not for ever', () => {
  const scene = (afterMs: number) => ({ afterMs, gates: { workloads: unknown } });
  assert.match(JSON.stringify(ask(afterBatch(), scene(MINUTE))), /closed.*GateUnknown/);
  assert.match(JSON.stringify(ask(afterBatch(), scene(5 * MINUTE))), /failed.*GateFailed/);
});

test('workloads are looked at unless the policy says Off', () => {
  assert.equal(ask(afterBatch(), {}).kind, 'closed');
  assert.equal(ask(afterBatch(), { policy: only() }).kind, 'open');
});

test('a gate of Always holds at any time once something was touched, and not before', () => {
  const policy = only(gate({ when: ['Always'] }));
  const told = { 'w-1': committed() };
  const gates = { errors: { ...no, failures: 3 } };
  assert.equal(always({ policy, gates }).kind, 'open');
  assert.match(JSON.stringify(always({ policy, gates, told })), /failed.*GateFailed/);
  assert.equal(always({ policy, told, gates: { errors: {} } }).kind, 'open');
});

test('a gate of Always that is silent lets nothing be begun, and fails when it stays so', () => {
  const policy = only(gate({ when: ['Always'] }));
  const told = { 'w-1': committed() };
  const silent = (afterMs: number) => ({
    ...{ policy, told, afterMs },
    gates: { errors: { ...unknown, sinceMs: START_MS + MINUTE } },
  });
  assert.match(JSON.stringify(always(silent(2 * MINUTE))), /closed.*GateUnknown/);
  assert.match(JSON.stringify(always(silent(6 * MINUTE))), /failed.*GateFailed/);
  const never = { policy, told };
  assert.match(JSON.stringify(always({ ...never, afterMs: MINUTE })), /closed.*WaitsForGate/);
  assert.equal(always({ ...never, afterMs: 5 * MINUTE }).kind, 'failed');
  // Nobody has asked it for longer than it may take: that it passed then says nothing now.
  const old = { errors: { atMs: START_MS, sinceMs: START_MS } };
  assert.equal(always({ ...never, gates: old, afterMs: 4 * MINUTE }).kind, 'open');
  assert.equal(always({ ...never, gates: old, afterMs: 6 * MINUTE }).kind, 'failed');
});
