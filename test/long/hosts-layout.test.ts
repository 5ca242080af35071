import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { airgapPlan, FOR_OTHERS } from '../support/airgap-plan.ts';
import { assertHasBundle, assertUpdated } from '../support/hosts/assert-delivered.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { LAYOUTS } from '../support/hosts/layouts.ts';
import { renewCertificate } from '../support/hosts/renew-certificate.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

/** As large as a release of k0s. */
const RELEASE_BYTES = 250_000_000;
const END_WITHIN_MS = 15 * 60_000;

describe('five hosts on which k0s is installed in five ways, with releases of 250 MB', {
  skip: whyNoHosts() ?? false,
  timeout: 40 * 60_000,
}, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({
      ...{ controllers: 3, workers: 2, hybrids: 'all', orchestrators: 3 },
      layout: (name) => LAYOUTS[name] ?? {},
      base: (name) => (['c3', 'w2'].includes(name) ? 'openrc' : 'systemd'),
      k0sArguments: (name) => (name.startsWith('w') ? ['--profile=edge'] : []),
    });
  });
  after(() => cluster?.stop());

  async function play(name: string, version: string, workersOnly: boolean): Promise<void> {
    const release = { version };
    const options = { name, release, workersOnly, concurrent: 2, sizeBytes: RELEASE_BYTES };
    await cluster.apply(await airgapPlan(cluster, options));
    for (const worker of ['w1', 'w2']) {
      await renewCertificate(cluster.host('c1'), cluster.host(worker));
    }
    const plan = await cluster.waitForPlan(
      name,
      'to end',
      ({ status }) => status?.finishedAt !== undefined,
      END_WITHIN_MS,
    );
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status, null, 1));
    const updated = cluster.hosts.filter(({ role }) => role === 'worker' || !workersOnly);
    for (const host of updated) await assertUpdated(host, version);
    for (const host of cluster.hosts) await assertHasBundle(host);
    const cordons = await cluster.kubectl(
      ...['get', 'nodes', '-o', 'jsonpath={.items[?(@.spec.unschedulable)].metadata.name}'],
    );
    assert.equal(cordons, '');
    assert.ok(!cluster.artifacts.downloads.some(({ path }) => path === FOR_OTHERS));
  }

  test('all are updated by one Plan', () => play('all', NEW_VERSION, false));

  test('and the workers alone go back by another one', () => play('workers', OLD_VERSION, true));
});
