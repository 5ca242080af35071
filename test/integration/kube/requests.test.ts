import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import type { Plan, PlanStatus } from '../../../src/api/plan.ts';
import type { Request } from '../../../src/api/requests.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import { CONTENT_TYPE, type Kube } from '../../../src/kube/client.ts';
import { dropRequests } from '../../../src/kube/drop-requests.ts';
import { addRequest, readPlan, whoAmI } from '../../../src/kube/plan-request-client.ts';
import { writePlanStatus } from '../../../src/kube/status-writer.ts';
import { PLANS } from '../../../src/kube/target-path.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';

const exec = promisify(execFile);
const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const STATUS = `${PLANS}/autopilot/status`;

let api: ApiServer;
let orchestrator: Kube;
let ann: Kube;
let bob: Kube;
let config: string;

before(async () => {
  api = await startApiServer();
  orchestrator = await api.as(ORCHESTRATOR);
  for (const user of ['ann', 'bob']) {
    await api.kubectl(
      ...['create', 'clusterrolebinding', `operator-${user}`],
      ...['--clusterrole', 'autopilot:operator', '--user', user],
    );
  }
  ann = await api.as('ann');
  bob = await api.as('bob');
  config = await api.kubeconfig('ann');
});
after(() => api?.stop());

const request = (nonce: string, by: string, verb = 'pause'): Request => ({ nonce, verb, by });
const told: PlanStatus = { state: 'Schedulable', waitsFor: 'a person', commands: [] };

/** Until the admission policies are taken up, too much is let in: a fresh Plan for each test. */
beforeEach(async () => {
  await api.kubectl('delete', 'plan', 'autopilot', '--ignore-not-found');
  await api.admin.request('POST', PLANS, {
    body: {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'Plan',
      metadata: { name: 'autopilot' },
      spec: { id: '1', timestamp: 'now', commands: [] },
    },
  });
  await tell(told);
  await eventually('the admission policy', async () => {
    const why = await refusal(ann, { state: `probe-${Date.now()}` });
    return why !== undefined;
  });
  await tell(told);
});

async function tell(status: PlanStatus): Promise<void> {
  const { metadata } = await readPlan(orchestrator, 'autopilot');
  const { name, resourceVersion = '' } = metadata;
  const outcome = await writePlanStatus(orchestrator, { name, resourceVersion }, status);
  assert.ok(outcome.done);
}

async function requests(): Promise<readonly string[]> {
  const { status } = await readPlan(orchestrator, 'autopilot');
  return (status?.requests ?? []).map(({ nonce, by, verb }) => `${nonce} ${by} ${verb}`);
}

/** @returns why the API server refused it; undefined when it was let in */
async function refusal(who: Kube, status: unknown): Promise<string | undefined> {
  try {
    const body = { status };
    await who.request('PATCH', STATUS, { contentType: CONTENT_TYPE.mergePatch, body });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 403) return thrown.message;
    throw thrown;
  }
}

test('an operator asks in their own name, and the same request twice is one', async () => {
  assert.equal(await whoAmI(ann), 'ann');
  await addRequest(ann, 'autopilot', request('1', 'ann'));
  await addRequest(bob, 'autopilot', request('2', 'bob', 'resume'));
  await addRequest(bob, 'autopilot', request('2', 'bob', 'resume'));
  assert.deepEqual(await requests(), ['1 ann pause', '2 bob resume']);
});

test('nobody asks in the name of another, not even an administrator', async () => {
  for (const who of [ann, api.admin]) {
    const why = await refusal(who, { requests: [request('1', 'bob')] });
    assert.match(why ?? 'let in', /wanted a new request .* in one's own name/);
  }
});

test('a request of somebody else is neither changed nor taken away', async () => {
  await addRequest(ann, 'autopilot', request('1', 'ann'));
  const changed = [request('1', 'ann', 'abort')];
  assert.match((await refusal(bob, { requests: changed })) ?? 'let in', /never changed/);
  const taken = [request('1', 'bob', 'abort')];
  assert.match((await refusal(bob, { requests: taken })) ?? 'let in', /never changed/);
  assert.match((await refusal(bob, { requests: [] })) ?? 'let in', /may not be taken away/);
  assert.match((await refusal(bob, { requests: null })) ?? 'let in', /may not be taken away/);
  assert.match((await refusal(bob, null)) ?? 'let in', /written by the orchestrator alone/);
  assert.match((await refusal(ann, { requests: changed })) ?? 'let in', /never changed/);
  assert.deepEqual(await requests(), ['1 ann pause']);
  assert.equal(await refusal(ann, { requests: [] }), undefined);
});

test('no other field of the status is changed, added or removed', async () => {
  const fields = [
    { state: 'Completed' },
    { waitsFor: null },
    { paused: { by: 'ann', at: '2026-03-01T22:00:00Z' } },
    { requestResults: [] },
    { commands: [{ id: 0, state: 'x' }], requests: [request('1', 'ann')] },
  ];
  for (const status of fields) {
    assert.match((await refusal(ann, status)) ?? 'let in', /written by the orchestrator alone/);
  }
});

test('somebody without the right is refused', async () => {
  const stranger = await api.as('somebody');
  assert.match((await refusal(stranger, {})) ?? 'let in', /forbidden/);
});

test('the status of the orchestrator and the requests of people do not touch each other', async () => {
  await addRequest(ann, 'autopilot', request('1', 'ann'));
  const at = '2026-03-01T22:00:00.000Z';
  const result = { ...request('1', 'ann'), result: 'Done', reason: 'Paused', message: 'm', at };
  const answered = { ...told, waitsFor: 'nothing', requestResults: [result] } as PlanStatus;
  await tell(answered);
  // As kubectl does it, in the one merge patch that needs to know of nothing: what was answered may go.
  assert.equal(await refusal(bob, { requests: [request('2', 'bob')] }), undefined);
  // And by server-side apply: each in a part of the list that is their own.
  await ann.request('PATCH', STATUS, {
    query: { fieldManager: 'ann-3' },
    contentType: CONTENT_TYPE.apply,
    body: {
      apiVersion: 'autopilot.k0sproject.io/v1beta2',
      kind: 'Plan',
      metadata: { name: 'autopilot' },
      status: { requests: [request('3', 'ann')] },
    },
  });
  await tell({ ...answered, waitsFor: 'a person' });
  assert.deepEqual(await requests(), ['2 bob pause', '3 ann pause']);
  const { status } = await readPlan(orchestrator, 'autopilot');
  assert.deepEqual(status?.requestResults, [result]);
  await dropRequests(
    orchestrator,
    { kind: 'dropRequests', name: 'autopilot', nonces: ['2', 'gone'] },
    undefined,
  );
  assert.deepEqual(await requests(), ['3 ann pause']);
  const { metadata } = await orchestrator.request<Plan>('GET', `${PLANS}/autopilot`);
  assert.doesNotMatch(JSON.stringify(metadata.managedFields), /bob/);
});

test('the command line asks, waits for its answer and says it', async () => {
  const run = exec(process.execPath, [MAIN, 'pause', 'autopilot', '--kubeconfig', config]);
  const asked = await eventually('the request', async () => {
    const { status } = await readPlan(orchestrator, 'autopilot');
    return status?.requests?.[0];
  });
  const at = '2026-03-01T22:00:00.000Z';
  const result = { nonce: asked?.nonce ?? '', verb: 'pause', by: 'ann', result: 'Done' as const };
  await tell({ ...told, requestResults: [{ ...result, reason: 'Paused', message: 'paused', at }] });
  assert.equal((await run).stdout, 'Plan autopilot: paused\n');
  assert.equal(asked?.by, 'ann');
});

test('the command line says what is wrong and what to do', async () => {
  const fails = async (...args: string[]) => {
    const call = exec(process.execPath, [MAIN, ...args]);
    return call.then(
      () => assert.fail('it did not fail'),
      (thrown: { code: number; stderr: string }) => `${thrown.code} ${thrown.stderr}`,
    );
  };
  const kubeconfig = ['--kubeconfig', config];
  assert.match(
    await fails('abort', 'gone', ...kubeconfig),
    /^2 autopilot abort: there is no Plan gone; kubectl get plans .* \(PlanMissing\)/,
  );
  assert.match(
    await fails('abort', 'autopilot', '--timeout', '1', ...kubeconfig),
    /^1 autopilot abort: no answer within 1 s: no orchestrator acts.* \(NoAnswer\)/,
  );
  const stranger = ['--kubeconfig', await api.kubeconfig('somebody')];
  assert.match(
    await fails('abort', 'autopilot', ...stranger),
    /^1 autopilot abort: .*ClusterRole autopilot:operator/,
  );
  for (const wrong of [['--timeout', 'soon'], ['--colour'], ['-o', 'wide']]) {
    assert.match(await fails('abort', 'autopilot', ...wrong, ...kubeconfig), /^2 /);
  }
  assert.match(
    await fails('pause', 'autopilot', '--kubeconfig', '/nowhere'),
    /^2 autopilot pause: /,
  );
});
