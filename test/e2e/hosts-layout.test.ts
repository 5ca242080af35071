import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { API_VERSION } from '../../src/api/meta.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { eventually } from '../support/eventually.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import type { InstalledHost } from '../support/hosts/installed-host.ts';
import type { K0sLayout } from '../support/hosts/k0s-layout.ts';
import { thisPlatform } from '../support/manifests.ts';
import { NEW_VERSION } from '../support/releases.ts';
import { sha256Of } from '../support/sha256.ts';

/** k0s as people have it installed: each place and each name is another one on some host. */
const LAYOUTS: Readonly<Record<string, Partial<K0sLayout>>> = {
  c1: {
    hostname: 'C1',
    binary: '/opt/k0s/k0s-stable',
    dataDir: '/srv/k0s',
    kubeletRootDir: '/srv/kubelet',
    nodeName: 'box-1',
    controlNodeName: 'cp-one',
  },
  w1: {
    hostname: 'W1',
    binary: '/usr/bin/k0s',
    runDir: '/run/k0s-worker',
    statusSocket: '/run/k0s-worker/k0s.sock',
    kubeletRootDir: '/var/lib/kubelet',
  },
  w2: {
    dataDir: '/mnt/k0s',
    statusSocket: '/run/k0s-status.sock',
    nodeName: 'edge-2',
  },
};
const ALL = { discovery: { selector: {} } };
const BUNDLE = 'images of this release';
const BUNDLE_FILE = 'bundle.tar';

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
    await cluster.apply(await airgapPlan(cluster));
    await renewCertificate(cluster, cluster.host('w1'));
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
      const { binary, dataDir } = host.layout;
      assert.equal((await host.k0sStatus()).version, NEW_VERSION, host.name);
      assert.equal((await host.machine.must([binary, 'version'])).trim(), NEW_VERSION, host.name);
      const found = await host.machine.read(`${dataDir}/images/${BUNDLE_FILE}`);
      assert.equal(found, BUNDLE, host.name);
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

async function airgapPlan(cluster: HostCluster): Promise<object> {
  const release = await cluster.offer({ version: NEW_VERSION });
  const file = `${cluster.folder}/${BUNDLE_FILE}`;
  await writeFile(file, BUNDLE);
  const bundle = {
    url: cluster.artifacts.add(`/${BUNDLE_FILE}`, file),
    sha256: sha256Of(BUNDLE),
  };
  const version = NEW_VERSION;
  const platforms = (offer: object) => ({ [thisPlatform()]: offer });
  return {
    apiVersion: API_VERSION,
    kind: 'Plan',
    metadata: { name: 'airgap' },
    spec: {
      id: 'airgap',
      timestamp: 'now',
      commands: [
        { airgapupdate: { version, platforms: platforms(bundle), workers: ALL } },
        {
          k0supdate: {
            version,
            platforms: platforms(release),
            targets: { controllers: ALL, workers: { ...ALL, limits: { concurrent: 2 } } },
          },
        },
      ],
    },
  };
}

/**
 * A new certificate and key where the kubelet keeps them, as its own rotation writes them: a new file, and a link
 * that leads to it. The old one is gone.
 */
async function renewCertificate(cluster: HostCluster, host: InstalledHost): Promise<void> {
  const { machine, layout, nodeName } = host;
  const controller = cluster.host('c1');
  const kubeconfig = await controller.k0s(
    ...['kubeconfig', 'create', `system:node:${nodeName}`, '--groups', 'system:nodes'],
  );
  const data = (field: string) =>
    Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString();
  const pem = data('client-certificate-data') + data('client-key-data');
  const folder = `${layout.kubeletRootDir}/pki`;
  const current = `${folder}/kubelet-client-current.pem`;
  const old = (await machine.must(['readlink', '-f', current])).trim();
  const fresh = `${folder}/kubelet-client-2030-01-01-00-00-00.pem`;
  await machine.write(fresh, pem, 0o600);
  await machine.must(['ln', '-s', fresh, `${current}.new`]);
  await machine.must(['mv', '-T', `${current}.new`, current]);
  await machine.must(['rm', old]);
}
