import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EXTENSIONS_API_VERSION } from '../../../src/api/meta.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;
let older: Offer;

before(async () => {
  // The file is the lowest layer: alone it is fine, and has a shorter trial than the default.
  cluster = await Cluster.start({
    controllers: 1,
    workers: 2,
    policy: { confirmTimeout: '3m', gate: { timeout: '2m' } },
  });
  offer = await cluster.offer({ version: NEW_VERSION });
  older = await cluster.offer({ version: OLD_VERSION });
});
after(() => cluster?.stop());

const policy = (spec: object) => ({
  apiVersion: EXTENSIONS_API_VERSION,
  kind: 'UpdatePolicy',
  metadata: { name: 'default' },
  spec,
});

const waitsWith = (reason: string) => (plan: Parameters<typeof conditionOf>[0]) => {
  const waiting = conditionOf(plan, 'Waiting');
  return waiting?.status === 'True' && waiting.reason === reason;
};

test('a policy that only the merge shows to be impossible holds Plans back, and says which field', async () => {
  await cluster.apply(policy({ gate: { timeout: '4m' } }));
  await cluster.apply(aPlan({ version: NEW_VERSION, offer, workers: everything, concurrent: 2 }));
  const plan = await cluster.waitForPlan(
    'autopilot',
    'to wait for the policy',
    waitsWith('InvalidPolicy'),
  );
  assert.match(
    plan.status?.waitsFor ?? '',
    /UpdatePolicy\/default spec.gate.timeout: 240s must be shorter than confirmTimeout \(180s\)/,
  );
  const accepted = async () => {
    const path = '{.status.conditions[?(@.type=="Accepted")]}';
    const text = await cluster.kubectl('get', 'updatepolicy', 'default', '-o', `jsonpath=${path}`);
    return JSON.parse(text || 'null') as { status: string; message: string } | null;
  };
  const told = await eventually('the UpdatePolicy to be told', accepted);
  assert.equal(told?.status, 'False');
  assert.match(told?.message ?? '', /spec.gate.timeout/);
  await cluster.apply(policy({ paused: true, maxUnavailable: '50%' }));
  await eventually('the UpdatePolicy to be accepted', async () => {
    return (await accepted())?.status === 'True';
  });
});

test('the brake holds a Plan that has not begun, and one that is under way, over a restart', async () => {
  const held = await cluster.waitForPlan('autopilot', 'to be paused', waitsWith('Paused'));
  assert.match(
    held.status?.waitsFor ?? '',
    /^paused: UpdatePolicy\/default says spec.paused: true, set with kubectl-client-side-apply at /,
  );
  await cluster.apply(policy({ paused: false, maxUnavailable: '50%' }));
  await cluster.waitForPlan(
    'autopilot',
    'to have a worker done or under way',
    (plan) => !['Pending', 'Downloading'].includes(targetNamed(plan, 'w1')?.phase ?? 'Pending'),
  );
  await cluster.apply(policy({ paused: true, maxUnavailable: '50%' }));
  const paused = await cluster.waitForPlan(
    'autopilot',
    'to be paused with nothing under way',
    (plan) =>
      plan.status?.state === 'Schedulable' &&
      waitsWith('Paused')(plan) &&
      !/under way/.test(conditionOf(plan, 'Waiting')?.message ?? ''),
  );
  assert.deepEqual(paused.status?.policy, {
    confirmTimeout: '3m',
    gate: { timeout: '2m' },
    maxUnavailable: '50%',
  });
  const phases = () => cluster.plan('autopilot').then((plan) => plan?.status?.progress?.text);
  const before = await phases();
  await cluster.orchestrators[0]?.kill();
  // Longer than a new leader needs to be one, and to begin something if it would.
  const until = performance.now() + 25_000;
  await eventually('some time to pass', () => performance.now() >= until, { timeoutMs: 30_000 });
  assert.equal(await phases(), before);
  const nodes = await cluster.kubectl('get', 'nodes', '-o', 'yaml');
  assert.doesNotMatch(nodes, /unschedulable: true/);
  await cluster.apply(policy({ maxUnavailable: '50%' }));
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(ended.status?.state, 'Completed');
});

test('a Plan waits for a window, says when it opens, and begins by itself when it does', async () => {
  await cluster.tryKubectl(['delete', 'plan', 'autopilot', '--ignore-not-found']);
  // The next full minute, unless it is too near to be waited for.
  const opens = new Date(Math.ceil((Date.now() + 15_000) / 60_000) * 60_000);
  const start = opens.toISOString().slice(11, 16);
  const freeze = { name: 'over', from: '2020-01-01T00:00', to: '2020-02-01T00:00' };
  await cluster.apply(policy({ windows: [{ start, length: '1h' }], freezes: [freeze] }));
  await cluster.apply(
    aPlan({ version: OLD_VERSION, id: 'back', offer: older, workers: everything, concurrent: 2 }),
  );
  const held = await cluster.waitForPlan(
    'autopilot',
    'to wait for the window',
    waitsWith('WaitsForWindow'),
  );
  assert.equal(Date.parse(held.status?.opensAt ?? ''), opens.getTime());
  assert.match(held.status?.waitsFor ?? '', new RegExp(`the next window opens .* ${start} UTC`));
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 240_000);
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  assert.equal(ended.status.opensAt, undefined);
  assert.ok(Date.parse(ended.status.startedAt ?? '') >= opens.getTime());
});

test('a node whose drain is overdue is passed over, given back, and named at the end', async () => {
  await cluster.tryKubectl(['delete', 'plan', 'autopilot', '--ignore-not-found']);
  const labels = { app: 'alone' };
  await cluster.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'alone', namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeName: 'w1',
          containers: [{ name: 'alone', image: 'registry.example/alone:1' }],
        },
      },
    },
  });
  await cluster.apply({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'alone', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  });
  await cluster.kubectl('rollout', 'status', 'deployment/alone', '--timeout=60s');
  await cluster.apply(policy({ drain: { timeout: '15s', onTimeout: 'Skip' } }));
  await cluster.apply(aPlan({ version: NEW_VERSION, id: 'skip', offer, workers: everything }));
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 240_000);
  assert.equal(ended.status?.state, 'ApplyFailed');
  assert.equal(targetNamed(ended, 'w1')?.phase, 'Skipped');
  assert.equal(targetNamed(ended, 'w2')?.phase, 'Committed');
  assert.equal(conditionOf(ended, 'Failed')?.reason, 'DrainTimeout');
  assert.match(
    conditionOf(ended, 'Failed')?.message ?? '',
    /w1 was passed over: not empty within 15s: default\/alone-.*budget alone/,
  );
  const nodes = await cluster.kubectl('get', 'nodes', '-o', 'yaml');
  assert.doesNotMatch(nodes, /unschedulable: true/);
  await eventually('the order of w1 to be called back', async () => {
    const node = await cluster.kubectl('get', 'node', 'w1', '-o', 'yaml');
    return !node.includes('autopilot.k0sproject.io/order');
  });
});
