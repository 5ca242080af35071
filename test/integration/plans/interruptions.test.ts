import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { tryRun } from '../../support/cluster/run.ts';
import { eventually } from '../../support/eventually.ts';
import { k0sDefinitions } from '../../support/k0s-autopilot.ts';
import {
  aCommand,
  aPlan,
  conditionOf,
  everything,
  hasEnded,
  only,
  targetNamed,
} from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CRDS = join(ROOT, 'crds');
const NEWER_VERSION = 'v1.36.4+k0s.0';
let cluster: Cluster;
let offer: Offer;
let newer: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2 });
  offer = await cluster.offer({ version: NEW_VERSION });
  newer = await cluster.offer({ version: NEWER_VERSION });
});
after(() => cluster?.stop());

function autopilot(...args: string[]) {
  const main = join(ROOT, 'src/main.ts');
  return tryRun(process.execPath, [main, ...args, '--kubeconfig', cluster.kubeconfig]);
}

async function restingNode(name: string): Promise<boolean> {
  const text = await cluster.kubectl('get', 'node', name, '-o', 'json');
  const node = JSON.parse(text) as {
    metadata: { annotations: Record<string, string> };
    spec: { unschedulable?: boolean };
  };
  const ours = ['order', 'cordoned-for'].filter(
    (key) => node.metadata.annotations[`autopilot.k0sproject.io/${key}`] !== undefined,
  );
  if (ours.length > 0 || node.spec.unschedulable) throw new Error(`${name} has ${ours}`);
  return true;
}

test('while somebody else holds the Lease nothing is touched, and it goes on when that is freed', async () => {
  const [orchestrator] = cluster.orchestrators;
  await orchestrator?.tell('stop');
  const lease = (holder: string, seconds: number) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'k0s-autopilot-controller', namespace: 'k0s-autopilot' },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: seconds,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    },
  });
  await cluster.kubectl('-n', 'k0s-autopilot', 'delete', 'lease', '--all');
  await cluster.apply(lease('k0s-of-another-kind', 3600));
  await orchestrator?.tell('start');
  await cluster.apply(aPlan({ version: NEW_VERSION, offer, workers: only('w1') }));
  await eventually('the orchestrator to stand by', async () =>
    (await orchestrator?.log())?.includes('standing by, another one leads'),
  );
  const plan = await cluster.plan('autopilot');
  assert.equal(plan?.status?.state, undefined);
  // As k0s frees it when it is stopped.
  await cluster.apply(lease('', 1));
  await cluster.waitForPlan(
    'autopilot',
    'to be Completed',
    (one) => one.status?.state === 'Completed',
  );
});

test('a Plan that is deleted in the middle is brought to rest', async () => {
  await cluster.kubectl('delete', 'plan', 'autopilot');
  const web = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  };
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
  };
  await cluster.apply(web);
  await cluster.apply(budget);
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  await cluster.apply(
    aPlan({
      version: NEWER_VERSION,
      id: 'upg-2',
      offer: newer,
      workers: everything,
      concurrent: 2,
    }),
  );
  const stuck = await cluster.waitForPlan(
    'autopilot',
    'to say which budget blocks a drain',
    (plan) => /budget/.test(plan.status?.waitsFor ?? ''),
  );
  assert.match(
    conditionOf(stuck, 'Accepted')?.message ?? '',
    /with a warning: disruption budget default\/web needs 2 of its 2 pods/,
  );
  assert.match(stuck.status?.waitsFor ?? '', /Draining: default\/web-\S+: /);
  await cluster.kubectl('delete', 'plan', 'autopilot');
  for (const name of ['w1', 'w2'])
    await eventually(`${name} to be at rest`, () => restingNode(name));
  await cluster.kubectl('delete', 'deployment/web', 'pdb/web');
  assert.equal((await cluster.host('w1').k0sStatus()).version, NEW_VERSION);
  assert.equal((await cluster.host('w2').k0sStatus()).version, OLD_VERSION);
});

test('two k0supdate commands in one Plan both run', async () => {
  const plan = aPlan({ version: NEW_VERSION, id: 'upg-3', offer, workers: only('w2') });
  plan.spec.commands.push(aCommand({ version: NEWER_VERSION, offer: newer, workers: only('w2') }));
  await cluster.apply(plan);
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 180_000);
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  assert.equal(ended.status.progress?.text, '2/2');
  assert.equal(targetNamed(ended, 'w2', 0)?.phase, 'Committed');
  assert.equal(targetNamed(ended, 'w2', 1)?.phase, 'Committed');
  assert.equal((await cluster.host('w2').k0sStatus()).version, NEWER_VERSION);
  await eventually('w2 to be at rest', () => restingNode('w2'));
});

test('an API server that is away for a while delays a run, and changes nothing in its outcome', async () => {
  await cluster.kubectl('delete', 'plan', 'autopilot');
  const away = Number(process.env.API_AWAY_SECONDS ?? 15) * 1_000;
  await cluster.apply(
    aPlan({ version: NEWER_VERSION, id: 'upg-4', offer: newer, workers: only('w1') }),
  );
  await cluster.waitForPlan('autopilot', 'to have a worker under way', (plan) =>
    ['Applying', 'OnTrial'].includes(targetNamed(plan, 'w1')?.phase ?? ''),
  );
  const [controller] = cluster.hosts;
  await controller?.tell('k0s', 'stop');
  const until = performance.now() + away;
  await eventually('the API server to have been away', () => performance.now() >= until, {
    timeoutMs: away + 5_000,
  });
  await controller?.tell('k0s', 'start');
  const plan = await eventually(
    'the Plan to end',
    async () => {
      const now = await cluster.plan('autopilot');
      return now && hasEnded(now) ? now : undefined;
    },
    { timeoutMs: 240_000 },
  );
  assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
  assert.equal((await cluster.host('w1').k0sStatus()).version, NEWER_VERSION);
});

test("k0s's definitions over ours in the middle of a run: it holds, for the next leader too, and goes on under ours", async () => {
  await cluster.kubectl('delete', 'plan', 'autopilot');
  await cluster.apply(aPlan({ version: NEW_VERSION, id: 'upg-5', offer, workers: everything }));
  const begun = await cluster.waitForPlan('autopilot', 'to have a worker under way', (plan) =>
    ['Draining', 'Applying', 'OnTrial'].includes(targetNamed(plan, 'w1')?.phase ?? ''),
  );
  await cluster.apply(await k0sDefinitions());
  const said = () =>
    cluster.kubectl('get', 'events', '--field-selector', 'reason=KindsOverwritten');
  await eventually('the Event', async () => (await said()).includes('kubectl apply -f crds/'));
  const reportOf = (name: string) =>
    cluster.kubectl(
      ...['get', 'node', name, '-o'],
      'jsonpath={.metadata.annotations.autopilot\\.k0sproject\\.io/report} {.spec.unschedulable}',
    );
  await eventually('the worker that was begun to be given back', async () => {
    const report = await reportOf('w1');
    return /"phase":"Committed".* $/.test(report) || Promise.reject(new Error(report));
  });
  const [orchestrator] = cluster.orchestrators;
  const terms = (await orchestrator!.log()).split('"acting"').length;
  await orchestrator!.tell('restart');
  await eventually('the next leader', async () => {
    const log = await orchestrator!.log();
    return log.split('"acting"').length > terms && /not ours|was written over ours/.test(log);
  });
  await eventually('it to say so as well', async () =>
    /KindsOverwritten/.test((await autopilot('explain', 'autopilot')).stdout),
  );
  assert.doesNotMatch(await reportOf('w2'), /"goal":"apply"| true$/);
  await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-f', CRDS);
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 120_000);
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  assert.equal(ended.status.runID, begun.status?.runID);
  assert.equal((await cluster.host('w2').k0sStatus()).version, NEW_VERSION);
});
