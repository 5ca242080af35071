import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandStatus, StoredPlanStatus } from '../../../src/api/plan.ts';
import type { Approval } from '../../../src/api/policy-batches.ts';
import { awaitedApproval } from '../../../src/plans/approvals.ts';
import { type Point, passage } from '../../../src/plans/checkpoint.ts';
import { decide } from '../../../src/plans/decide.ts';
import { pointText } from '../../../src/plans/point.ts';
import { START_MS } from '../../support/builders.ts';
import { atPoint, committed, type PointScene } from '../../support/point-scene.ts';
import { statusOf } from '../../support/scene.ts';

const AT = new Date(START_MS).toISOString();
const ALL: Approval[] = ['BeforeControllers', 'BeforeWorkers', 'BeforeEachBatch'];
const controllersDone = { 'cp-1': committed(), 'cp-2': committed() };
const approved = (...all: string[]) => all.map((of) => ({ of, by: 'ann', at: AT }));
const batch = (number: number) => ({ number, size: 1, startedAt: AT });

function ask(point: Point, scene: PointScene) {
  const { course, facts, command } = atPoint(scene);
  return passage(point, course, facts, command);
}

for (const [point, approval, of, before] of [
  [{ kind: 'BeforeControllers' }, 'BeforeControllers', 'Controllers', 'the controllers'],
  [{ kind: 'BeforeWorkers' }, 'BeforeWorkers', 'Workers', 'the workers'],
  [{ kind: 'BeforeBatch', batch: 2 }, 'BeforeEachBatch', 'Batch/2', 'batch 2'],
] as const) {
  const policy = { approvals: [approval] };
  test(`${pointText(point)} waits for a person, with what to type, and no deadline`, () => {
    assert.deepEqual(ask(point, { policy }), {
      kind: 'closed',
      reason: 'WaitsForApproval',
      message: `a person has to look before ${before}: autopilot approve autopilot --of ${of}`,
      actions: [],
    });
  });
  test(`${pointText(point)} is open once ${of} is approved, and nothing else will do`, () => {
    assert.equal(ask(point, { policy, command: { approvals: approved(of) } }).kind, 'open');
    assert.equal(
      ask(point, { policy, command: { approvals: approved('Batch/20') } }).kind,
      'closed',
    );
  });
  test(`${pointText(point)} asks nobody where the policy does not say ${approval}`, () => {
    const others = { approvals: ALL.filter((one) => one !== approval) };
    assert.equal(ask(point, { policy: others }).kind, 'open');
  });
}

test('where there is no controller left nobody is asked before the controllers', () => {
  const scene = { policy: { approvals: ALL }, told: controllersDone };
  const { course, facts, command } = atPoint(scene);
  const none: CommandStatus = { ...command, k0supdate: { controllers: [], workers: [] } };
  assert.equal(passage({ kind: 'BeforeControllers' }, course, facts, none).kind, 'open');
  assert.equal(passage({ kind: 'BeforeWorkers' }, course, facts, none).kind, 'open');
});

test('who approves the workers has approved the first batch, and not the second', () => {
  const scene = { policy: { approvals: ALL }, command: { approvals: approved('Workers') } };
  assert.equal(ask({ kind: 'BeforeBatch', batch: 1 }, scene).kind, 'open');
  assert.equal(ask({ kind: 'BeforeBatch', batch: 2 }, scene).kind, 'closed');
});

test('what has been begun behind a point is not asked for again', () => {
  const told = { ...controllersDone, 'w-1': { ...committed(), batch: 1 } };
  const scene = { policy: { approvals: ALL }, told, command: { batch: batch(1) } };
  assert.equal(ask({ kind: 'BeforeWorkers' }, scene).kind, 'open');
  assert.equal(ask({ kind: 'BeforeBatch', batch: 1 }, scene).kind, 'open');
  assert.equal(ask({ kind: 'BeforeBatch', batch: 2 }, scene).kind, 'closed');
});

test('what the run before has done does not stand for an approval of this one', () => {
  const told = { 'cp-1': committed(-1) };
  const scene = { policy: { approvals: ALL }, told };
  assert.equal(ask({ kind: 'BeforeControllers' }, scene).kind, 'closed');
});

for (const [what, scene, expected] of [
  ['the controllers, at first', {}, 'Controllers'],
  ['nothing while controllers are under way', { command: { approvals: approved('Controllers') } }],
  ['the workers, once all controllers are done', { told: controllersDone }, 'Workers'],
  [
    'nothing while the first batch is under way',
    {
      told: { ...controllersDone, 'w-1': { batch: 1, phase: 'Draining' } },
      command: { batch: batch(1), approvals: approved('Workers') },
    },
  ],
  [
    'the next batch, once one is at its end',
    {
      told: { ...controllersDone, 'w-1': { ...committed(), batch: 1 } },
      command: { batch: { ...batch(1), settledAt: AT }, approvals: approved('Workers') },
    },
    'Batch/2',
  ],
] as [string, PointScene, string?][]) {
  test(`what is waited for: ${what}`, () => {
    const { command, course } = atPoint({ ...scene, policy: { approvals: ALL } });
    assert.equal(awaitedApproval(command, course.policy), expected);
  });
}

function approve(
  scene: PointScene,
  of?: string,
  change?: (status: StoredPlanStatus) => StoredPlanStatus,
) {
  const { facts } = atPoint({ policy: { approvals: ALL }, ...scene });
  const request = {
    ...{ nonce: 'n-1', verb: 'approve', by: 'ann' },
    ...(of === undefined ? {} : { arguments: { of } }),
  };
  const status = facts.plan.status!;
  const plan = { ...facts.plan, status: change?.(status) ?? status, requests: [request] };
  const decision = decide({ ...facts, plan });
  assert.equal(decision.kind, 'answer');
  const after = statusOf(decision);
  const result = after.requestResults?.[0] ?? assert.fail('no answer');
  return { ...result, approvals: after.commands?.[0]?.approvals };
}

test('an approval without a name is of what is waited for, and says who and when', () => {
  const { reason, message, approvals } = approve({});
  assert.equal(reason, 'Approved');
  assert.equal(message, 'Controllers approved: nobody is asked before the controllers');
  assert.deepEqual(approvals, approved('Controllers'));
});

test('an approval may be given ahead of time by its name', () => {
  assert.deepEqual(approve({}, 'Batch/3').approvals, approved('Batch/3'));
  assert.deepEqual(approve({}, 'Workers').approvals, approved('Workers'));
});

test('who approves again hears who did', () => {
  const scene = { command: { approvals: [{ of: 'Workers', by: 'bob', at: AT }] } };
  const { result, message, approvals } = approve(scene, 'Workers');
  assert.equal(result, 'Done');
  assert.equal(message, `Workers was approved already: bob asked for it at ${AT}`);
  assert.equal(approvals?.length, 1);
});

for (const [what, of, scene, reason, message] of [
  ['nonsense', 'batch 2', {}, 'UnknownArgument', /^of: wanted .*, found batch 2$/],
  ['batch 0', 'Batch/0', {}, 'UnknownArgument', /found Batch\/0/],
  ['more batches than workers', 'Batch/4', {}, 'NothingToApprove', /no batch 4: .* 3 workers/],
  [
    'a batch that has begun',
    'Batch/2',
    { command: { batch: batch(2) } },
    'NothingToApprove',
    /batch 2 has begun/,
  ],
  [
    'controllers that are done',
    'Controllers',
    { told: controllersDone },
    'NothingToApprove',
    /does not wait before the controllers/,
  ],
  [
    'where the policy wants none',
    undefined,
    { policy: {} },
    'NothingToApprove',
    /wants no approvals/,
  ],
  [
    'what the policy does not want',
    'Workers',
    { policy: { approvals: ['BeforeControllers'] } },
    'NothingToApprove',
    /its policy wants BeforeControllers/,
  ],
  [
    'without a name while nothing waits',
    undefined,
    { command: { approvals: approved('Controllers') } },
    'NothingToApprove',
    /nothing waits .* autopilot approve autopilot --of Workers$/,
  ],
] as [string, string | undefined, PointScene, string, RegExp][]) {
  test(`refused: to approve ${what}`, () => {
    const found = approve(scene, of);
    assert.equal(found.result, 'Refused');
    assert.equal(found.reason, reason);
    assert.match(found.message, message);
    assert.deepEqual(found.approvals, scene.command?.approvals);
  });
}

test('refused: to approve a Plan that does not run', () => {
  const found = approve({}, 'Workers', () => ({ state: '' }));
  assert.equal(found.reason, 'NotRunning');
});

test('refused: an argument that approve does not take', () => {
  const { facts } = atPoint({ policy: { approvals: ALL } });
  const requests = [{ nonce: 'n', verb: 'approve', by: 'ann', arguments: { batch: '2' } }];
  const [result] = statusOf(decide({ ...facts, plan: { ...facts.plan, requests } }))
    .requestResults!;
  assert.equal(result?.reason, 'UnknownArgument');
  assert.equal(result.message, 'approve takes of, found batch');
});

test('a retry keeps the approvals of what the run had come to, and no others', () => {
  const failed = { phase: 'Undone' as const, state: 'SignalApplyFailed' };
  const { facts, command } = atPoint({
    policy: { approvals: ALL },
    told: { 'cp-1': committed(), 'cp-2': failed },
    command: { approvals: approved('Controllers', 'Workers', 'Batch/1') },
  });
  const ended = { ...command, state: 'ApplyFailed' };
  const status = { ...facts.plan.status, state: 'ApplyFailed', finishedAt: AT, commands: [ended] };
  const requests = [{ nonce: 'n', verb: 'retry', by: 'ann' }];
  const again = statusOf(decide({ ...facts, plan: { ...facts.plan, status, requests } }));
  assert.equal(again.requestResults?.[0]?.reason, 'Retried', again.requestResults?.[0]?.message);
  assert.deepEqual(again.commands?.[0]?.approvals, approved('Controllers'));
});
