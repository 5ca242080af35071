import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredPlanStatus } from '../../../src/api/plan.ts';
import { KEPT_ANSWERS, type Request } from '../../../src/api/requests.ts';
import { decide } from '../../../src/plans/decide.ts';
import { eventsBetween } from '../../../src/plans/events.ts';
import type { PlanFacts } from '../../../src/plans/facts.ts';
import { answeredLongAgo } from '../../../src/plans/requests.ts';
import {
  aNode,
  anUpdate,
  aPolicy,
  aReport,
  aSpec,
  NEW,
  someFacts,
} from '../../support/builders.ts';
import { look, statusOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ workers: '' }));
const AT = '2026-03-01T22:00:00.000Z';
const asked = { by: 'bob', at: '2026-03-01T20:00:00.000Z' };
const a = (verb: string, over: Partial<Request> = {}): Request => ({
  ...{ nonce: 'n-1', verb, by: 'ann' },
  ...over,
});
const nodes = [aNode('w-1'), aNode('w-2')];
const running = statusOf(look({ spec: SPEC, nodes: { 'w-1': {}, 'w-2': {} } }));
const { frozenSpec: _, ...rest } = running;
const done = {
  ...{ name: 'w-1', state: 'SignalCompleted', phase: 'Committed' as const },
  ...{ lastUpdatedTimestamp: AT, attempts: 1, previousVersion: 'v1.36.1+k0s.0' },
};
const undone = { ...done, name: 'w-2', state: 'SignalApplyFailed', phase: 'Undone' as const };
const failed: StoredPlanStatus = {
  ...rest,
  state: 'ApplyFailed',
  finishedAt: AT,
  commands: [
    {
      ...{ id: 0, state: 'ApplyFailed', pinned: { 'linux-amd64': 'b'.repeat(64) } },
      k0supdate: { controllers: [], workers: [done, undone] },
    },
  ],
};
const refusedByPreflight: StoredPlanStatus = {
  ...{ state: 'ApplyFailed', runID: '01234567-1', observedGeneration: 1, finishedAt: AT },
  commands: [],
};

function answer(
  request: Request,
  status?: StoredPlanStatus,
  over: Pick<Partial<PlanFacts>, 'plansBefore' | 'policy'> = {},
) {
  const plan = { status, requests: [request] };
  const decision = decide(someFacts(SPEC, { ...over, nodes, plan }));
  assert.equal(decision.kind, 'answer');
  const { requestResults, ...after } = statusOf(decision);
  const result = requestResults?.at(-1) ?? assert.fail('no answer');
  return { result: result.result, reason: result.reason, message: result.message, after };
}

const REFUSALS: [string, Request, StoredPlanStatus | undefined, string, RegExp][] = [
  [
    'an unknown verb',
    a('reboot'),
    running,
    'UnknownVerb',
    /^wanted one of pause, .* found reboot$/,
  ],
  [
    'an argument that no verb takes',
    a('retry', { arguments: { nodes: 'w-1' } }),
    failed,
    'UnknownArgument',
    /^retry takes no arguments, found nodes/,
  ],
  ['to pause what has ended', a('pause'), failed, 'NotRunning', /the run has ended/],
  ['to resume what is not paused', a('resume'), running, 'NotPaused', /nobody has paused/],
  ['to abort what has not begun', a('abort'), undefined, 'NotRunning', /delete it, or pause it/],
  ['to abort what has ended', a('abort'), failed, 'NotRunning', /the run has ended/],
  ['to retry what is under way', a('retry'), running, 'StillRunning', /abort it first/],
  ['to retry what has not begun', a('retry'), undefined, 'StillRunning', /has ended/],
  [
    'to retry where nothing failed',
    a('retry'),
    { ...failed, state: 'Completed' },
    'NothingFailed',
    /a new spec.id/,
  ],
  ['to retry what k0s has run', a('retry'), { state: 'ApplyFailed' }, 'LeftByK0s', /a new spec.id/],
];
for (const [what, request, status, reason, message] of REFUSALS) {
  test(`refused: ${what}`, () => {
    const { after, ...found } = answer(request, status);
    assert.equal(found.result, 'Refused');
    assert.equal(found.reason, reason);
    assert.match(found.message, message);
    assert.deepEqual(after, { ...status, state: status?.state ?? '' });
  });
}

test('refused: to retry while another Plan runs', () => {
  assert.equal(answer(a('retry'), failed, { plansBefore: ['b'] }).reason, 'WaitsForOtherPlan');
});

test('refused: to retry what was edited since', () => {
  const plan = { generation: 2, status: failed, requests: [a('retry')] };
  const { requestResults } = statusOf(decide(someFacts(SPEC, { nodes, plan })));
  assert.equal(requestResults?.[0]?.reason, 'NewGenerationWaits');
});

test('refused: to retry what preflight forbids now, and it says why', () => {
  const decision = decide(
    someFacts(SPEC, {
      nodes: [nodes[0]!, aNode('w-2', { report: { kind: 'absent' } })],
      plan: { status: failed, requests: [a('retry')] },
    }),
  );
  const result = statusOf(decision).requestResults?.[0];
  assert.equal(result?.reason, 'AgentMissing');
  assert.match(result.message, /w-2/);
});

test('a pause says who and when, holds, and is not made twice', () => {
  const first = answer(a('pause'), running);
  assert.deepEqual(first.after.paused, { by: 'ann', at: AT });
  const again = answer(a('pause', { by: 'bob' }), first.after);
  assert.deepEqual(again.after.paused, { by: 'ann', at: AT });
  assert.match(again.message, /^was paused already: ann asked for it at /);
  const held = decide(someFacts(SPEC, { nodes, plan: { status: first.after } }));
  assert.equal(statusOf(held).waitsFor, `paused: ann asked for it at ${AT}`);
});

test('a Plan that has not begun may be paused, and begins when it is resumed', () => {
  const { after } = answer(a('pause'));
  const held = decide(someFacts(SPEC, { nodes, plan: { status: after } }));
  assert.equal(held.kind, 'queue');
  const resumed = answer(a('resume'), statusOf(held)).after;
  assert.equal(decide(someFacts(SPEC, { nodes, plan: { status: resumed } })).kind, 'begin');
});

test('a pause outlives the run, and what was answered does as well', () => {
  const requestResults = [
    { ...a('pause'), result: 'Done' as const, reason: 'Paused', message: 'm', at: AT },
  ];
  const status = { state: '', requestResults };
  const begun = decide(someFacts(SPEC, { nodes, plan: { status } }));
  assert.equal(begun.kind, 'begin');
  assert.deepEqual(statusOf(begun).requestResults, requestResults);
});

test('to resume says what else holds the Plan', () => {
  const { message, after } = answer(
    a('resume'),
    { ...running, paused: asked },
    { policy: aPolicy({ paused: true }) },
  );
  assert.match(message, /^goes on; it is still held: paused: the orchestrator's own policy file/);
  assert.equal(after.paused, undefined);
});

test('an abort ends the run, with who asked, when and what is left', () => {
  const { after } = answer(a('abort'), running);
  assert.deepEqual(after.aborted, { by: 'ann', at: AT });
  const ended = decide(someFacts(SPEC, { nodes, plan: { status: after } }));
  assert.equal(ended.kind, 'end');
  const failure = statusOf(ended).conditions?.find(({ type }) => type === 'Failed');
  assert.equal(failure?.reason, 'Aborted');
  assert.equal(
    failure.message,
    `aborted: ann asked for it at ${AT}. Now no target runs ${NEW}, w-1, w-2 were not touched. To go on: \`autopilot retry autopilot\`, or apply the Plan with a new spec.id`,
  );
});

test('a retry is a run of its own, for what is not done', () => {
  const { after, message, reason } = answer(a('retry'), { ...failed, aborted: asked });
  assert.equal(reason, 'Retried');
  assert.equal(message, 'run 01234567-1-2: 1 of 2 targets again');
  assert.equal(after.runID, '01234567-1-2');
  assert.equal(after.finishedAt, undefined);
  assert.equal(after.aborted, undefined);
  const [command] = after.commands ?? [];
  assert.deepEqual(command?.pinned, { 'linux-amd64': 'b'.repeat(64) });
  assert.deepEqual(command.k0supdate?.workers, [
    done,
    {
      ...{ name: 'w-2', state: 'SignalPending', phase: 'Pending', lastUpdatedTimestamp: AT },
      ...{ attempts: 2, previousVersion: 'v1.36.1+k0s.0' },
    },
  ]);
  const next = decide(someFacts(SPEC, { nodes, plan: { status: after } }));
  assert.equal(next.kind, 'act');
  const orders = next.actions.flatMap((one) => (one.kind === 'order' ? [one.order.id] : []));
  assert.deepEqual(orders, ['01234567-1-2.0.2']);
});

test('a retry knows what a node runs now', () => {
  const report = { kind: 'valid' as const, value: aReport({ k0sVersion: 'v1.36.2+k0s.0' }) };
  const decision = decide(
    someFacts(SPEC, {
      nodes: [nodes[0]!, aNode('w-2', { report })],
      plan: { status: failed, requests: [a('retry')] },
    }),
  );
  const workers = statusOf(decision).commands?.[0]?.k0supdate?.workers;
  assert.equal(workers?.[1]?.previousVersion, 'v1.36.2+k0s.0');
});

test('a retry of what preflight had refused checks it again', () => {
  const { after } = answer(a('retry'), refusedByPreflight);
  assert.equal(decide(someFacts(SPEC, { nodes, plan: { status: after } })).kind, 'begin');
});

test('an answered request is not answered again, and what is asked together is answered in order', () => {
  const requests = [a('pause'), a('resume', { nonce: 'n-2' }), a('abort', { nonce: 'n-3' })];
  const plan = { status: running, requests };
  const decision = decide(someFacts(SPEC, { nodes, plan }));
  const status = statusOf(decision);
  assert.deepEqual(
    status.requestResults?.map(({ nonce, reason }) => `${nonce} ${reason}`),
    ['n-1 Paused', 'n-2 Resumed', 'n-3 Aborted'],
  );
  assert.notEqual(decide(someFacts(SPEC, { nodes, plan: { status, requests } })).kind, 'answer');
  const told = eventsBetween(running, status).map(({ type, message }) => `${type}: ${message}`);
  assert.equal(told.length, 3);
  assert.match(told[0] ?? '', /^Normal: ann asked to pause: paused: /);
});

test('answers are bounded, and those whose request is still there are kept', () => {
  const many = Array.from({ length: KEPT_ANSWERS + 5 }, (_, at) => ({
    ...a('pause', { nonce: `old-${at}` }),
    ...{ result: 'Done' as const, reason: 'Paused', message: 'm', at: AT },
  }));
  const requests = [a('pause', { nonce: 'old-0' }), a('pause', { nonce: 'new' })];
  const status = { ...running, requestResults: many };
  const after = statusOf(decide(someFacts(SPEC, { nodes, plan: { status, requests } })));
  assert.deepEqual(
    after.requestResults?.map(({ nonce }) => nonce),
    ['old-0', ...many.slice(6).map(({ nonce }) => nonce), 'new'],
  );
  assert.deepEqual(answeredLongAgo(requests, after), ['old-0']);
});
