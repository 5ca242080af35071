import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { RawNode, RawTaint } from '../../../src/kube/raw.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

const exec = promisify(execFile);
const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const FOREIGN = { key: 'example.com/theirs', value: 'x', effect: 'PreferNoSchedule' };
const SOFT_TAINT = 'autopilot.k0sproject.io/update-pending';

let cluster: Cluster;
let offer: Offer;
let older: Offer;

before(async () => {
  cluster = await Cluster.start({
    controllers: 1,
    workers: 3,
    policy: { drain: { emptyDir: 'Block', skipPods: 'stays', timeout: '5m' } },
  });
  offer = await cluster.offer({ version: NEW_VERSION });
  older = await cluster.offer({ version: OLD_VERSION });
  await cluster.kubectl('taint', 'node', 'w3', 'example.com/theirs=x:PreferNoSchedule');
});
after(() => cluster?.stop());

async function autopilot(...args: string[]): Promise<string> {
  const { stdout } = await exec(process.execPath, [
    ...[MAIN, ...args, '--kubeconfig', cluster.kubeconfig],
  ]);
  return stdout;
}

/** A pod that is on that node whatever the scheduler would say. */
function aPod(name: string, nodeName: string, labels: object, volumes: object[] = []) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec: { nodeName, volumes, containers: [{ name: 'c', image: 'registry.example/c:1' }] },
  };
}
const aCache = () => aPod('cache', 'w1', {}, [{ name: 'data', emptyDir: {} }]);

async function taintsOf(node: string): Promise<readonly RawTaint[]> {
  const text = await cluster.kubectl('get', 'node', node, '-o', 'json');
  return (JSON.parse(text) as RawNode).spec?.taints ?? [];
}
const isTainted = async (node: string) =>
  (await taintsOf(node)).some(({ key }) => key === SOFT_TAINT);
const isDraining = (name: string) => (plan: Parameters<typeof targetNamed>[0]) =>
  targetNamed(plan, name)?.phase === 'Draining';

async function taintsAreAsBefore(): Promise<void> {
  assert.deepEqual(await taintsOf('w3'), [FOREIGN]);
  for (const node of ['w1', 'w2']) {
    // Its own controller takes the taint of a cordon away a moment later.
    await eventually(`no taint on ${node}`, async () => (await taintsOf(node)).length === 0);
  }
}

test('a drain by the rules: each pod says why it stays, who is next is tainted, and all is as before at the end', async () => {
  const labels = { app: 'web' };
  await cluster.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'web',
              image: 'registry.example/web:1',
              resources: { requests: { memory: '5Gi' } },
            },
          ],
        },
      },
    },
  });
  await cluster.apply({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 3, selector: { matchLabels: labels } },
  });
  await cluster.apply(aCache());
  await cluster.apply(aPod('ingress', 'w1', { stays: '' }));
  await eventually('three of four to be ready', async () => {
    const path = '{.status.readyReplicas}';
    return (await cluster.kubectl('get', 'deployment', 'web', '-o', `jsonpath=${path}`)) === '3';
  });
  await cluster.apply(aPlan({ version: NEW_VERSION, offer, workers: everything }));
  const held = await cluster.waitForPlan(
    'autopilot',
    'to say why w1 is not empty',
    (plan) =>
      isDraining('w1')(plan) &&
      targetNamed(plan, 'w1')?.blockedBy?.some(({ message }) => /fits nowhere/.test(message)) ===
        true,
  );
  const w1 = targetNamed(held, 'w1');
  assert.equal(w1?.blockedBy?.length, 2);
  assert.equal(w1.blockedBy[0]?.pod, 'default/cache');
  assert.match(w1.blockedBy[0].message, /drain\.emptyDir: Block/);
  assert.match(
    w1.blockedBy[1]?.message ?? '',
    /^budget web allows no disruption now \(needs 3 healthy pods, has 3 of 4\); web-\S+ of the same ReplicaSet fits nowhere: 0\/3 nodes are available: .*2 Insufficient memory/,
  );
  assert.match(held.status?.waitsFor ?? '', /^w1 Draining: default\/cache: what its emptyDir/);
  const said = await autopilot('explain', 'autopilot');
  assert.match(said, / {2}- default\/cache: .*\n {2}- default\/web-\S+: budget web /);
  assert.match(said, /kubectl describe pod -n default cache/);

  await eventually(
    'w2 and w3 to be tainted',
    async () => (await isTainted('w2')) && (await isTainted('w3')),
  );
  assert.equal(await isTainted('w1'), false);
  assert.deepEqual((await taintsOf('w3'))[0], FOREIGN);

  await cluster.kubectl('delete', 'pdb', 'web');
  await cluster.kubectl('delete', 'pod', 'cache');
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 240_000);
  assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
  assert.match(await cluster.kubectl('get', 'pod', 'ingress', '-o', 'wide'), /Running.*w1/);
  await taintsAreAsBefore();
});

test('a taint that somebody removes is not set again, and an aborted run leaves none', async () => {
  await cluster.apply(aCache());
  await cluster.tryKubectl(['delete', 'plan', 'autopilot']);
  await cluster.apply(
    aPlan({ version: OLD_VERSION, id: 'back', offer: older, workers: everything }),
  );
  await cluster.waitForPlan('autopilot', 'to empty w1', isDraining('w1'));
  await eventually(
    'w2 and w3 to be tainted',
    async () => (await isTainted('w2')) && (await isTainted('w3')),
  );
  await cluster.waitForPlan(
    'autopilot',
    'to have seen them',
    (plan) => targetNamed(plan, 'w2')?.softTaint === true,
  );
  await cluster.kubectl('taint', 'node', 'w2', `${SOFT_TAINT}-`);
  // Looks at the Plan go on: each of these is a change that is judged.
  for (const text of ['1', '2', '3']) {
    await cluster.kubectl('label', 'node', 'w2', `touched=${text}`, '--overwrite');
    await eventually('a later look', async () => !(await isTainted('w2')) && isTainted('w3'));
  }
  await autopilot('pause', 'autopilot', '--wait');
  await eventually('none while it is paused', async () => !(await isTainted('w3')));
  await autopilot('abort', 'autopilot', '--wait', '--timeout', '60');
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(conditionOf(ended, 'Failed')?.reason, 'Aborted');
  await taintsAreAsBefore();
});
