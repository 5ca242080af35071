import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT_TRANSITIONS, type Transition } from '../../../src/api/history.ts';
import type { PlanStatus } from '../../../src/api/plan.ts';
import { TOLD_TARGETS, updateRunSchema } from '../../../src/api/update-run.ts';
import { transitionsBetween, withHistory } from '../../../src/plans/history.ts';
import { outlivesRun } from '../../../src/plans/run.ts';
import type { TrimmedUpdateRun } from '../../../src/plans/trim-update-run.ts';
import { trimUpdateRun } from '../../../src/plans/trim-update-run.ts';
import {
  afterDeletion,
  joinTransitions,
  recordOf,
  runName,
  surplusRuns,
} from '../../../src/plans/update-run.ts';
import { aNode, anUpdate, aSpec, NEW, START_MS, someFacts } from '../../support/builders.ts';
import { begun } from '../../support/scene.ts';

const actors = { orchestrator: 'cp-1_x', appliedBy: 'kubectl at then', nowMs: START_MS };
const at = new Date(START_MS).toISOString();
const spec = aSpec(anUpdate({ workers: ['w-1'] }));
const fresh = (): PlanStatus => begun(someFacts(spec, { nodes: [aNode('w-1')] }));

function moved(over: object): PlanStatus {
  const status = structuredClone(fresh());
  Object.assign(status.commands?.[0]?.k0supdate?.workers?.[0] ?? {}, over);
  return status;
}

test('the beginning of a run names the orchestrator, and who wrote the spec', () => {
  const [one, ...more] = transitionsBetween(undefined, fresh(), actors);
  assert.deepEqual(more, []);
  assert.deepEqual(one, {
    at,
    run: '01234567-1',
    reason: 'Started',
    message: `run 01234567-1: 1 targets to ${NEW}; the spec was written with kubectl at then`,
    by: 'cp-1_x',
  });
});

test('an answer names who asked, an undo of its own the node, another one the orchestrator', () => {
  const asked = {
    ...fresh(),
    requestResults: [
      {
        nonce: '1',
        verb: 'pause',
        by: 'ann',
        result: 'Done',
        reason: 'Paused',
        message: 'paused',
        at,
      },
    ],
  } as PlanStatus;
  assert.equal(transitionsBetween(fresh(), asked, actors)[0]?.by, 'ann');
  const undone = (reason: string) =>
    transitionsBetween(fresh(), moved({ phase: 'Undoing', reason, message: 'why' }), actors);
  assert.deepEqual(undone('ProcessExits')[0], {
    ...{ at, run: '01234567-1', reason: 'Undoing', message: 'w-1: why' },
    by: 'node w-1',
  });
  assert.equal(undone('HealthTimeout')[0]?.by, 'cp-1_x');
});

test('nothing new is nothing, and the list is bounded and outlives a run', () => {
  assert.deepEqual(transitionsBetween(fresh(), fresh(), actors), []);
  const status = fresh();
  assert.equal(withHistory(status, []), status);
  const many = Array.from({ length: 50 }, (_, n) => aTransition(`${n}`));
  const { history } = withHistory(status, many);
  assert.equal(history?.length, KEPT_TRANSITIONS);
  assert.equal(history?.at(-1)?.message, '49');
  assert.deepEqual(outlivesRun(withHistory(status, many)).history, history);
});

const aTransition = (message: string): Transition => ({ at, reason: 'Started', message, by: 'x' });
const plan = {
  name: 'autopilot',
  uid: 'u',
  generation: 1,
  spec,
  appliedAtMs: START_MS,
  appliedBy: 'kubectl',
};

test('a run is told of with all that it needs once its Plan is gone', () => {
  const status = moved({ phase: 'Failed', reason: 'DrainTimeout', message: 'stuck' });
  const record = recordOf(plan, status, [aTransition('a')]);
  assert.deepEqual(record?.spec, {
    ...{ plan: 'autopilot', planUID: 'u', runID: '01234567-1', generation: 1, versions: [NEW] },
    ...{ appliedBy: 'kubectl', appliedAt: at },
  });
  assert.deepEqual(record?.status.targets, [
    {
      ...{ name: 'w-1', role: 'worker', command: 0, phase: 'Failed' },
      ...{ reason: 'DrainTimeout', message: 'stuck', previousVersion: 'v1.36.1+k0s.0' },
    },
  ]);
  assert.ok(updateRunSchema.safeParse({ metadata: { name: 'x' }, ...record }).success);
});

test('what was refused has not run, so that nothing is told', () => {
  assert.equal(recordOf(plan, { state: 'ApplyFailed', runID: 'r' }, []), undefined);
});

test('of many targets those in trouble are told first', () => {
  const names = Array.from({ length: TOLD_TARGETS + 50 }, (_, n) => `w-${n}`);
  const large = aSpec(anUpdate({ workers: names }));
  const status = begun(someFacts(large, { nodes: names.map((name) => aNode(name)) }));
  const last = status.commands?.[0]?.k0supdate?.workers?.at(-1);
  Object.assign(last ?? {}, { phase: 'Undone' });
  const targets = recordOf(plan, status, [])?.status.targets;
  assert.equal(targets?.length, TOLD_TARGETS);
  assert.equal(targets?.[0]?.name, last?.name);
});

test('names are valid, however long that of the Plan is', () => {
  const name = runName(`${'a'.repeat(240)}.${'b'.repeat(12)}`, '01234567-1');
  assert.ok(name.length <= 253);
  assert.match(name, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  assert.equal(runName(`${'a'.repeat(241)}.bbb`, '01234567-1'), `${'a'.repeat(241)}-01234567-1`);
});

test('what was told before is not told twice', () => {
  const [a, b] = [aTransition('a'), aTransition('b')];
  assert.deepEqual(joinTransitions([a], [a, b]), [a, b]);
  const before = { ...aTransition('c'), at: new Date(START_MS - 1).toISOString() };
  assert.deepEqual(joinTransitions([a], [before, b]), [before, a, b]);
});

const aRun = (
  name: string,
  planName: string,
  startedAtMs: number,
  ended = true,
): TrimmedUpdateRun => ({
  ...{ name, plan: planName, planUID: 'u', runID: name, startedAtMs, resourceVersion: '1' },
  finishedAt: ended ? at : undefined,
  status: undefined,
});

test('ten runs are kept of one name, the newest, and none that is under way is dropped', () => {
  const runs = Array.from({ length: 12 }, (_, n) => aRun(`r${n}`, 'a', n));
  assert.deepEqual(surplusRuns(runs), ['r1', 'r0']);
  const open = Array.from({ length: 12 }, (_, n) => aRun(`r${n}`, 'a', n, false));
  assert.deepEqual(surplusRuns(open), []);
});

test('two hundred are kept in all', () => {
  const runs = Array.from({ length: 210 }, (_, n) => aRun(`r${n}`, `p${n}`, n));
  assert.deepEqual(surplusRuns(runs).toSorted(), [
    'r0',
    'r1',
    'r2',
    'r3',
    'r4',
    'r5',
    'r6',
    'r7',
    'r8',
    'r9',
  ]);
});

test('the run of a Plan that was deleted meanwhile ends', () => {
  const end = afterDeletion(aRun('r', 'a', 1, false), START_MS, 'cp-1_x');
  assert.deepEqual([end.state, end.finishedAt, end.reason], ['Deleted', at, 'PlanDeleted']);
  assert.equal(end.transitions?.[0]?.by, 'cp-1_x');
});

test('what nobody can read counts as ended, and is dropped in its turn', () => {
  const trimmed = trimUpdateRun({ metadata: { name: 'x', creationTimestamp: at }, spec: 7 });
  assert.equal(trimmed.finishedAt, at);
});
