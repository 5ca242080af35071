import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ANNOTATION } from '../../../src/api/meta.ts';
import type { PlanStatus } from '../../../src/api/plan.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { createRecorder } from '../../../src/kube/events.ts';
import { perform } from '../../../src/kube/perform.ts';
import type { RawNode, RawObject, RawTaint } from '../../../src/kube/raw.ts';
import { writePlanStatus } from '../../../src/kube/status-writer.ts';
import { CONTROL_NODES, NODES, PLANS } from '../../../src/kube/target-path.ts';
import { trimSignals } from '../../../src/kube/trim-signals.ts';
import type { Action } from '../../../src/plans/facts.ts';
import { formatOrder, type Order } from '../../../src/signals/order.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';

let api: ApiServer;
/** With the rights of the orchestrator and no others. */
let kube: Kube;

before(async () => {
  api = await startApiServer();
  kube = await api.as(ORCHESTRATOR);
});
after(() => api?.stop());

const order: Order = {
  v: 1,
  id: 'run.0.1',
  attempt: 1,
  goal: 'stage',
  plan: { name: 'autopilot', uid: 'u' },
  run: 'run',
  command: 0,
  epoch: 3,
  artifact: { kind: 'k0s', version: 'v1.36.3+k0s.0', url: 'https://x/k0s', force: false },
  durations: { stageMs: 1000, confirmMs: 1000 },
  undo: 'binary',
};

/** Taints of a node as they were seen last. */
let seen: readonly RawTaint[] | undefined;

const evict = () => Promise.reject(new Error('not here'));

/** Without the object as it is after the write: the world is asked itself. */
async function act(action: Action) {
  const outcome = await perform({ kube, taintsOf: () => seen, evict, beginJob: evict }, action);
  return outcome.done ? { done: true } : outcome;
}

/** A controller of Kubernetes may come between: the world has moved on, and it is judged again. */
const acted = (action: Action) => eventually(action.kind, async () => (await act(action)).done);

async function makeNode(name: string, metadata: object = {}, spec: object = {}): Promise<void> {
  await api.admin.request('POST', NODES, {
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name, ...metadata }, spec },
  });
}

async function makeControlNode(name: string, metadata: object = {}): Promise<void> {
  await api.admin.request('POST', CONTROL_NODES, {
    body: {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'ControlNode',
      metadata: { name, ...metadata },
    },
  });
}

function read<T extends RawObject = RawNode>(path: string): Promise<T> {
  return api.admin.request<T>('GET', path);
}

for (const [what, metadata] of [
  ['without any annotation', {}],
  ['with the annotations of others', { annotations: { other: 'stays' } }],
] as const) {
  test(`an order is written to a ControlNode ${what}`, async () => {
    const name = `cp-${'annotations' in metadata ? 'some' : 'none'}`;
    await makeControlNode(name, metadata);
    const action: Action = { kind: 'order', role: 'controller', name, order, replaces: undefined };
    assert.deepEqual(await act(action), { done: true });
    const { annotations } = (await read(`${CONTROL_NODES}/${name}`)).metadata;
    assert.equal(annotations?.[ANNOTATION.order], formatOrder(order));
    assert.equal(annotations?.other, 'annotations' in metadata ? 'stays' : undefined);
    assert.deepEqual(await act(action), { done: true }, 'again, as after a lost answer');
  });
}

test('an order that was judged by an older one is not written', async () => {
  await makeNode('w-order', { annotations: { [ANNOTATION.order]: 'newer' } });
  const action = { role: 'worker', name: 'w-order', order } as const;
  for (const replaces of [undefined, 'older']) {
    const outcome = await act({ kind: 'order', ...action, replaces });
    assert.deepEqual(outcome, {
      done: false,
      why: 'the order of w-order has changed meanwhile, there is another one: newer',
    });
  }
  assert.equal((await read(`${NODES}/w-order`)).metadata.annotations?.[ANNOTATION.order], 'newer');
  assert.deepEqual(await act({ kind: 'order', ...action, replaces: 'newer' }), { done: true });
});

test('an order is removed only while it is the one that was judged', async () => {
  await makeNode('w-remove', { annotations: { [ANNOTATION.order]: 'one' } });
  const action = { kind: 'removeOrder', role: 'worker', name: 'w-remove' } as const;
  const refused = await act({ ...action, replaces: 'another' });
  assert.equal(refused.done, false);
  assert.deepEqual(await act({ ...action, replaces: 'one' }), { done: true });
  assert.deepEqual(await act({ ...action, replaces: 'one' }), { done: true }, 'again');
  assert.deepEqual(await act({ ...action, name: 'no-such-node', replaces: 'one' }), { done: true });
});

test('an order for a node that is gone is no exception', async () => {
  assert.deepEqual(
    await act({ kind: 'order', role: 'worker', name: 'nobody', order, replaces: undefined }),
    { done: false, why: 'nobody does not exist any more' },
  );
});

test('cordon and uncordon of a node without annotations leave it as it was', async () => {
  await makeNode('w-cordon');
  const id = { name: 'w-cordon', orderId: 'run.0.1' };
  await acted({ kind: 'cordon', ...id });
  assert.deepEqual(await act({ kind: 'cordon', ...id }), { done: true }, 'again');
  let node = await read(`${NODES}/w-cordon`);
  assert.equal(node.spec?.unschedulable, true);
  assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], 'run.0.1');
  assert.deepEqual(await act({ kind: 'uncordon', ...id }), { done: true });
  assert.deepEqual(await act({ kind: 'uncordon', ...id }), { done: true }, 'again');
  node = await read(`${NODES}/w-cordon`);
  assert.equal(node.spec?.unschedulable, undefined);
  assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], undefined);
});

test('the taint of a cordon comes and goes with it, so that Kubernetes has nothing to write itself', async () => {
  for (const [name, taints] of [
    ['w-taint-alone', undefined],
    ['w-taint-beside', foreign],
  ] as const) {
    // Ready, so that Kubernetes has no taints of its own to add; and with an annotation, as where an agent runs.
    await api.admin.request('POST', NODES, {
      body: {
        metadata: { name, annotations: { other: 'stays' } },
        spec: taints ? { taints } : {},
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      },
    });
    await eventually('no taint of Kubernetes', async () => {
      const found = (await read(`${NODES}/${name}`)).spec?.taints ?? [];
      return found.length === (taints?.length ?? 0);
    });
    const written = async (action: Action) => {
      seen = (await read(`${NODES}/${name}`)).spec?.taints;
      const outcome = await perform({ kube, taintsOf: () => seen, evict, beginJob: evict }, action);
      assert.ok(outcome.done);
      return (outcome.object as RawNode).spec?.taints ?? [];
    };
    const id = { name, orderId: 'run.0.1' };
    const cordoned = await written({ kind: 'cordon', ...id });
    assert.deepEqual(cordoned, [
      ...(taints ?? []),
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
    ]);
    assert.deepEqual(await written({ kind: 'uncordon', ...id }), taints ?? []);
  }
});

for (const [what, annotations] of [
  ['with annotations', { other: 'stays' }],
  ['without any annotation', undefined],
] as const) {
  test(`a foreign cordon on a node ${what} stays`, async () => {
    const name = `w-foreign-${annotations ? 'some' : 'none'}`;
    await makeNode(name, annotations ? { annotations } : {}, { unschedulable: true });
    await acted({ kind: 'cordon', name, orderId: 'run.0.1' });
    let node = await read(`${NODES}/${name}`);
    assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], 'run.0.1/kept');
    assert.deepEqual(await act({ kind: 'uncordon', name, orderId: 'run.0.1' }), { done: true });
    node = await read(`${NODES}/${name}`);
    assert.equal(node.spec?.unschedulable, true);
    assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], undefined);
  });
}

test('a node that is marked for another order is not uncordoned', async () => {
  await makeNode(
    'w-other',
    { annotations: { [ANNOTATION.cordonedFor]: 'run.0.2' } },
    { unschedulable: true },
  );
  assert.deepEqual(await act({ kind: 'uncordon', name: 'w-other', orderId: 'run.0.1' }), {
    done: false,
    why: 'node w-other is marked for run.0.2, not for run.0.1',
  });
  assert.equal((await read(`${NODES}/w-other`)).spec?.unschedulable, true);
});

test('a cordon is taken over from an earlier order of ours, and is then still ours', async () => {
  await makeNode('w-over');
  await act({ kind: 'cordon', name: 'w-over', orderId: 'run.0.1' });
  assert.deepEqual(await act({ kind: 'cordon', name: 'w-over', orderId: 'run.0.2' }), {
    done: true,
  });
  const node = await read(`${NODES}/w-over`);
  assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], 'run.0.2');
});

test('somebody uncordoned our node by hand: uncordon only takes the mark away', async () => {
  await makeNode('w-hand');
  await act({ kind: 'cordon', name: 'w-hand', orderId: 'run.0.1' });
  await api.kubectl('uncordon', 'w-hand');
  assert.deepEqual(await act({ kind: 'uncordon', name: 'w-hand', orderId: 'run.0.1' }), {
    done: true,
  });
  const node = await read(`${NODES}/w-hand`);
  assert.equal(node.spec?.unschedulable, undefined);
  assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], undefined);
});

const SOFT = { key: 'autopilot.k0sproject.io/update-pending', effect: 'PreferNoSchedule' };
const foreign = [
  { key: 'example.com/gpu', value: 'yes', effect: 'NoSchedule' },
  { key: SOFT.key, value: 'theirs', effect: 'NoSchedule' },
];
/** Those of the API server's own controller come and go as it pleases. */
async function taintsOf(name: string) {
  const { spec } = await read(`${NODES}/${name}`);
  return spec?.taints?.filter(({ key }) => !key.startsWith('node.kubernetes.io/')) ?? [];
}

for (const [what, taints] of [
  ['without taints', undefined],
  ['with the taints of others', foreign],
] as const) {
  test(`a soft taint on a node ${what} comes and goes, and leaves it as it was`, async () => {
    const name = `w-soft-${taints ? 'some' : 'none'}`;
    await makeNode(name, {}, taints ? { taints } : {});
    const before = await taintsOf(name);
    const id = { name, run: 'run' };
    await acted({ kind: 'softTaint', ...id });
    await acted({ kind: 'softTaint', ...id });
    assert.deepEqual(await taintsOf(name), [...before, { ...SOFT, value: 'run' }]);
    await acted({ kind: 'removeSoftTaint', name, run: 'other' });
    assert.equal((await taintsOf(name)).length, before.length + 1, 'of another run');
    await acted({ kind: 'removeSoftTaint', ...id });
    await acted({ kind: 'removeSoftTaint', ...id });
    assert.deepEqual(await taintsOf(name), before);
  });
}

test('a soft taint is taken over from an earlier run of ours', async () => {
  await makeNode('w-soft-over', {}, { taints: [{ ...SOFT, value: 'old' }] });
  await acted({ kind: 'softTaint', name: 'w-soft-over', run: 'run' });
  assert.deepEqual(await taintsOf('w-soft-over'), [{ ...SOFT, value: 'run' }]);
});

test('where nothing has to go one write cordons, takes our taint away and tells to apply', async () => {
  const name = 'w-whole';
  const replaces = formatOrder(order);
  const applied: Order = { ...order, goal: 'apply' };
  await makeNode(name, { annotations: { [ANNOTATION.order]: replaces } }, { taints: foreign });
  await acted({ kind: 'softTaint', name, run: 'run' });
  const before = await read(`${NODES}/${name}`);
  seen = before.spec?.taints;
  const cordon: Action = {
    ...{ kind: 'cordon', name, orderId: 'run.0.1', softTaint: 'run' },
    apply: { order: applied, replaces },
  };
  assert.deepEqual(await act(cordon), { done: true });
  const node = await read(`${NODES}/${name}`);
  assert.equal(node.spec?.unschedulable, true);
  assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], 'run.0.1');
  assert.equal(node.metadata.annotations?.[ANNOTATION.order], formatOrder(applied));
  assert.ok(!node.spec?.taints?.some(({ value }) => value === 'run'));
  assert.ok(
    node.spec?.taints?.some(({ value }) => value === 'theirs'),
    'that of others stays',
  );

  const done = formatOrder(applied);
  const given: Action = { kind: 'uncordon', name, orderId: 'run.0.1', order: done };
  assert.deepEqual(await act(given), { done: true });
  assert.deepEqual(await act(given), { done: true }, 'again');
  const after = await read(`${NODES}/${name}`);
  assert.equal(after.spec?.unschedulable, undefined);
  assert.equal(after.metadata.annotations?.[ANNOTATION.order], undefined);
  assert.equal(after.metadata.annotations?.[ANNOTATION.cordonedFor], undefined);
});

test('where the world has moved on a node is cordoned, and told nothing', async () => {
  const name = 'w-moved';
  const stored = formatOrder({ ...order, epoch: 4 });
  await makeNode(name, { annotations: { [ANNOTATION.order]: stored } });
  const applied: Order = { ...order, goal: 'apply' };
  const apply = { order: applied, replaces: formatOrder(order) };
  assert.deepEqual(await act({ kind: 'cordon', name, orderId: 'run.0.1', apply }), { done: true });
  let node = await read(`${NODES}/${name}`);
  assert.equal(node.spec?.unschedulable, true);
  assert.equal(node.metadata.annotations?.[ANNOTATION.order], stored);
  // An order that has been written since stays as well.
  const given: Action = { kind: 'uncordon', name, orderId: 'run.0.1', order: formatOrder(order) };
  assert.deepEqual(await act(given), { done: true });
  node = await read(`${NODES}/${name}`);
  assert.equal(node.spec?.unschedulable, undefined);
  assert.equal(node.metadata.annotations?.[ANNOTATION.order], stored);
});

test('a soft taint that is still there goes when the node is given back, and a foreign cordon stays', async () => {
  for (const [name, spec] of [
    ['w-soft-ours', {}],
    ['w-soft-kept', { unschedulable: true }],
  ] as const) {
    await makeNode(name, {}, spec);
    await acted({ kind: 'softTaint', name, run: 'run' });
    await acted({ kind: 'cordon', name, orderId: 'run.0.1' });
    // The API server's own controller answers to a cordon with a taint of its own.
    await eventually('the taint of the cordon', async () =>
      (await read(`${NODES}/${name}`)).spec?.taints?.some(
        ({ key }) => key === 'node.kubernetes.io/unschedulable',
      ),
    );
    const action: Action = { kind: 'uncordon', name, orderId: 'run.0.1', softTaint: 'run' };
    await acted(action);
    const node = await read(`${NODES}/${name}`);
    assert.equal(node.spec?.unschedulable, 'unschedulable' in spec ? true : undefined);
    assert.equal(node.metadata.annotations?.[ANNOTATION.cordonedFor], undefined);
    assert.ok(!node.spec?.taints?.some(({ key }) => key === SOFT.key), name);
  }
});

test('a soft taint on a node that is gone is no exception', async () => {
  const outcome = await act({ kind: 'softTaint', name: 'nobody', run: 'run' });
  assert.equal(outcome.done, false);
  assert.deepEqual(await act({ kind: 'removeSoftTaint', name: 'nobody', run: 'run' }), {
    done: true,
  });
});

test('the API server stamps each report of an agent, also where only its text has changed', async () => {
  const path = `${CONTROL_NODES}/cp-stamped`;
  await makeControlNode('cp-stamped', { labels: { a: 'b' } });
  const report = async (text: string) => {
    await api.admin.request('PATCH', path, {
      query: { fieldManager: 'autopilot-agent' },
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: { [ANNOTATION.report]: text } } },
    });
    return trimSignals((await read(path)).metadata, undefined).reportedAtMs ?? 0;
  };
  const first = await report('0');
  const nowMs = kube.serverClock.nowMs() ?? 0;
  assert.ok(Math.abs(nowMs - first) < 60_000, `stamped ${first}, now ${nowMs}`);
  let beat = 0;
  await eventually('a later stamp', async () => (await report(String(++beat))) > first);
});

const status: PlanStatus = {
  state: 'SchedulableWait',
  waitsFor: 'a test',
  progress: { done: 0, total: 2, text: '0/2' },
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Started',
      message: 'm',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
  commands: [
    {
      id: 0,
      state: 'SchedulableWait',
      k0supdate: {
        workers: ['w-1', 'w-2'].map((name) => ({
          name,
          state: 'SignalPending',
          lastUpdatedTimestamp: '2026-01-01T00:00:00Z',
          phase: 'Pending' as const,
        })),
      },
    },
    { id: 1, state: 'SchedulableWait' },
  ],
};

interface PlanObject extends RawObject {
  readonly status?: PlanStatus;
}

async function makePlan(name: string): Promise<PlanObject> {
  return api.admin.request<PlanObject>('POST', PLANS, {
    body: {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'Plan',
      metadata: { name },
      spec: { id: '1', timestamp: 'now', commands: [] },
    },
  });
}

test('the status of a Plan is written whole: what is left out is taken back', async () => {
  const plan = await makePlan('whole');
  const first = await writePlanStatus(kube, { name: 'whole', ...at(plan) }, status);
  assert.ok(first.done);
  assert.deepEqual((await read<PlanObject>(`${PLANS}/whole`)).status, status);
  const less: PlanStatus = { state: 'Completed', commands: [{ id: 0, state: 'Completed' }] };
  const revision = { name: 'whole', resourceVersion: first.resourceVersion };
  const second = await writePlanStatus(kube, revision, less);
  assert.ok(second.done);
  assert.deepEqual((await read<PlanObject>(`${PLANS}/whole`)).status, less);
  const again = await writePlanStatus(kube, { name: 'whole', ...at({ metadata: second }) }, less);
  assert.deepEqual(again, second, 'the same status is no new revision');
});

test('a status made from an older revision is refused', async () => {
  const plan = await makePlan('stale');
  await api.kubectl('label', 'plan', 'stale', 'changed=yes');
  const outcome = await writePlanStatus(kube, { name: 'stale', ...at(plan) }, status);
  assert.equal(outcome.done, false);
  assert.equal((await read<PlanObject>(`${PLANS}/stale`)).status, undefined);
});

test('a status for a Plan that was deleted and made again is refused', async () => {
  const plan = await makePlan('again');
  await api.kubectl('delete', 'plan', 'again');
  const gone = await writePlanStatus(kube, { name: 'again', ...at(plan) }, status);
  assert.equal(gone.done, false);
  await makePlan('again');
  const outcome = await writePlanStatus(kube, { name: 'again', ...at(plan) }, status);
  assert.equal(outcome.done, false);
});

test('Events show in kubectl describe, repeated ones count up, and failures harm nobody', async () => {
  const plan = await makePlan('told');
  const recorder = createRecorder({ kube, log: silentLog, instance: 'test' });
  const regarding = {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    name: 'told',
    uid: plan.metadata.uid,
  };
  const event = { regarding, type: 'Normal', reason: 'Started', message: 'it has begun' } as const;
  recorder.emit(event);
  await recorder.flush();
  recorder.emit(event);
  recorder.emit(event);
  recorder.emit({ ...event, regarding: { ...regarding, uid: 'x', namespace: 'nowhere' } });
  recorder.emit({ ...event, type: 'Warning', reason: 'DrainTimeout', message: 'too long' });
  await recorder.flush();
  const described = await api.kubectl('describe', 'plan', 'told');
  assert.match(
    described,
    /Normal +Started +\d+s \(x3 over \d+s\) +autopilot-orchestrator +it has begun/,
  );
  assert.match(described, /Warning +DrainTimeout +\d+s +autopilot-orchestrator +too long/);
});

function at({ metadata }: { metadata: { resourceVersion: string } }) {
  return { resourceVersion: metadata.resourceVersion };
}
