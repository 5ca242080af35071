import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Behaviour } from '../../support/artifact-server.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { aPlan, conditionOf, everything, hasEnded } from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION, pathOf } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;
const path = pathOf({ version: NEW_VERSION });

before(async () => {
  cluster = await Cluster.start({
    controllers: 1,
    workers: 1,
    policy: { download: { timeout: '20s' } },
  });
  offer = await cluster.offer({ version: NEW_VERSION });
});
after(() => cluster?.stop());

interface Row {
  readonly sentence: string;
  readonly behaviour: Behaviour;
  readonly offer: () => Offer;
  readonly reason: string;
  readonly message: RegExp;
}
const rows: Row[] = [
  {
    sentence: 'a wrong sha256',
    behaviour: { kind: 'serve' },
    offer: () => ({ ...offer, sha256: 'd'.repeat(64) }),
    reason: 'ChecksumMismatch',
    message: /d{64}/,
  },
  {
    sentence: 'a URL that is 404',
    behaviour: { kind: 'status', code: 404 },
    offer: () => offer,
    reason: 'DownloadFailed',
    message: /404/,
  },
  {
    sentence: 'a URL that hangs',
    behaviour: { kind: 'hang', afterBytes: 1_000_000 },
    offer: () => offer,
    reason: 'DownloadTimeout',
    message: /20 ?s/,
  },
];

for (const row of rows) {
  test(`${row.sentence} ends the Plan before anything is touched`, async () => {
    const before = await Promise.all(cluster.hosts.map((host) => host.k0sStatus()));
    cluster.artifacts.behave(path, row.behaviour);
    await cluster.tryKubectl(['delete', 'plan', 'autopilot', '--ignore-not-found']);
    await cluster.apply(
      aPlan({
        version: NEW_VERSION,
        offer: row.offer(),
        controllers: everything,
        workers: everything,
      }),
    );
    const plan = await cluster.waitForPlan('autopilot', 'to fail', hasEnded);
    assert.equal(plan.status?.state, 'ApplyFailed');
    assert.equal(conditionOf(plan, 'Failed')?.reason, row.reason);
    assert.match(conditionOf(plan, 'Failed')?.message ?? '', row.message);
    assert.deepEqual(await Promise.all(cluster.hosts.map((host) => host.k0sStatus())), before);
    const node = await cluster.kubectl('get', 'node', 'w1', '-o', 'jsonpath={.spec.unschedulable}');
    assert.equal(node, '');
  });
}

test('a server that stumbles is asked again, and the Plan completes', async () => {
  const targets = { controllers: everything };
  cluster.artifacts.behave(
    path,
    { kind: 'status', code: 503 },
    { kind: 'cut', afterBytes: 5_000_000 },
    { kind: 'serve' },
  );
  await cluster.tryKubectl(['delete', 'plan', 'autopilot', '--ignore-not-found']);
  await cluster.apply(aPlan({ version: NEW_VERSION, offer, ...targets }));
  const plan = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
  assert.equal((await cluster.host('c1').k0sStatus()).version, NEW_VERSION);
  assert.equal((await cluster.host('w1').k0sStatus()).version, OLD_VERSION);
  const fetched = cluster.artifacts.downloads.length;
  assert.ok(fetched >= 3, `${fetched} downloads`);
});
