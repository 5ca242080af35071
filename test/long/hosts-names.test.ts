import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { airgapPlan } from '../support/airgap-plan.ts';
import { eventually } from '../support/eventually.ts';
import { assertHasBundle, assertUpdated } from '../support/hosts/assert-delivered.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { LAYOUTS } from '../support/hosts/layouts.ts';
import { renewCertificate } from '../support/hosts/renew-certificate.ts';
import { NEW_VERSION } from '../support/releases.ts';

describe('k0s installed elsewhere, on hosts of other names, without a route out', {
  skip: whyNoHosts() ?? false,
  timeout: 8 * 60_000,
}, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({
      ...{ controllers: 1, workers: 2, hybrids: 'all' },
      layout: (name) => LAYOUTS[name] ?? {},
      base: (name) => (name === 'w2' ? 'openrc' : 'systemd'),
      k0sArguments: (name) => (name === 'w1' ? ['--profile=edge'] : []),
    });
  });
  after(() => cluster?.stop());

  test('is what each host says it is', async () => {
    const names = await cluster.kubectl('get', 'nodes,controlnodes', '-o', 'name');
    assert.deepEqual(names.trim().split('\n'), [
      ...['node/box-1', 'node/edge-2', 'node/w1', 'controlnode.autopilot.k0sproject.io/cp-one'],
    ]);
    const controlNode = JSON.parse(
      await cluster.kubectl('get', 'controlnode', 'cp-one', '-o', 'json'),
    ) as {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      status: { addresses: { type: string; address: string }[]; k0sVersion: string };
    };
    const { labels, annotations } = controlNode.metadata;
    assert.equal(labels['kubernetes.io/hostname'], 'box-1');
    assert.equal(annotations['autopilot.k0sproject.io/mode'], 'controller+worker');
    assert.deepEqual(controlNode.status.addresses, [
      { type: 'InternalIP', address: cluster.host('c1').address },
      { type: 'Hostname', address: 'box-1' },
    ]);
  });

  test('gets a bundle and an update in one Plan, while a kubelet renews its certificate', async () => {
    await cluster.apply(
      await airgapPlan(cluster, {
        name: 'airgap',
        release: { version: NEW_VERSION },
        concurrent: 2,
      }),
    );
    await renewCertificate(cluster.host('c1'), cluster.host('w1'));
    const plan = await cluster.waitForPlan(
      'airgap',
      'to end',
      ({ status }) => status?.finishedAt !== undefined,
      300_000,
    );
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status, null, 1));
    const [bundle, update] = plan.status?.commands ?? [];
    const names = (targets: readonly { name: string }[] = []) => targets.map(({ name }) => name);
    assert.deepEqual(names(bundle?.airgapupdate?.workers), ['box-1', 'edge-2', 'w1']);
    assert.deepEqual(names(update?.k0supdate?.controllers), ['cp-one']);
    assert.deepEqual(names(update?.k0supdate?.workers), ['edge-2', 'w1']);
    for (const host of cluster.hosts) {
      await assertUpdated(host, NEW_VERSION);
      await assertHasBundle(host);
      const away = await host.machine.run(['curl', '--max-time', '2', 'http://192.0.2.1/']);
      assert.notEqual(away.code, 0, `${host.name} has a way out`);
    }
    for (const name of ['box-1', 'edge-2', 'w1']) {
      const version = await cluster.kubectl(
        ...['get', 'node', name, '-o', 'jsonpath={.status.nodeInfo.kubeletVersion}'],
      );
      assert.equal(version, 'v1.36.3+k0s', name);
    }
  });

  test('goes by what k0s is now: a controller that ceases to be a worker is none', async () => {
    const { machine, k0sUnit } = cluster.host('c1');
    const path = `/etc/systemd/system/${k0sUnit}.service`;
    const unit = await machine.read(path);
    await machine.write(path, unit.replace(' --enable-worker', ''));
    await machine.must(['systemctl', 'daemon-reload']);
    await machine.must(['systemctl', 'restart', k0sUnit]);
    await eventually(
      'the ControlNode to say so',
      async () => {
        const mode = await cluster.kubectl(
          ...['get', 'controlnode', 'cp-one', '-o'],
          'jsonpath={.metadata.annotations.autopilot\\.k0sproject\\.io/mode}',
        );
        return mode === 'controller' || Promise.reject(new Error(mode));
      },
      { timeoutMs: 60_000 },
    );
  });
});
