import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { BASELINE_LABEL, EXTENSIONS_API_VERSION, NAMESPACE } from '../../../src/api/meta.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2 });
  offer = await cluster.offer({ version: NEW_VERSION });
});
after(() => cluster?.stop());

const updatePolicy = (...gates: object[]) => ({
  apiVersion: EXTENSIONS_API_VERSION,
  kind: 'UpdatePolicy',
  metadata: { name: 'default' },
  spec: { gates },
});

async function accepted(): Promise<{ status: string; message: string } | undefined> {
  const path = '{.status.conditions[?(@.type=="Accepted")]}';
  const text = await cluster.kubectl('get', 'updatepolicy', 'default', '-o', `jsonpath=${path}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function baselines(): Promise<string> {
  const names = ['-l', BASELINE_LABEL, '-o', 'name'];
  return (await cluster.kubectl('get', 'configmaps', '-n', NAMESPACE, ...names)).trim();
}

const ready = (expression: string) => ({
  name: 'ready',
  cel: { apiVersion: 'v1', kind: 'Node', expression },
});

test('what the API server can tell of a gate it refuses, with the path of the field', async () => {
  const twice = { ...ready('true'), http: { url: 'http://shop.example' } };
  await assert.rejects(
    cluster.apply(updatePolicy(twice)),
    /spec.gates\[0\].*wanted exactly one of http, prometheus, cel and job/s,
  );
  const file = { name: 'x', http: { url: 'file:///etc/passwd' } };
  await assert.rejects(cluster.apply(updatePolicy(file)), /wanted an http or https URL/);
});

test('what only we can tell stands in the condition at once, with the path of the field', async () => {
  const query = { url: 'http://prometheus.example', query: 'sum(rate(x[5m])', atMost: 1 };
  await cluster.apply(
    updatePolicy(ready('object.status.ready >'), { name: 'rate', prometheus: query }),
  );
  const { message } = await eventually('the UpdatePolicy to be told', async () => {
    const condition = await accepted();
    return condition?.status === 'False' && condition;
  });
  assert.match(message, /spec.gates.0.cel.expression: does not compile as CEL: Unexpected token/);
  assert.match(message, /spec.gates.1.prometheus.query: does not parse as PromQL at character 16/);
  await cluster.apply(updatePolicy());
  await eventually('it to be accepted', async () => (await accepted())?.status === 'True');
});

test('a Plan whose own gate is at fault is refused', async () => {
  const plan = aPlan({ version: NEW_VERSION, offer, workers: everything });
  const policy = { gates: [ready('objekt.status == 1')] };
  await cluster.apply({ ...plan, spec: { ...plan.spec, policy } });
  const refused = await cluster.waitForPlan('autopilot', 'to be refused', hasEnded);
  assert.match(
    conditionOf(refused, 'Accepted')?.message ?? '',
    /spec.policy.gates.0.cel.expression: does not compile as CEL: Unknown variable: objekt/,
  );
});

test('a run that may not keep what was before says so, and touches nobody', async () => {
  const binding = ['rolebinding', 'autopilot:baselines', '-n', NAMESPACE];
  await cluster.kubectl('delete', ...binding);
  const plan = aPlan({ id: 'upg-2', version: NEW_VERSION, offer, workers: everything });
  const policy = { workloads: { timeout: '15s' } };
  await cluster.apply({ ...plan, spec: { ...plan.spec, policy } });
  const right = /workloads: .*"autopilot:orchestrator" cannot get resource "configmaps"/;
  const waiting = await cluster.waitForPlan('autopilot', 'to wait for its baseline', (found) => {
    return conditionOf(found, 'Waiting')?.reason === 'WaitsForBaseline';
  });
  assert.match(conditionOf(waiting, 'Waiting')?.message ?? '', right);
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  await cluster.kubectl(
    ...['create', ...binding, '--role=autopilot:baselines', '--user=autopilot:orchestrator'],
  );
  assert.equal(ended.status?.state, 'ApplyFailed');
  const failed = conditionOf(ended, 'Failed');
  assert.equal(failed?.reason, 'BaselineMissing');
  assert.match(failed?.message ?? '', right);
  assert.equal(targetNamed(ended, 'w1')?.reason, 'RunStopped');
  const nodes = await cluster.kubectl('get', 'nodes', '-o', 'yaml');
  assert.doesNotMatch(nodes, /unschedulable: true/);
});

test('an application that says no after the first batch keeps the second one from being begun', async (t) => {
  const shop = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
  await once(shop, 'listening');
  t.after(() => shop.close());
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/health`;
  const plan = aPlan({ id: 'upg-3', version: NEW_VERSION, offer, workers: everything });
  const gate = { name: 'shop', interval: '1s', failureThreshold: 2, http: { url } };
  const policy = { batches: { ramp: [1] }, gates: [gate] };
  await cluster.apply({ ...plan, spec: { ...plan.spec, policy } });
  const ended = await cluster.waitForPlan(
    'autopilot',
    'to end',
    (found) => found.metadata.generation === found.status?.observedGeneration && hasEnded(found),
  );
  assert.equal(ended.status?.state, 'ApplyFailed');
  const failed = conditionOf(ended, 'Failed');
  assert.equal(failed?.reason, 'GateFailed');
  assert.match(failed?.message ?? '', /gate shop said no .*wanted HTTP 200 to 299, found 503 at/);
  const targets = ['w1', 'w2'].map((name) => targetNamed(ended, name)?.reason);
  assert.equal(targets.filter((reason) => reason === 'RunStopped').length, 1, String(targets));
});

test('what was before a run is kept while it runs, over a change of leader, and no longer', async () => {
  const gate = ready('baseline != null');
  const plan = aPlan({ id: 'upg-4', version: NEW_VERSION, offer, workers: everything });
  await cluster.apply({ ...plan, spec: { ...plan.spec, policy: { gates: [gate] } } });
  const found = await eventually('both baselines', async () => {
    const names = (await baselines()).split('\n');
    return names.length === 2 && names;
  });
  assert.match(found[0]!, /^configmap\/baseline-[0-9a-f]{8}-\d+-ready$/);
  assert.match(found[1]!, /^configmap\/baseline-[0-9a-f]{8}-\d+-workloads$/);
  await cluster.orchestrators[0]?.kill();
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  await eventually('the baselines to be removed', async () => (await baselines()) === '');
});
