import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { tryRun } from '../../support/cluster/run.ts';
import { WORKLOAD, workloadManifests } from '../../support/manifests.ts';
import { anOperator, type Operator } from '../../support/operator.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

let cluster: Cluster;
let offer: Offer;
let ann: Operator;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2 });
  offer = await cluster.offer({ version: NEW_VERSION });
  ann = await anOperator(cluster, 'ann');
  // No worker gets past its drain before the budget is gone: what is asked comes in time on any machine.
  await cluster.apply(workloadManifests());
  const spec = { minAvailable: WORKLOAD.replicas };
  await cluster.kubectl(
    'patch',
    'pdb',
    WORKLOAD.name,
    '--type=merge',
    '-p',
    JSON.stringify({ spec }),
  );
  await cluster.kubectl('rollout', 'status', `deployment/${WORKLOAD.name}`, '--timeout=90s');
});
after(() => cluster?.stop());

test('a Plan is paused before it begins, resumed, paused under way over a restart, aborted, and retried', async () => {
  await cluster.apply({
    apiVersion: 'extensions.autopilot.k0sproject.io/v1alpha1',
    kind: 'UpdatePolicy',
    metadata: { name: 'default' },
    spec: { paused: true },
  });
  await cluster.apply(aPlan({ version: NEW_VERSION, offer, workers: everything }));
  await cluster.waitForPlan('autopilot', 'to be seen', (plan) => plan.status !== undefined);
  assert.match(await ann.autopilot('pause', 'autopilot'), /^Plan autopilot: paused: nothing new/);
  await cluster.kubectl('delete', 'updatepolicy', 'default');
  const held = await cluster.waitForPlan('autopilot', 'to be held by ann', (plan) =>
    /^paused: ann asked for it at /.test(plan.status?.waitsFor ?? ''),
  );
  assert.equal(held.status?.runID, undefined);
  await assert.rejects(ann.autopilot('abort', 'autopilot'), /NotRunning/);
  const refused = await tryRun(process.execPath, [
    ...[MAIN, 'abort', 'autopilot', '-o', 'json', '--kubeconfig', ann.config],
  ]);
  assert.equal(refused.code, 1);
  const { nonce, ...answer } = JSON.parse(refused.stdout);
  assert.ok(nonce);
  assert.deepEqual(
    [answer.verb, answer.by, answer.result, answer.reason],
    [...['abort', 'ann', 'Refused', 'NotRunning']],
  );

  assert.equal(await ann.autopilot('resume', 'autopilot'), 'Plan autopilot: goes on\n');
  await cluster.waitForPlan('autopilot', 'to have begun', (plan) =>
    ['w1', 'w2'].some((name) => targetNamed(plan, name)?.phase === 'Draining'),
  );
  await ann.autopilot('pause', 'autopilot', '--wait');
  await cluster.orchestrators[0]?.kill();
  assert.match(
    await ann.autopilot('abort', 'autopilot', '--wait', '--timeout', '60'),
    /aborted: ann/,
  );
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(ended.status?.state, 'ApplyFailed');
  assert.equal(conditionOf(ended, 'Failed')?.reason, 'Aborted');
  const { progress, runID } = ended.status;
  assert.notEqual(progress?.text, '2/2');
  assert.doesNotMatch(await cluster.kubectl('get', 'nodes', '-o', 'yaml'), /unschedulable: true/);

  // The pause outlives the run: the retry says so, and waits for it to be let go.
  assert.match(await ann.autopilot('retry', 'autopilot'), /again; it is held: paused: ann asked/);
  await cluster.kubectl('delete', 'pdb', WORKLOAD.name);
  const said = await ann.autopilot('resume', 'autopilot', '--wait');
  assert.match(said, /^Plan autopilot: 2\/2 targets run v1/);
  const done = await cluster.plan('autopilot');
  assert.equal(done?.status?.state, 'Completed');
  assert.equal(done.status.runID, `${runID}-2`);
  const answers = done.status.requestResults?.map(
    ({ verb, by, reason }) => `${by} ${verb} ${reason}`,
  );
  assert.deepEqual(answers, [
    'ann pause Paused',
    'ann abort NotRunning',
    'ann abort NotRunning',
    'ann resume Resumed',
    'ann pause Paused',
    'ann abort Aborted',
    'ann retry Retried',
    'ann resume Resumed',
  ]);
  await assert.rejects(ann.autopilot('retry', 'autopilot'), /NothingFailed/);
  const events = await cluster.kubectl('get', 'events', '-A', '-o', 'yaml');
  assert.match(events, /ann asked to retry: run /);
});
