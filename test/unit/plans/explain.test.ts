import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetPhase } from '../../../src/api/plan.ts';
import { decide } from '../../../src/plans/decide.ts';
import { explain, type Surroundings } from '../../../src/plans/explain.ts';
import type { PlanFacts } from '../../../src/plans/facts.ts';
import type { Fate } from '../../model/simulated-host.ts';
import { World } from '../../model/world.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  START_MS,
  someFacts,
} from '../../support/builders.ts';

const around: Surroundings = {
  plansBefore: [],
  leader: { kind: 'alive', holder: 'cp-1' },
  nowMs: START_MS,
};
const spec = aSpec(anUpdate({ controllers: ['c1'], workers: ['w1'] }));
const cluster = { controlNodes: [aControlNode('c1')], nodes: [aNode('w1')] };

/** As the orchestrator would write it down. */
function explained(facts: PlanFacts, beside: Partial<Surroundings> = {}) {
  const decision = decide(facts);
  const status = 'status' in decision ? decision.status : facts.plan.status;
  const { name, generation, deleted } = facts.plan;
  return explain({ name, generation, deleted, status }, { ...around, ...beside });
}

/** A run in the model, until it ends or so many rounds are over. */
function ran(controllers: Fate[], workers: Fate[], rounds = 4_000) {
  const world = new World({ controllers, workers, concurrent: 1 });
  for (let round = 0; round < rounds && !world.isOver; round++) world.round();
  const plan = { name: 'spring', generation: 1, deleted: false, status: world.known };
  return explain(plan, { ...around, nowMs: world.nowMs });
}

test('a Plan that nobody has looked at, and nobody leads', () => {
  const plan = { name: 'spring', generation: 1, deleted: false, status: undefined };
  const found = explain(plan, { ...around, leader: { kind: 'gone', holder: 'x', silentMs: 9e4 } });
  assert.equal(found.sentence, 'Plan spring was applied, and no orchestrator has looked at it yet');
  const [finding] = found.findings;
  assert.equal(finding?.reason, 'NobodyLeads');
  assert.match(finding?.sentence ?? '', /\(x was last heard of 90s ago\)/);
  assert.match(finding?.next[0] ?? '', /^kubectl get lease -n k0s-autopilot /);
});

test('a Plan in the queue', () => {
  const found = explained(someFacts(spec, { ...cluster, plansBefore: ['winter'] }));
  assert.equal(found.standing, 'queued');
  assert.equal(found.sentence, 'Plan autopilot has not begun: Plan winter runs first; 2nd of 2');
  assert.deepEqual(found.findings[0]?.next, ['kubectl get plans', 'autopilot explain winter']);
});

test('a Plan that is paused before it has begun', () => {
  const policy = { ...aPolicy({ paused: true }), pausedBy: 'UpdatePolicy/default says paused' };
  const found = explained(someFacts(spec, { ...cluster, policy }));
  assert.equal(found.standing, 'queued');
  assert.equal(found.findings[0]?.reason, 'Paused');
});

test('a Plan that waits for a window says until when', () => {
  const policy = aPolicy({ windows: [{ cron: '0 23 * * *', length: '1h' }] });
  const [finding] = explained(someFacts(spec, { ...cluster, policy })).findings;
  assert.equal(finding?.reason, 'WaitsForWindow');
  assert.equal(finding?.until, '2026-03-01T23:00:00.000Z');
});

test('a Plan that was refused: each target that is at fault', () => {
  const found = explained(someFacts(aSpec(anUpdate({ workers: ['w1', 'gone'] })), cluster));
  assert.equal(found.standing, 'refused');
  assert.deepEqual(
    found.findings.map(({ subject, sentence }) => `${subject}: ${sentence}`),
    ['Node gone: Node gone does not exist'],
  );
});

test('a Plan that was refused for its text', () => {
  const [finding] = explained(someFacts(aSpec(anUpdate({ version: 'latest' })))).findings;
  assert.equal(finding?.subject, 'Plan autopilot');
  assert.equal(finding?.reason, 'InvalidVersion');
  assert.deepEqual(finding?.next, ['kubectl edit plan autopilot']);
});

test('a run: what each target does, with its deadline', () => {
  const found = ran(['good'], ['stuckPods'], 20);
  assert.equal(found.standing, 'running');
  const [finding] = found.findings;
  assert.equal(finding?.subject, 'Node w-1');
  assert.equal(finding?.reason, 'WaitsForDrain');
  assert.match(finding?.sentence ?? '', /^is being emptied: 2 pods still to go/);
  assert.ok(Date.parse(finding?.until ?? '') > 0);
});

test('a run that has failed: the targets that did, and not those that were left alone', () => {
  const found = ran(['good'], ['exits', 'good', 'good']);
  assert.equal(found.standing, 'failed');
  assert.deepEqual(
    found.findings.map(({ subject, reason }) => [subject, reason]),
    [['Node w-1', 'ProcessExits']],
  );
  assert.match(found.findings[0]?.sentence ?? '', /^was put back to v1\.36\.1\+k0s\.0: /);
  assert.deepEqual(found.findings[0]?.next, [
    'journalctl -u k0sworker -n 100  # on host w-1',
    'autopilot retry spring',
  ]);
});

test('a run that is done has nothing to explain', () => {
  const found = ran(['good'], ['good']);
  assert.equal(found.standing, 'completed');
  assert.match(found.sentence, /^Plan spring is done: 2\/2 targets run /);
  assert.deepEqual(found.findings, []);
});

test('a Plan that k0s has run', () => {
  const plan = { name: 'old', generation: 1, deleted: false, status: { state: 'ApplyFailed' } };
  const found = explain(plan, around);
  assert.equal(found.standing, 'foreign');
  assert.equal(found.findings[0]?.reason, 'LeftByK0s');
});

test('an ended Plan that was edited says that it is about to run again', () => {
  const status = { state: 'Completed', observedGeneration: 1 };
  const found = explain({ name: 'x', generation: 2, deleted: false, status }, around);
  assert.equal(
    found.sentence,
    'Plan x has not begun with generation 2: its turn comes at the next look',
  );
});

const FATES: readonly Fate[] = [
  ...(['good', 'noDownload', 'exits', 'neverHealthy', 'silent'] as const),
  ...(['confirmsAlone', 'noBackup', 'stuckPods'] as const),
];

test('whatever happens, every wait and every failure has a sentence and a command', () => {
  for (const controller of FATES) {
    for (const worker of FATES) {
      const world = new World({ controllers: [controller], workers: [worker], concurrent: 1 });
      for (let round = 0; round < 400; round++) {
        world.round();
        const plan = { name: 'spring', generation: 1, deleted: false, status: world.known };
        const found = explain(plan, { ...around, nowMs: world.nowMs });
        assert.notEqual(found.sentence, '');
        if (found.standing === 'failed') assert.ok(found.findings.length > 0);
        for (const { sentence, next, reason } of found.findings) {
          assert.ok(sentence !== '' && next.length > 0, `${controller} ${worker} ${reason}`);
        }
        if (world.isOver) break;
      }
    }
  }
});

test('a drain that several pods hold up has a line for each, while it lasts and after it failed', () => {
  const blockedBy = [
    { pod: 'shop/web-1', message: 'budget web allows no disruption now' },
    { pod: 'shop/cache', message: 'finalizers hold it: a/b' },
  ];
  const of = (phase: TargetPhase, reason: string, over: object = {}) => {
    const decision = decide(someFacts(spec, cluster));
    const status = 'status' in decision ? decision.status : assert.fail();
    Object.assign(status.commands?.[0]?.k0supdate?.workers?.[0] ?? {}, {
      ...{ phase, reason, blockedBy },
      ...over,
    });
    const plan = { name: 'autopilot', generation: 1, deleted: false, status };
    return explain(plan, around).findings.find(({ subject }) => subject === 'Node w1');
  };
  const lines = [
    'shop/web-1: budget web allows no disruption now',
    'shop/cache: finalizers hold it: a/b',
  ];
  assert.deepEqual(of('Draining', 'WaitsForDrain')?.details, lines);
  assert.deepEqual(of('Failed', 'DrainTimeout')?.details, lines);
  assert.equal(
    of('Draining', 'WaitsForDrain', { blockedBy: blockedBy.slice(1) })?.details,
    undefined,
  );
});

test('a Plan that waits while the Autopilot of k0s leads, and one whose definition was written over', () => {
  const plan = { name: 'old', generation: 1, deleted: false, status: undefined };
  const leader = { kind: 'k0s', holder: 'ab'.repeat(16) } as const;
  const beside = explain(plan, { ...around, leader });
  assert.equal(beside.findings[0]?.reason, 'StandingBy');
  assert.match(beside.findings[0].sentence, /this Plan is its to run/);
  const over = explain(plan, { ...around, missingFields: ['status.runID'] });
  const found = over.findings.find(({ reason }) => reason === 'KindsOverwritten');
  assert.match(found?.sentence ?? '', /has no status\.runID: .* type: kubectl apply -f crds\/$/);
});
