import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { anOperator, type Operator } from '../../support/operator.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { BROKEN_VERSION, brokenRelease, NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

const exec = promisify(execFile);

let cluster: Cluster;
let good: Offer;
let bad: Offer;
let ann: Operator;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2 });
  good = await cluster.offer({ version: NEW_VERSION });
  bad = await cluster.offer(brokenRelease('exits'));
  ann = await anOperator(cluster, 'ann');
});
after(() => cluster?.stop());

async function versions(): Promise<Record<string, string>> {
  const all = await Promise.all(
    cluster.hosts.map(async (host) => [host.name, (await host.k0sStatus()).version] as const),
  );
  return Object.fromEntries(all);
}

const OLD_EVERYWHERE = { c1: OLD_VERSION, w1: OLD_VERSION, w2: OLD_VERSION };

test('a run that was completed is put back as a whole, by one command', async () => {
  const targets = { controllers: everything, workers: everything };
  await cluster.apply(aPlan({ version: NEW_VERSION, offer: good, ...targets }));
  const done = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(done.status?.state, 'Completed');
  await assert.rejects(ann.autopilot('rollback', 'autopilot'), /NotConfirmed/);
  await assert.rejects(
    ann.autopilot('rollback', 'autopilot', '--node', 'nobody', '--yes'),
    /NothingToRollBack/,
  );
  // Nobody has ever handed out the old release: what goes back, the hosts have kept.
  const said = await ann.autopilot('rollback', 'autopilot', '--yes', '--wait');
  assert.match(said, /ann asked for it at .*w\d, w\d, c1 run v1\.36\.1\+k0s\.0 again/s);
  const back = (await cluster.plan('autopilot'))!;
  assert.equal(back.status?.state, 'ApplyFailed');
  assert.equal(back.status?.progress?.text, '0/3');
  assert.equal(conditionOf(back, 'RolledBack')?.status, 'True');
  assert.equal(conditionOf(back, 'Failed')?.reason, 'RolledBack');
  for (const name of ['c1', 'w1', 'w2']) {
    assert.equal(targetNamed(back, name)?.reason, 'RolledBack', name);
    assert.equal(targetNamed(back, name)?.state, 'SignalApplyFailed', name);
  }
  assert.deepEqual(await versions(), OLD_EVERYWHERE);
  assert.doesNotMatch(await cluster.kubectl('get', 'nodes', '-o', 'yaml'), /unschedulable: true/);
  await assert.rejects(ann.autopilot('rollback', 'autopilot', '--yes'), /NothingToRollBack/);
});

test('a policy that pauses holds the run for a person, over a new leader, and what failed is quarantined', async () => {
  const plan = aPlan({
    ...{ name: 'broken', version: BROKEN_VERSION, offer: bad, workers: everything },
    id: 'bad-1',
  });
  const held = { ...plan, spec: { ...plan.spec, policy: { onFailure: 'Pause' } } };
  await cluster.apply(held);
  const isHeld = (reason: string) => reason === 'HeldAfterFailure';
  const waiting = await cluster.waitForPlan('broken', 'to be held', (one) =>
    isHeld(conditionOf(one, 'Waiting')?.reason ?? ''),
  );
  assert.match(
    conditionOf(waiting, 'Waiting')?.message ?? '',
    /w1 failed; retry, abort or rollback/,
  );
  await cluster.orchestrators[0]?.kill();
  const name = (await cluster.kubectl('get', 'quarantinedartifacts', '-o', 'name')).trim();
  assert.match(name, /^quarantinedartifact\.\S+\/v1-36-4-k0s-0-[0-9a-f]{16}$/);
  await assert.rejects(
    ann.autopilot('retry', 'broken', '--timeout', '60'),
    /Quarantined.*kubectl delete quarantinedartifact v1-36-4-k0s-0-/s,
  );
  await ann.autopilot('abort', 'broken', '--wait', '--timeout', '60');
  assert.deepEqual(await versions(), OLD_EVERYWHERE);

  const again = aPlan({
    ...{ name: 'again', version: BROKEN_VERSION, offer: bad, workers: everything },
    id: 'bad-2',
  });
  await cluster.apply(again);
  const refused = await cluster.waitForPlan('again', 'to be refused', hasEnded);
  assert.equal(conditionOf(refused, 'Accepted')?.reason, 'Quarantined');
  const object = name.split('/')[1]!;
  await exec(cluster.kubectlPath, [
    'delete',
    'quarantinedartifact',
    object,
    '--kubeconfig',
    ann.config,
  ]);
  assert.match(await ann.autopilot('retry', 'again'), /checked again/);
  const failed = await cluster.waitForPlan(
    'again',
    'to be tried',
    (one) => hasEnded(one) && one.status?.startedAt !== undefined,
  );
  assert.equal(targetNamed(failed, 'w1')?.phase, 'Undone');
  const made = (await cluster.kubectl('get', 'quarantinedartifacts', '-o', 'name')).trim();
  assert.equal(made, name);
});
