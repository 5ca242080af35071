import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanStatus, TargetStatus } from '../../../src/api/plan.ts';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { decide } from '../../../src/plans/decide.ts';
import { eventsBetween } from '../../../src/plans/events.ts';
import type { ControlNodeFacts, NodeFacts, PlanFacts } from '../../../src/plans/facts.ts';
import { keptBinary } from '../../../src/plans/kept-binary.ts';
import { planRollback, updatedTargets } from '../../../src/plans/rollback.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aReport,
  aSpec,
  NEW,
  OLD,
  SHA,
  START_MS,
  someFacts,
} from '../../support/builders.ts';
import { ordersOf, statusOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '', workers: '', concurrent: 2 }));
const SHA_OLD = 'a'.repeat(64);
const SLOT = { version: OLD, sha256: SHA_OLD };

const reporting = (host: Parameters<typeof aReport>[0]) => ({
  report: { kind: 'valid' as const, value: aReport(host) },
});
/** It has been updated, and has kept the old binary. */
const updated = reporting({ k0sVersion: NEW, sha256: SHA, previous: SLOT });

const at = (seconds: number) => new Date(START_MS - 100_000 + seconds * 1000).toISOString();
function entry(name: string, seconds: number, over: Partial<TargetStatus> = {}): TargetStatus {
  return {
    name,
    state: 'SignalCompleted',
    lastUpdatedTimestamp: at(seconds),
    phase: 'Committed',
    attempts: 1,
    previousVersion: OLD,
    ...over,
  };
}
const failed = (name: string, over: Partial<TargetStatus> = {}) =>
  entry(name, 50, {
    ...{ state: 'SignalApplyFailed', phase: 'Undone', reason: 'ProcessExits', message: 'it exits' },
    ...over,
  });

interface Given {
  readonly controllers?: readonly TargetStatus[];
  readonly workers?: readonly TargetStatus[];
  readonly policy?: PolicyLayer;
  readonly status?: Partial<PlanStatus>;
  readonly command?: object;
  readonly nodes?: readonly NodeFacts[];
  readonly controlNodes?: readonly ControlNodeFacts[];
  readonly more?: Partial<Omit<PlanFacts, 'plan' | 'nodes' | 'controlNodes'>>;
  readonly requests?: PlanFacts['plan']['requests'];
}

const AT_ITS_END = [entry('w-1', 10), entry('w-2', 20)];
const CONTROLLERS = [entry('cp-1', 1), entry('cp-2', 2)];

/** One look at a run whose targets have all come to their ends. */
function factsOf(given: Given): PlanFacts {
  const { controllers = CONTROLLERS, workers = [...AT_ITS_END, failed('w-3')] } = given;
  const status: PlanStatus = {
    ...{ state: 'SchedulableWait', observedGeneration: 1, runID: '01234567-1' },
    startedAt: at(0),
    frozenSpec: SPEC,
    ...(given.policy === undefined ? {} : { policy: given.policy }),
    commands: [
      {
        ...{ id: 0, state: 'SchedulableWait', ...given.command },
        k0supdate: { controllers: [...controllers], workers: [...workers] },
      },
    ],
    ...given.status,
  };
  return someFacts(SPEC, {
    policy: aPolicy(given.policy ?? {}),
    ...given.more,
    plan: { status, requests: given.requests ?? [] },
    nodes:
      given.nodes ??
      workers.map(({ name, phase }) => aNode(name, phase === 'Pending' ? {} : updated)),
    controlNodes: given.controlNodes ?? controllers.map(({ name }) => aControlNode(name, updated)),
  });
}

const commandsOf = (given: Given) => statusOf(decide(factsOf(given))).commands ?? [];
const names = (all: readonly TargetStatus[] | undefined) => all?.map(({ name }) => name);

test('without a policy only the node that failed goes back, and the run ends as ever', () => {
  const decision = decide(factsOf({}));
  assert.equal(decision.kind, 'end');
  const status = statusOf(decision);
  assert.equal(status.commands?.length, 1);
  assert.equal(status.rollback, undefined);
  assert.equal(status.conditions?.find(({ type }) => type === 'Failed')?.reason, 'ProcessExits');
});

test('scope Plan: workers first and then controllers, the newest updated first', () => {
  const [, workers, controllers, ...more] = commandsOf({ policy: { rollback: { scope: 'Plan' } } });
  assert.deepEqual(names(workers?.k0supdate?.workers), ['w-2', 'w-1']);
  assert.deepEqual(names(controllers?.k0supdate?.controllers), ['cp-2', 'cp-1']);
  assert.deepEqual([workers?.rollback, controllers?.rollback, more.length], [true, true, 0]);
  assert.deepEqual([workers?.id, controllers?.id], [1, 2]);
});

test('scope Batch: the workers of the batch in which something failed', () => {
  const workers = [
    entry('w-1', 10, { batch: 1 }),
    entry('w-2', 20, { batch: 2 }),
    failed('w-3', { batch: 2 }),
  ];
  const policy: PolicyLayer = { rollback: { scope: 'Batch' } };
  const [, back, ...more] = commandsOf({ workers, policy });
  assert.deepEqual(names(back?.k0supdate?.workers), ['w-2']);
  assert.equal(more.length, 0);
});

test('scope Batch and a gate that failed: the batch that was under way', () => {
  const workers = [entry('w-1', 10, { batch: 1 }), entry('w-2', 20, { batch: 2 })];
  const failure = { reason: 'HealthTimeout', message: 'errors are up', at: at(60) };
  const command = { failure, batch: { number: 2, size: 1, startedAt: at(15) } };
  const [first, back] = commandsOf({ workers, command, policy: { rollback: { scope: 'Batch' } } });
  assert.equal(first?.state, 'ApplyFailed');
  assert.deepEqual(names(back?.k0supdate?.workers), ['w-2']);
});

test('a run that a person has aborted puts nothing back by itself', () => {
  const status = { aborted: { by: 'ann', at: at(60) } };
  const commands = commandsOf({ status, policy: { rollback: { scope: 'Plan' } } });
  assert.equal(commands.length, 1);
});

test('the order names what the host has kept, and nobody else does', () => {
  const begun = statusOf(decide(factsOf({ policy: { rollback: { scope: 'Plan' } } })));
  const decision = decide(factsOf({ status: begun }));
  const { artifact, undo, id, backup } = ordersOf(decision)['w-2'] ?? assert.fail('no order');
  assert.deepEqual(artifact, {
    ...{ kind: 'k0s', version: OLD, from: 'previous', sha256: SHA_OLD, force: false },
  });
  assert.deepEqual([undo, id, backup], ['binary', '01234567-1.1.1', undefined]);
});

test('a host that has lost what it had kept is left, and said so', () => {
  const begun = statusOf(decide(factsOf({ policy: { rollback: { scope: 'Plan' } } })));
  const nodes = ['w-1', 'w-2', 'w-3'].map((name) =>
    aNode(name, name === 'w-2' ? reporting({ k0sVersion: NEW, sha256: SHA }) : updated),
  );
  const back = statusOf(decide(factsOf({ status: begun, nodes }))).commands?.[1];
  const [gone] = back?.k0supdate?.workers ?? [];
  assert.deepEqual([gone?.phase, gone?.reason], ['Failed', 'PreviousMissing']);
  assert.match(gone?.message ?? '', /wanted v1\.36\.1.*kept none; it runs v1\.36\.3/);
});

function leftOf(facts: PlanFacts) {
  const run = { commands: facts.plan.status?.commands ?? [], spec: SPEC };
  const { left, added } = planRollback(facts, run, updatedTargets(facts, run));
  return { left: new Map(left.map((one) => [one.name, one])), added };
}

test('what cannot go back is left, each with its reason and what to do', () => {
  const older = { version: 'v1.35.9+k0s.0', sha256: SHA_OLD };
  const { left, added } = leftOf(
    factsOf({
      controllers: [entry('cp-1', 1, { previousVersion: older.version })],
      workers: [entry('w-1', 1), entry('w-2', 2), entry('w-3', 3), entry('w-4', 4)],
      command: {
        backup: { node: 'cp-1', path: '/backups/1.tar.gz', size: 1, takenAt: at(0) },
      },
      controlNodes: [aControlNode('cp-1', reporting({ k0sVersion: NEW, previous: older }))],
      nodes: [
        aNode('w-1', reporting({ k0sVersion: NEW })),
        aNode('w-2', reporting({ k0sVersion: NEW, previous: older })),
        aNode(
          'w-4',
          reporting({ k0sVersion: NEW, previous: { version: OLD, sha256: 'c'.repeat(64) } }),
        ),
      ],
      more: {
        quarantined: [
          {
            ...{ name: 'q-1', version: OLD, sha256: 'c'.repeat(64), run: 'other' },
            message: 'it exits',
          },
        ],
      },
    }),
  );
  assert.deepEqual(added, []);
  assert.deepEqual(
    ['cp-1', 'w-1', 'w-2', 'w-3', 'w-4'].map((name) => left.get(name)?.reason),
    ['DowngradeRefused', 'PreviousMissing', 'PreviousMissing', 'NodeVanished', 'Quarantined'],
  );
  assert.match(left.get('cp-1')?.message ?? '', /restore the backup \/backups\/1\.tar\.gz on cp-1/);
  assert.match(left.get('w-2')?.message ?? '', /kept v1\.35\.9\+k0s\.0; apply a Plan to v1\.36\.1/);
  assert.match(left.get('w-4')?.message ?? '', /kubectl delete quarantinedartifact q-1/);
});

test('a worker goes back across minor versions', () => {
  const older = { version: 'v1.35.9+k0s.0', sha256: SHA_OLD };
  const { added } = leftOf(
    factsOf({
      controllers: [],
      workers: [entry('w-1', 1, { previousVersion: older.version })],
      nodes: [aNode('w-1', reporting({ k0sVersion: NEW, previous: older }))],
    }),
  );
  assert.equal(added[0]?.spec.k0supdate?.version, older.version);
});

test('what was kept is known from the very report that says committed', () => {
  const signal = {
    ...{ id: 'x', attempt: 1, epoch: 1, goal: 'commit' as const, phase: 'Committed' as const },
    previous: SLOT,
  };
  const value = aReport({ k0sVersion: NEW }, signal);
  assert.deepEqual(keptBinary({ report: { kind: 'valid', value } }), SLOT);
  const undone = aReport({ k0sVersion: NEW }, { ...signal, phase: 'Undone' });
  assert.equal(keptBinary({ report: { kind: 'valid', value: undone } }), undefined);
});

/** A run that puts back, and has come to the end of its commands. */
function ended(over: { readonly worker?: Partial<TargetStatus>; readonly left?: boolean } = {}) {
  const begun = statusOf(decide(factsOf({ policy: { rollback: { scope: 'Plan' } } })));
  const commands = structuredClone(begun.commands ?? []);
  for (const command of commands.slice(1)) {
    for (const one of [
      ...(command.k0supdate?.controllers ?? []),
      ...(command.k0supdate?.workers ?? []),
    ]) {
      Object.assign(one, { state: 'SignalCompleted', phase: 'Committed' });
      if (one.name === 'w-1') Object.assign(one, over.worker);
    }
  }
  const left = [{ name: 'cp-9', reason: 'NodeVanished', message: 'it is gone' }];
  const rollback = { ...begun.rollback!, ...(over.left ? { left } : {}) };
  let status = { ...begun, commands, rollback };
  let decision = decide(factsOf({ status }));
  for (let look = 0; look < 5 && decision.kind !== 'end'; look++) {
    status = { ...statusOf(decision) } as typeof status;
    decision = decide(factsOf({ status }));
  }
  assert.equal(decision.kind, 'end');
  return statusOf(decision);
}

test('the end of a whole rollback: never Completed, and each target says what runs there', () => {
  const status = ended();
  assert.equal(status.state, 'ApplyFailed');
  assert.equal(status.progress?.text, '0/5');
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);
  assert.equal(condition('Failed')?.reason, 'RolledBack');
  assert.equal(condition('RolledBack')?.status, 'True');
  assert.match(
    condition('RolledBack')?.message ?? '',
    /^w-2, w-1, cp-2, cp-1 run v1\.36\.1\+k0s\.0 again$/,
  );
  for (const one of status.commands?.[0]?.k0supdate?.controllers ?? []) {
    assert.deepEqual(
      [one.state, one.phase, one.reason, one.message],
      ['SignalApplyFailed', 'Undone', 'RolledBack', `${OLD} runs again`],
    );
  }
});

test('a worker that did not go back keeps neither the others nor the controllers', () => {
  const stuck = {
    ...{ state: 'SignalApplyFailed', phase: 'Failed' as const, reason: 'DrainTimeout' },
    message: 'not empty within 300s',
  };
  const status = ended({ worker: stuck });
  const failure = status.conditions?.find(({ type }) => type === 'Failed');
  assert.equal(failure?.reason, 'RollbackFailed');
  assert.match(failure?.message ?? '', /w-1 was not put back: not empty within 300s/);
  assert.equal(status.conditions?.find(({ type }) => type === 'RolledBack')?.status, 'False');
  const own = status.commands?.[0]?.k0supdate;
  assert.deepEqual(
    own?.workers?.map(({ reason }) => reason),
    [undefined, 'RolledBack', 'ProcessExits'],
  );
  assert.ok(own?.controllers?.every(({ reason }) => reason === 'RolledBack'));
});

test('what was left from the beginning is named at the end', () => {
  const status = ended({ left: true });
  const failure = status.conditions?.find(({ type }) => type === 'Failed');
  assert.equal(failure?.reason, 'RollbackFailed');
  assert.match(failure?.message ?? '', /cp-9 was not put back: it is gone/);
});

test('putting back is not held by a window, and is by a pause', () => {
  const begun = statusOf(decide(factsOf({ policy: { rollback: { scope: 'Plan' } } })));
  const windows = [{ days: ['Mon' as const], start: '00:00', length: '1m', timeZone: 'UTC' }];
  const closed = { policy: aPolicy({ windows }) };
  assert.ok(ordersOf(decide(factsOf({ status: begun, more: closed })))['w-2']);
  const paused = { policy: aPolicy({ paused: true }) };
  assert.deepEqual(ordersOf(decide(factsOf({ status: begun, more: paused }))), {});
});

const pending = (name: string) =>
  entry(name, 30, { state: 'SignalPending', phase: 'Pending', previousVersion: OLD });

test('onFailure Pause: nothing new is begun, and it is said for whom it waits', () => {
  const decision = decide(
    factsOf({
      workers: [failed('w-1'), pending('w-2')],
      policy: { onFailure: 'Pause' },
      more: { policy: aPolicy({ onFailure: 'Pause' }) },
    }),
  );
  assert.equal(decision.kind, 'wait');
  const waiting = statusOf(decision).conditions?.find(({ type }) => type === 'Waiting');
  assert.equal(waiting?.reason, 'HeldAfterFailure');
  assert.match(waiting?.message ?? '', /w-1 failed; retry, abort or rollback/);
});

test('onFailure Pause holds a run as well when nobody is left to be begun', () => {
  const decision = decide(factsOf({ policy: { onFailure: 'Pause' } }));
  assert.equal(decision.kind, 'wait');
});

test('onFailure Continue: workers that fail keep nobody else, and a controller ends the run', () => {
  const policy: PolicyLayer = { onFailure: 'Continue' };
  const going = decide(
    factsOf({ workers: [failed('w-1'), failed('w-2'), pending('w-3')], policy }),
  );
  assert.ok(ordersOf(going)['w-3']);
  const stopped = decide(
    factsOf({ controllers: [failed('cp-1')], workers: [pending('w-3')], policy }),
  );
  assert.deepEqual(ordersOf(stopped), {});
});

const ask = (nodes?: string) => ({
  ...{ nonce: 'n', verb: 'rollback', by: 'ann' },
  ...(nodes === undefined ? {} : { arguments: { nodes } }),
});

function answerTo(given: Given) {
  const status = statusOf(decide(factsOf(given)));
  return { status, answer: status.requestResults?.at(-1) };
}

const COMPLETED = {
  ...{ state: 'Completed', finishedAt: at(60) },
  frozenSpec: undefined,
} as unknown as Partial<PlanStatus>;
const all = { workers: AT_ITS_END };

test('a run that was completed is put back by request, as a run of its own', () => {
  const { status, answer } = answerTo({ ...all, status: COMPLETED, requests: [ask()] });
  assert.deepEqual([answer?.result, answer?.reason], ['Done', 'RollingBack']);
  assert.match(answer?.message ?? '', /run 01234567-1-2: w-2, w-1 go back to v1\.36\.1/);
  assert.deepEqual([status.runID, status.state], ['01234567-1-2', 'SchedulableWait']);
  assert.equal(status.rollback?.by, 'ann');
  assert.equal(status.commands?.length, 3);
});

test('named nodes alone go back, and one that is not of the run is refused', () => {
  const { status } = answerTo({ ...all, status: COMPLETED, requests: [ask('w-1, cp-2')] });
  const back = status.commands
    ?.slice(1)
    .flatMap(({ k0supdate }) => [
      ...(names(k0supdate?.workers) ?? []),
      ...(names(k0supdate?.controllers) ?? []),
    ]);
  assert.deepEqual(back, ['w-1', 'cp-2']);
  const { answer } = answerTo({ ...all, status: COMPLETED, requests: [ask('w-1,w-9')] });
  assert.deepEqual([answer?.result, answer?.reason], ['Refused', 'NothingToRollBack']);
  assert.match(answer?.message ?? '', /^w-9: not updated/);
});

test('it is refused with its reason where there is nothing to put back', () => {
  const none = [aNode('w-1'), aNode('w-2')];
  const bare = { controllers: [], ...all, status: COMPLETED, requests: [ask()], nodes: none };
  assert.match(answerTo(bare).answer?.message ?? '', /w-1: wanted v1\.36\.1.*kept none/);
  const other = { ...all, status: COMPLETED, requests: [ask()], more: { plansBefore: ['b'] } };
  assert.equal(answerTo(other).answer?.reason, 'WaitsForOtherPlan');
  const empty = { ...all, status: COMPLETED, requests: [ask(' , ')] };
  assert.equal(answerTo(empty).answer?.reason, 'UnknownArgument');
});

test('a run that is under way comes to its end for it; named nodes of it are refused', () => {
  const workers = [entry('w-1', 10), pending('w-2')];
  const { status, answer } = answerTo({ workers, requests: [ask()] });
  assert.equal(answer?.result, 'Done');
  const next = statusOf(decide(factsOf({ workers, status })));
  assert.equal(next.commands?.[0]?.state, 'ApplyFailed');
  assert.equal(next.commands?.length, 3);
  const named = answerTo({ workers, requests: [ask('w-1')] });
  assert.equal(named.answer?.reason, 'StillRunning');
});

test('a pause by request is let go of by who asks to put back', () => {
  const workers = [entry('w-1', 10), pending('w-2')];
  const paused = { paused: { by: 'bob', at: at(5) } };
  const { status, answer } = answerTo({ workers, status: paused, requests: [ask('w-1')] });
  assert.equal(answer?.result, 'Done');
  assert.equal(status.paused, undefined);
});

test('a retry of a held run tries what failed with another attempt, and leaves the rest alone', () => {
  const workers = [entry('w-1', 10), failed('w-2'), pending('w-3')];
  const policy: PolicyLayer = { onFailure: 'Pause' };
  const held = statusOf(decide(factsOf({ workers, policy })));
  const request = { nonce: 'n', verb: 'retry', by: 'ann' };
  const { status, answer } = answerTo({ workers, policy, status: held, requests: [request] });
  assert.equal(answer?.reason, 'Retried', answer?.message);
  assert.equal(status.runID, '01234567-1');
  const entries = status.commands?.[0]?.k0supdate?.workers?.map(({ phase, attempts }) => [
    phase,
    attempts,
  ]);
  assert.deepEqual(entries, [
    ['Committed', 1],
    ['Pending', 2],
    ['Pending', 1],
  ]);
});

test('Events tell that a run is put back, once, and that it is held', () => {
  const before = factsOf({ policy: { rollback: { scope: 'Plan' } } });
  const after = statusOf(decide(before));
  const told = eventsBetween(before.plan.status, after);
  const [event] = told.filter(({ reason }) => reason === 'RollingBack');
  assert.equal(event?.message, 'put back, in this order: w-2, w-1, cp-2, cp-1');
  const again = eventsBetween(after, after).filter(({ reason }) => reason === 'RollingBack');
  assert.deepEqual(again, []);
  const held = factsOf({ policy: { onFailure: 'Pause' } });
  const reasons = eventsBetween(held.plan.status, statusOf(decide(held))).map((one) => one.reason);
  assert.ok(reasons.includes('HeldAfterFailure'));
});

test('a retry of a run that a hook has held is refused, with what to do', () => {
  const failure = { reason: 'HookFailed', message: 'hook warm failed', at: at(60) };
  const policy: PolicyLayer = { onFailure: 'Pause' };
  const command = { failure };
  const workers = [entry('w-1', 10), pending('w-2')];
  const held = statusOf(decide(factsOf({ workers, policy, command })));
  const request = { nonce: 'n', verb: 'retry', by: 'ann' };
  const { answer } = answerTo({ workers, policy, status: held, requests: [request] });
  assert.equal(answer?.reason, 'StillRunning');
  assert.match(answer?.message ?? '', /abort this one, and retry then/);
});
