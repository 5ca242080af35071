import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDefaults } from '../../../src/api/policy.ts';
import { drainRulesOf } from '../../../src/drain/judge/drain-rules.ts';
import { decide } from '../../../src/plans/decide.ts';
import { preview } from '../../../src/plans/preview.ts';
import { type PreviewBudget, previewDrains } from '../../../src/plans/preview-drains.ts';
import { drainedBy, reportOf } from '../../../src/plans/preview-report.ts';
import {
  aBundle,
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  NEW,
  OLD,
  START_MS,
  someFacts,
} from '../../support/builders.ts';

const names = (prefix: string, n: number) =>
  Array.from({ length: n }, (_, at) => `${prefix}${at + 1}`);

function aCluster(controllers: number, workers: number) {
  return {
    controlNodes: names('c', controllers).map((name) => aControlNode(name)),
    nodes: names('w', workers).map((name) => aNode(name)),
  };
}

const everything = (concurrent = 1) =>
  aSpec(anUpdate({ controllers: '', workers: '', concurrent }));
const report = (facts: ReturnType<typeof someFacts>) =>
  reportOf(facts, preview(facts), { notes: [], drains: [] });
const who = (facts: ReturnType<typeof someFacts>) =>
  report(facts).commands.map(({ steps }) => steps.map((step) => step.names.join('+')));

test('controllers one by one, then workers in the slots of the limit', () => {
  const facts = someFacts(everything(2), aCluster(3, 5));
  assert.deepEqual(who(facts), [['c1', 'c2', 'c3', 'w1+w2', 'w3+w4', 'w5']]);
});

test('a controller that is a worker as well is one step, and says which Node is emptied for it', () => {
  const hybrid = { nodeName: 'box-1', mode: 'controller+worker' as const };
  const facts = someFacts(everything(), {
    controlNodes: [aControlNode('c1', hybrid), aControlNode('c2')],
    nodes: [aNode('box-1'), aNode('w1')],
  });
  const [command] = report(facts).commands;
  assert.deepEqual(
    command?.steps.map(({ role, names: of, emptied }) => [role, of.join(), emptied]),
    [
      ['controller', 'c1', 'box-1'],
      ['controller', 'c2', undefined],
      ['worker', 'w1', undefined],
    ],
  );
  assert.deepEqual(drainedBy(preview(facts)), ['box-1', 'w1']);
});

test('a controller that is down goes first, and without the backup', () => {
  const cluster = aCluster(3, 0);
  const apiServer = { ready: 'False' as const, message: 'down', atMs: START_MS, sinceMs: 0 };
  const controlNodes = [...cluster.controlNodes.slice(0, 2), aControlNode('c3', { apiServer })];
  const facts = someFacts(everything(), { controlNodes });
  assert.deepEqual(who(facts), [['c3', 'c1', 'c2']]);
  assert.equal(report(facts).commands[0]?.backupOn, 'c1');
});

test('what runs the version already is not begun', () => {
  const facts = someFacts(everything(), {
    ...aCluster(1, 1),
    nodes: [aNode('w1'), aNode('w2', updated('w2'))],
  });
  const [command] = report(facts).commands;
  assert.deepEqual(command?.skipped, ['w2']);
  assert.deepEqual(command?.from, { [OLD]: ['c1', 'w1'], [NEW]: ['w2'] });
  assert.deepEqual(drainedBy(preview(facts)), ['w1']);
});

function updated(name: string) {
  const { report: told } = aNode(name);
  assert.equal(told.kind, 'valid');
  const value = { ...told.value, host: { ...told.value.host, k0sVersion: NEW } };
  return { report: { kind: 'valid' as const, value } };
}

test('versions before and after, and how far the kubelets are behind', () => {
  const wanted = aSpec(anUpdate({ version: 'v1.37.1+k0s.0', controllers: '' }));
  const { skew } = report(someFacts(wanted, aCluster(1, 1)));
  assert.deepEqual(skew.before.controllers, [OLD, OLD]);
  assert.equal(skew.before.minorsBehind, 0);
  assert.deepEqual(skew.after.controllers, ['v1.37.1+k0s.0', 'v1.37.1+k0s.0']);
  assert.equal(skew.after.minorsBehind, 1);
});

test('a bundle before an update: one node of a platform first, then as many as may', () => {
  const spec = aSpec(aBundle({ concurrent: 2 }), anUpdate({ workers: '' }));
  const facts = someFacts(spec, aCluster(0, 3));
  assert.deepEqual(who(facts), [
    ['w1', 'w2+w3'],
    ['w1', 'w2', 'w3'],
  ]);
});

test('everything that forbids the run is said at once, as the run itself would', () => {
  const facts = someFacts(aSpec(anUpdate({ version: 'latest' }), anUpdate({ workers: ['gone'] })));
  const found = preview(facts);
  assert.equal(found.outcome.kind, 'refused');
  assert.deepEqual(
    found.refusals.map(({ reason }) => reason),
    ['InvalidVersion', 'NodeMissing'],
  );
  assert.equal(decide(facts).kind, 'refuse');
});

test('a spec that cannot be read, and a policy that cannot be met, are refused', () => {
  const unread = someFacts({ invalid: 'spec.id: expected string', reason: 'InvalidSpec' });
  assert.equal(preview(unread).refusals[0]?.reason, 'InvalidSpec');
  const policy = { gate: { timeout: '9m' } };
  const unmet = someFacts({ ...everything(), policy }, aCluster(1, 0));
  assert.match(preview(unmet).refusals[0]?.message ?? '', /^spec.policy.gate.timeout: /);
});

test('it says what it would wait for without end', () => {
  const apiServer = { ready: 'False' as const, message: 'down', atMs: START_MS, sinceMs: 0 };
  const facts = someFacts(aSpec(anUpdate({ controllers: ['c1'] })), {
    controlNodes: [aControlNode('c1'), aControlNode('c2', { apiServer })],
  });
  const { outcome } = preview(facts);
  assert.equal(outcome.kind === 'stuck' && outcome.reason, 'ControllerNotReady');
});

test('outside of the windows it shows when it would begin, and where it is interrupted', () => {
  const policy = aPolicy({ windows: [{ cron: '0 23 * * *', length: '3m' }] });
  const facts = someFacts(everything(), { ...aCluster(1, 2), policy });
  const { time } = report(facts);
  assert.equal(time.startsAt, '2026-03-01T23:00:00.000Z');
  assert.deepEqual(
    time.closed.map(({ to }) => to),
    ['2026-03-01T23:00:00.000Z', '2026-03-02T23:00:00.000Z'],
  );
});

test('a window that is open and long enough fits', () => {
  const policy = aPolicy({ windows: [{ cron: '0 22 * * *', length: '2h' }] });
  const { time } = report(someFacts(everything(), { ...aCluster(1, 1), policy }));
  assert.equal(time.startsAt, new Date(START_MS).toISOString());
  assert.equal(time.closesAt, '2026-03-02T00:00:00.000Z');
  assert.deepEqual(time.closed, []);
});

test('while the brake is pulled the course is shown as if it were let go', () => {
  const policy = { ...aPolicy({ paused: true }), pausedBy: 'UpdatePolicy/default says so' };
  const facts = someFacts(everything(), { ...aCluster(1, 1), policy });
  const found = preview(facts);
  assert.equal(found.brake, 'paused: UpdatePolicy/default says so');
  assert.equal(found.outcome.kind, 'completes');
});

test('orders that are still on nodes are of Plans before this one, and hold nothing up', () => {
  const order = { id: 'other' } as never;
  const cordon = { orderId: 'other', ours: true };
  const facts = someFacts(everything(), {
    nodes: [aNode('w1', { order: { kind: 'valid', value: order }, cordon, unschedulable: true })],
    controlNodes: [aControlNode('c1')],
  });
  assert.deepEqual(who(facts), [['c1', 'w1']]);
});

const aPod = (over: object = {}) => ({
  namespace: 'shop',
  name: 'web-1',
  node: 'w1',
  labels: { app: 'web' },
  isManaged: true,
  hasEmptyDir: false,
  finalizers: [],
  ...over,
});
const aBudget = (over: Partial<PreviewBudget> = {}): PreviewBudget => ({
  namespace: 'shop',
  name: 'web',
  selector: { matchLabels: { app: 'web' } },
  expectedPods: 3,
  desiredHealthy: 2,
  currentHealthy: 3,
  disruptionsAllowed: 1,
  ...over,
});

const drains: readonly (readonly [string, object, readonly PreviewBudget[], string | undefined])[] =
  [
    ['a budget with room blocks nothing', {}, [aBudget()], undefined],
    [
      'a budget without room blocks for now',
      {},
      [aBudget({ disruptionsAllowed: 0, currentHealthy: 2 })],
      'now: budget web allows no disruption now (needs 2 healthy pods, has 2)',
    ],
    [
      'a budget that needs all of its pods blocks for ever',
      {},
      [aBudget({ disruptionsAllowed: 0, desiredHealthy: 3 })],
      'never: budget web needs 3 of its 3 pods, so none may go',
    ],
    [
      'two budgets for one pod block for ever',
      {},
      [aBudget(), aBudget({ name: 'all', selector: {} })],
      'never: budgets web, all all select it, and the API server then evicts nothing',
    ],
    [
      'a budget without a selector selects nothing',
      {},
      [aBudget({ disruptionsAllowed: 0, selector: undefined })],
      undefined,
    ],
    [
      'a budget of another namespace is none',
      {},
      [aBudget({ disruptionsAllowed: 0, namespace: 'else' })],
      undefined,
    ],
    [
      'expressions are understood',
      {},
      [
        aBudget({
          disruptionsAllowed: 0,
          selector: {
            matchExpressions: [
              { key: 'app', operator: 'In', values: ['web'] },
              { key: 'app', operator: 'NotIn', values: ['db'] },
              { key: 'app', operator: 'Exists' },
              { key: 'tier', operator: 'DoesNotExist' },
            ],
          },
        }),
      ],
      'now: budget web allows no disruption now (needs 2 healthy pods, has 3)',
    ],
    [
      'a pod that nothing owns is lost',
      { isManaged: false },
      [],
      'lost: nothing owns it: once evicted it does not come back',
    ],
    ['finalizers', { finalizers: ['a/b'] }, [], 'now: finalizers have to be removed first: a/b'],
  ];
const rules = drainRulesOf(withDefaults({}));
for (const [sentence, pod, budgets, expected] of drains) {
  test(`drains: ${sentence}`, () => {
    const [drain] = previewDrains(['w1'], [aPod(pod), aPod({ node: 'w2' })], budgets, rules);
    assert.equal(drain?.pods, 1);
    const [first] = drain?.blockers ?? [];
    assert.equal(first && `${first.kind}: ${first.message}`, expected);
  });
}

test('drains: what a rule blocks is never evicted, and what it skips is not counted', () => {
  const pods = [
    aPod({ name: 'a', hasEmptyDir: true }),
    aPod({ name: 'b', isManaged: false }),
    aPod({ name: 'c', labels: { stays: '' } }),
  ];
  const strict = { ...rules, emptyDir: 'Block', unmanaged: 'Block', skipPods: 'stays' } as const;
  const [drain] = previewDrains(['w1'], pods, [], strict);
  assert.equal(drain?.pods, 2);
  assert.deepEqual(
    drain.blockers.map(({ pod, kind, message }) => `${pod} ${kind} ${/drain\.\w+/.exec(message)}`),
    ['shop/a never drain.emptyDir', 'shop/b never drain.unmanaged'],
  );
});
