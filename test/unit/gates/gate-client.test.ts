import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { GateAnswer } from '../../../src/gates/answer.ts';
import { createGateRunner } from '../../../src/gates/gate-client.ts';
import type { RunGate } from '../../../src/gates/run-gates-client.ts';
import type { GatedRun } from '../../../src/gates/wanted.ts';
import type { Kube, Method } from '../../../src/kube/client.ts';
import { silentLog } from '../../support/silent-log.ts';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => mock.timers.reset());

const run: GatedRun = {
  plan: { name: 'autopilot', uid: 'u1' },
  runID: 'u1-1',
  gates: [],
  workloads: 'Off',
  ignoreNamespaces: [],
  touched: false,
  nodesUnderWay: [],
  settledAtMs: 0,
};
const pass: GateAnswer = { outcome: 'pass', message: 'fine' };
const fail: GateAnswer = { outcome: 'fail', message: 'bad' };

/** Lets everything happen that waits for no clock. */
async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await setImmediate();
}
async function elapse(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await settle();
}

interface Asked extends RunGate {
  readonly asked: { readonly atMs: number; readonly run: GatedRun; readonly signal: AbortSignal }[];
  answer: GateAnswer | Error | undefined;
  /** Answers the question that is open while {@link answer} is undefined. */
  resolve: (answer: GateAnswer) => void;
}

function aGate(over: Partial<RunGate> = {}): Asked {
  const gate: Asked = {
    name: 'shop',
    intervalMs: () => 15_000,
    isUrgent: () => true,
    baseline: undefined,
    asked: [],
    answer: pass,
    resolve: () => {},
    async ask(of, signal) {
      gate.asked.push({ atMs: Date.now(), run: of, signal });
      if (gate.answer instanceof Error) throw gate.answer;
      return gate.answer ?? new Promise((resolve) => (gate.resolve = resolve));
    },
    ...over,
  };
  return gate;
}

function aRunner(gates: readonly RunGate[]) {
  const requests: string[] = [];
  const items = [
    {
      metadata: { name: 'old', labels: { 'extensions.autopilot.k0sproject.io/baseline-of': 'x' } },
    },
  ];
  const kube = {
    async request(method: Method, path: string) {
      requests.push(`${method} ${path}`);
      return { items, metadata: {} };
    },
  } as unknown as Kube;
  let changes = 0;
  const runner = createGateRunner({
    kube,
    log: silentLog,
    onChange: () => changes++,
    gatesOf: () => gates,
  });
  return { runner, requests, changes: () => changes };
}

test('a gate is asked at once, and then at its interval', async () => {
  const gate = aGate();
  const { runner, changes } = aRunner([gate]);
  runner.watch([run]);
  assert.equal(runner.answers('u1').size, 0);
  await settle();
  assert.deepEqual(runner.answers('u1').get('shop'), {
    ...pass,
    atMs: 1_000_000,
    sinceMs: 1_000_000,
    failures: 0,
  });
  await elapse(14_999);
  assert.equal(gate.asked.length, 1);
  await elapse(1);
  assert.equal(gate.asked.length, 2);
  assert.equal(changes(), 2);
  assert.equal(runner.answers('u1').get('shop')?.sinceMs, 1_000_000);
});

test('an answer is as old as its question', async () => {
  const gate = aGate();
  gate.answer = undefined;
  const { runner } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  await elapse(7_000);
  assert.equal(runner.answers('u1').size, 0);
  gate.resolve(pass);
  await settle();
  assert.equal(runner.answers('u1').get('shop')?.atMs, 1_000_000);
});

test('what takes long is asked seldom, and never twice at once', async () => {
  const gate = aGate();
  gate.answer = undefined;
  const { runner } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  await elapse(20_000);
  assert.equal(gate.asked.length, 1);
  gate.resolve(pass);
  await settle();
  await elapse(99_999);
  assert.equal(gate.asked.length, 1);
  await elapse(1);
  assert.equal(gate.asked.length, 2);
});

test('what cannot be asked is unknown, and keeps the row of failures', async () => {
  const gate = aGate();
  gate.answer = fail;
  const { runner } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  gate.answer = new Error('no route');
  await elapse(15_000);
  const { outcome, message, failures } = runner.answers('u1').get('shop')!;
  assert.deepEqual(
    { outcome, message, failures },
    { outcome: 'unknown', message: 'could not be asked: no route', failures: 1 },
  );
});

test('a target that came to its end wants an answer of now', async () => {
  const gate = aGate();
  const { runner } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  await elapse(5_000);
  runner.watch([{ ...run, settledAtMs: 1_004_000 }]);
  await settle();
  assert.deepEqual(
    gate.asked.map(({ atMs }) => atMs),
    [1_000_000, 1_005_000],
  );
  // The answer is newer than that now: no reason to hurry again.
  runner.watch([{ ...run, settledAtMs: 1_004_000, touched: true }]);
  await elapse(14_000);
  assert.equal(gate.asked.length, 2);
  await elapse(1_000);
  assert.equal(gate.asked.at(-1)?.run.touched, true);
});

test('however many targets end, a gate is not asked more often than once a second', async () => {
  const gate = aGate();
  const { runner } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  for (let ms = 100; ms <= 2_000; ms += 100) {
    await elapse(100);
    runner.watch([{ ...run, settledAtMs: 1_000_000 + ms }]);
    await settle();
  }
  assert.equal(gate.asked.length, 3);
});

test('what nobody waits for while nodes are under way is not hurried', async () => {
  const gate = aGate({ isUrgent: ({ nodesUnderWay }) => nodesUnderWay.length === 0 });
  const { runner } = aRunner([gate]);
  runner.watch([{ ...run, nodesUnderWay: ['w1', 'w2'] }]);
  await settle();
  await elapse(2_000);
  runner.watch([{ ...run, nodesUnderWay: ['w2'], settledAtMs: 1_001_000 }]);
  await settle();
  assert.equal(gate.asked.length, 1);
  runner.watch([{ ...run, nodesUnderWay: [], settledAtMs: 1_001_000 }]);
  await settle();
  assert.equal(gate.asked.length, 2);
});

test('the end of a run ends its questions and forgets its answers', async () => {
  const gate = aGate();
  const { runner, requests } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  runner.watch([]);
  await elapse(60_000);
  assert.equal(gate.asked.length, 1);
  assert.equal(gate.asked[0]?.signal.aborted, true);
  assert.equal(runner.answers('u1').size, 0);
  const removed = requests.filter((one) => one.startsWith('DELETE'));
  assert.equal(removed.length, 2, 'once when it begins, once when it ends');
});

test('an answer that comes after the end is nobody’s', async () => {
  const gate = aGate();
  gate.answer = undefined;
  const { runner, changes } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  runner.watch([]);
  gate.resolve(fail);
  await settle();
  assert.equal(changes(), 0);
});

test('another run of the Plan begins anew', async () => {
  const gate = aGate();
  const { runner } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  runner.watch([{ ...run, runID: 'u1-1-2' }]);
  assert.equal(runner.answers('u1').size, 0);
  await settle();
  assert.equal(gate.asked.at(-1)?.run.runID, 'u1-1-2');
});

test('who does not lead any more asks nobody and removes nothing', async () => {
  const gate = aGate();
  const { runner, requests } = aRunner([gate]);
  runner.watch([run]);
  await settle();
  requests.length = 0;
  runner.rest();
  await elapse(60_000);
  assert.equal(gate.asked.length, 1);
  assert.deepEqual(requests, []);
});

test('a gate that compares is asked once its baseline is there', async () => {
  let why: Error | undefined = new Error('deployments is forbidden');
  const gate = aGate({
    name: 'workloads',
    baseline: async () => {
      if (why !== undefined) throw why;
    },
  });
  const { runner } = aRunner([gate]);
  const gated: GatedRun = { ...run, workloads: 'Gate' };
  assert.equal(runner.baseline('u1').kind, 'missing', 'a run that nobody has told us of');
  runner.watch([gated]);
  assert.equal(runner.baseline('u1').kind, 'missing');
  await settle();
  const message = 'what was there before the run is not known: deployments is forbidden';
  assert.deepEqual(runner.baseline('u1'), { kind: 'missing', message: `workloads: ${message}` });
  assert.equal(runner.answers('u1').get('workloads')?.outcome, 'unknown');
  assert.equal(gate.asked.length, 0);
  why = undefined;
  await elapse(3_000);
  assert.deepEqual(runner.baseline('u1'), { kind: 'stored' });
  assert.equal(gate.asked.length, 1);
});

test('a baseline that fails after the end is nobody’s either', async () => {
  let give = (_: Error) => {};
  const gate = aGate({
    name: 'workloads',
    baseline: () => new Promise((_, reject) => (give = reject)),
  });
  const { runner, changes } = aRunner([gate]);
  runner.watch([{ ...run, workloads: 'Gate' }]);
  await settle();
  runner.rest();
  give(new Error('cut off'));
  await settle();
  assert.equal(changes(), 0);
});

test('where no gate compares, none is needed', () => {
  const { runner } = aRunner([]);
  runner.watch([run]);
  assert.deepEqual(runner.baseline('u1'), { kind: 'notNeeded' });
});
