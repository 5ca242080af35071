import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { airgapPlan } from '../support/airgap-plan.ts';
import { assertHasBundle, assertUpdated } from '../support/hosts/assert-delivered.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { LAYOUTS } from '../support/hosts/layouts.ts';
import { NEW_VERSION } from '../support/releases.ts';

/** More ways to install k0s, and more hosts, are in test/long: hosts-names, hosts-layout. */
describe('a controller and a worker on which k0s is installed elsewhere', {
  skip: whyNoHosts() ?? false,
  timeout: 6 * 60_000,
}, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({
      ...{ controllers: 1, workers: 1 },
      layout: (name) => LAYOUTS[name === 'c1' ? 'elsewhere' : 'w1'] ?? {},
    });
  });
  after(() => cluster?.stop());

  test('get a bundle and an update by one Plan, without a flag that says where', async () => {
    await cluster.apply(
      await airgapPlan(cluster, { name: 'elsewhere', release: { version: NEW_VERSION } }),
    );
    const { status } = await cluster.waitForPlan(
      'elsewhere',
      'to end',
      (plan) => plan.status?.finishedAt !== undefined,
      180_000,
    );
    assert.equal(status?.state, 'Completed', JSON.stringify(status, null, 1));
    for (const host of cluster.hosts) await assertUpdated(host, NEW_VERSION);
    await assertHasBundle(cluster.host('w1'));
  });
});
