import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 3 });
  offer = await cluster.offer({ version: NEW_VERSION });
});
after(() => cluster?.stop());

/** One pod for each node that has the label, and nowhere else. */
const shop = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: {
        nodeSelector: { shop: 'open' },
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                labelSelector: { matchLabels: { app: 'shop' } },
                topologyKey: 'kubernetes.io/hostname',
              },
            ],
          },
        },
        containers: [{ name: 'shop', image: 'registry.example/shop:1' }],
      },
    },
  },
};

test('an application that gets worse only after the second batch ends the run, and all of it is put back', async () => {
  await cluster.kubectl('label', 'nodes', '--all', 'shop=open');
  await cluster.apply(shop);
  await cluster.kubectl('rollout', 'status', 'deployment/shop', '--timeout=60s');
  const plan = aPlan({ version: NEW_VERSION, offer, workers: everything, concurrent: 3 });
  const policy = {
    batches: { ramp: [1] },
    workloads: { timeout: '45s' },
    rollback: { scope: 'Plan' },
  };
  await cluster.apply({ ...plan, spec: { ...plan.spec, policy } });

  // The pod of the first worker had nowhere else to go: the next batch waits until it is back.
  const second = await cluster.waitForPlan(
    'autopilot',
    'to be at the second batch',
    ({ status }) => status?.commands?.[0]?.batch?.number === 2,
  );
  const [one] = second.status?.commands ?? [];
  const ofFirst = one?.k0supdate?.workers?.filter(({ batch }) => batch === 1) ?? [];
  assert.deepEqual(
    ofFirst.map(({ phase }) => phase),
    ['Committed'],
  );
  const backMs = Date.parse(await readySince('w1'));
  const nextMs = Date.parse(one?.batch?.startedAt ?? '');
  assert.ok(
    backMs <= nextMs,
    `begun ${(backMs - nextMs) / 1000} s before the shop was whole again`,
  );

  const updated = await cluster.waitForPlan(
    'autopilot',
    'to have kept the second worker',
    (now) => targetNamed(now, 'w2')?.phase === 'Committed',
  );
  assert.equal(targetNamed(updated, 'w3')?.phase, 'Staged');
  // What the release brings about on this node alone: the application may not run there any more.
  await cluster.kubectl('label', 'node', 'w2', 'shop-');
  await cluster.kubectl('delete', 'pod', '-l', 'app=shop', '--field-selector', 'spec.nodeName=w2');

  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 300_000);
  assert.equal(ended.status?.state, 'ApplyFailed');
  const failed = ended.status?.commands?.[0]?.failure;
  assert.equal(failed?.reason, 'WorkloadsWorse', JSON.stringify(failed));
  assert.match(failed?.message ?? '', /default\/shop/);
  assert.equal(conditionOf(ended, 'RolledBack')?.status, 'True');
  const versions = await cluster.kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[*]}{.status.nodeInfo.kubeletVersion}{"\\n"}{end}',
  );
  assert.equal(new Set(versions.trim().split('\n')).size, 1, versions);
  await eventually('the shop to be open elsewhere as before', async () => (await ready()) === 2);
});

/** Of the pod on that node; in whole seconds, rounded down. */
async function readySince(node: string): Promise<string> {
  const path = 'jsonpath={.items[0].status.conditions[?(@.type=="Ready")].lastTransitionTime}';
  const of = ['-l', 'app=shop', '--field-selector', `spec.nodeName=${node}`];
  return cluster.kubectl('get', 'pods', ...of, '-o', path);
}

async function ready(): Promise<number> {
  const path = 'jsonpath={.status.readyReplicas}';
  return Number(await cluster.kubectl('get', 'deployment', 'shop', '-o', path));
}
