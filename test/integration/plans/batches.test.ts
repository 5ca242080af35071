import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ANNOTATION } from '../../../src/api/meta.ts';
import type { Plan } from '../../../src/api/plan.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { anOperator } from '../../support/operator.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

const WORKERS = ['w1', 'w2', 'w3', 'w4'] as const;
let cluster: Cluster;
let offer: Offer;
let older: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: WORKERS.length });
  offer = await cluster.offer({ version: NEW_VERSION });
  older = await cluster.offer({ version: OLD_VERSION });
});
after(() => cluster?.stop());

/** Two replicas on two nodes, and a budget that spares one of them. */
async function spreadWorkload(): Promise<readonly string[]> {
  const labels = { app: 'web' };
  const apart = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: labels },
  };
  await cluster.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 2,
          affinity: {
            podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] },
          },
          containers: [{ name: 'web', image: 'registry.example/web:1' }],
        },
      },
    },
  });
  await cluster.apply({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  });
  await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  await eventually('the budget to be counted', async () => {
    const path = 'jsonpath={.status.disruptionsAllowed}';
    return (await cluster.kubectl('get', 'pdb', 'web', '-o', path)) === '1';
  });
  return nodesOfPods();
}

async function nodesOfPods(): Promise<readonly string[]> {
  const path = 'jsonpath={.items[*].spec.nodeName}';
  const text = await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', path);
  return text.split(' ').filter(Boolean);
}

const draining = (plan: Plan, names: readonly string[]) =>
  names.filter((name) => targetNamed(plan, name)?.phase === 'Draining');

test('two nodes whose pods share a budget are not emptied together, the others go beside them', async () => {
  const covered = await spreadWorkload();
  assert.equal(covered.length, 2);
  const free = WORKERS.filter((name) => !covered.includes(name));
  const ann = await anOperator(cluster, 'ann');
  const up = aPlan({ version: NEW_VERSION, id: 'up', offer, workers: everything, concurrent: 4 });
  await cluster.apply({ ...up, spec: { ...up.spec, policy: { approvals: ['BeforeWorkers'] } } });
  // Whose download ends when must not say who is begun beside whom.
  await cluster.waitForPlan('autopilot', 'to have all that they need on the nodes', (plan) =>
    WORKERS.every((name) => targetNamed(plan, name)?.phase === 'Staged'),
  );
  await ann.autopilot('approve', 'autopilot', '--of', 'Workers');
  const seen: string[][] = [];
  const ended = await cluster.waitForPlan(
    'autopilot',
    'to end',
    (plan) => {
      seen.push(draining(plan, covered));
      return hasEnded(plan);
    },
    240_000,
  );
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  assert.deepEqual(
    seen.filter((together) => together.length > 1),
    [],
  );
  const begun = (name: string) => Date.parse(targetNamed(ended, name)?.startedAt ?? '');
  const [first = 0, second = 0] = covered.map(begun).toSorted((a, b) => a - b);
  assert.ok(second - first >= 1_000, `begun ${second - first} ms after the other`);
  // Not both: the first pod that moves goes to one of them, and shuts that as well.
  const beside = free.filter((name) => begun(name) < second);
  assert.ok(beside.length > 0, 'nobody was begun beside the first');
  assert.equal(ended.status.commands?.[0]?.batch?.number, 1);
});

test('batches soak over a change of leaders; who is cordoned holds nobody up, who opted out is left alone', async () => {
  await cluster.kubectl('delete', 'plan', 'autopilot');
  await cluster.kubectl('delete', 'deployment/web', 'pdb/web');
  await cluster.kubectl('cordon', 'w4');
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await cluster.kubectl('annotate', 'node', 'w3', `${ANNOTATION.optOut}=${until}`);
  const plan = aPlan({
    version: OLD_VERSION,
    id: 'back',
    offer: older,
    workers: everything,
    concurrent: 2,
  });
  const batches = { ramp: [1, 2], soak: '40s' };
  await cluster.apply({ ...plan, spec: { ...plan.spec, policy: { batches } } });
  const soaking = await cluster.waitForPlan(
    'autopilot',
    'to soak',
    (one) => conditionOf(one, 'Waiting')?.reason === 'Soaking',
  );
  const first = soaking.status?.commands?.[0]?.batch;
  assert.deepEqual([first?.number, first?.size], [1, 1]);
  assert.match(soaking.status?.waitsFor ?? '', /^batch 1 of 1 soaks until /);
  await cluster.orchestrators[0]?.kill();
  const next = await cluster.waitForPlan(
    'autopilot',
    'to be at its second batch',
    (one) => one.status?.commands?.[0]?.batch?.number === 2,
  );
  const startedMs = Date.parse(next.status?.commands?.[0]?.batch?.startedAt ?? '');
  const soakedMs = startedMs - Date.parse(first?.settledAt ?? '');
  // Begun anew by another leader it would have taken as long again.
  assert.ok(soakedMs >= 40_000 && soakedMs < 60_000, `soaked ${soakedMs} ms`);
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 240_000);
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  const places = WORKERS.map((name) => targetNamed(ended, name)?.batch);
  assert.deepEqual(places, [2, 2, undefined, 1]);
  assert.equal(targetNamed(ended, 'w3')?.reason, 'OptedOut');
  assert.match(
    conditionOf(ended, 'Completed')?.message ?? '',
    /^3\/4 targets run .*; w3 was left alone \(opted out until /,
  );
  const unschedulable = await cluster.kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[?(@.spec.unschedulable==true)]}{.metadata.name}{end}',
  );
  assert.equal(unschedulable, 'w4');
  assert.equal((await cluster.host('w3').k0sStatus()).version, NEW_VERSION);
});
