import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { decide } from '../../../src/plans/decide.ts';
import { aNode, anUpdate, aPolicy, aSpec, podsLeft, someFacts } from '../../support/builders.ts';
import { actionsOf, failureOf, look, RUN, staged, statusOf } from '../../support/scene.ts';

// The scenes are looked at on Sunday, 2026-03-01, 22:00 UTC.
const closed: PolicyLayer = {
  windows: [{ days: ['Sat'], start: '22:00', length: '4h', timeZone: 'Europe/Berlin' }],
};
const NEXT =
  'no window is open; the next window opens Sat 2026-03-07 22:00 Europe/Berlin (21:00 UTC)';
const spec = aSpec(anUpdate({ workers: '', concurrent: 2 }));
const empty = {
  unschedulable: true,
  cordon: { orderId: `${RUN}.0.1`, ours: true },
  drain: podsLeft(0),
};

test('a Plan that is applied outside of the windows waits, and says when the next one opens', () => {
  const decision = decide(someFacts(spec, { nodes: [aNode('w-1')], policy: aPolicy(closed) }));
  assert.equal(decision.kind, 'queue');
  assert.equal(decision.kind === 'queue' && decision.reason, 'WaitsForWindow');
  assert.equal(statusOf(decision).waitsFor, NEXT);
  assert.equal(statusOf(decision).opensAt, '2026-03-07T21:00:00.000Z');
  assert.equal(decision.kind === 'queue' && decision.untilMs, Date.parse('2026-03-07T21:00Z'));
});

test('a Plan that waited begins when the window opens, and shows no opening any more', () => {
  const over = { nodes: [aNode('w-1')], policy: aPolicy(closed) };
  const waiting = statusOf(decide(someFacts(spec, over)));
  const nowMs = Date.parse('2026-03-07T21:00Z');
  const decision = decide(someFacts(spec, { ...over, nowMs, plan: { status: waiting } }));
  assert.equal(decision.kind, 'begin');
  assert.equal(statusOf(decision).opensAt, undefined);
});

test('a window that closes lets what was begun go on, and begins nothing else', () => {
  const scene = { spec, nodes: { 'w-1': { ...staged(), ...empty }, 'w-2': staged() } };
  const status = statusOf(look(scene));
  const decision = look({ ...scene, status, policy: closed });
  assert.deepEqual(actionsOf(decision), ['apply w-1']);
  const { conditions, opensAt } = statusOf(decision);
  const waiting = conditions?.find(({ type }) => type === 'Waiting');
  assert.equal(waiting?.reason, 'WaitsForWindow');
  assert.match(waiting.message, /\(21:00 UTC\); still under way: w-1 Applying/);
  assert.equal(opensAt, '2026-03-07T21:00:00.000Z');
});

test('a freeze is named with its reason', () => {
  const freezes = [
    {
      name: 'fair',
      reason: 'the shop must stay',
      from: '2026-03-01T00:00',
      to: '2026-03-05T08:00',
    },
  ];
  const policy = aPolicy({ freezes });
  const decision = decide(someFacts(spec, { nodes: [aNode('w-1')], policy }));
  assert.equal(decision.kind === 'queue' && decision.reason, 'Frozen');
  assert.equal(
    statusOf(decision).waitsFor,
    'freeze fair holds (the shop must stay); the next window opens Thu 2026-03-05 08:00 UTC',
  );
});

test("a Plan's own windows replace those of the cluster", () => {
  const own = { ...spec, policy: { windows: [] } };
  const facts = someFacts(own, { nodes: [aNode('w-1')], policy: aPolicy(closed) });
  assert.equal(decide(facts).kind, 'begin');
});

test('a Plan with a window that never opens is refused at once, by the path of the field', () => {
  const own = { ...spec, policy: { windows: [{ cron: '0 0 30 2 *', length: '1h' }] } };
  const decision = decide(someFacts(own, { nodes: [aNode('w-1')] }));
  assert.equal(failureOf(decision)?.reason, 'InvalidPolicy');
  assert.match(
    failureOf(decision)?.message ?? '',
    /spec\.policy\.windows\.0\.cron: .* never comes/,
  );
});

test('an edit to a window that never opens holds the run that is under way', () => {
  const scene = { spec, nodes: { 'w-1': staged() } };
  const status = statusOf(look(scene));
  const own = { ...spec, policy: { windows: [{ start: '01:00', length: '0s' }] } };
  const decision = look({ ...scene, spec: own, status });
  assert.deepEqual(actionsOf(decision), []);
  assert.match(
    statusOf(decision).waitsFor ?? '',
    /^spec\.policy\.windows\.0\.length: wanted longer/,
  );
});
