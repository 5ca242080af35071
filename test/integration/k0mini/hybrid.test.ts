import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { askSocket } from '../../../src/node-agent/unix-http-client.ts';
import { Cluster, type ClusterOptions } from '../../support/cluster/cluster.ts';
import { LoneController } from '../../support/lone-controller.ts';
import { buildReleases, OLD_VERSION } from '../../support/releases.ts';

interface K0sStatus {
  readonly Version: string;
  readonly Pid: number;
  readonly Role: string;
  readonly Workloads: boolean;
  readonly SingleNode: boolean;
}

interface ListedNode {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly taints?: readonly { key: string; effect: string }[] };
  readonly status: { readonly nodeInfo: { readonly kubeletVersion: string } };
}

const CASES: readonly (ClusterOptions & {
  readonly title: string;
  readonly isSingle: boolean;
  readonly taints: readonly string[];
  readonly label: string | undefined;
})[] = [
  {
    title: 'a controller that is a worker as well',
    ...{ controllers: 1, workers: 0, hybrids: 'all', isSingle: false },
    taints: ['node-role.kubernetes.io/control-plane:NoSchedule'],
    label: 'true',
  },
  {
    title: 'a single node',
    ...{ single: true, isSingle: true, taints: [], label: undefined },
  },
];

for (const { title, isSingle, taints, label, ...options } of CASES) {
  describe(title, { timeout: 90_000 }, () => {
    let cluster: Cluster;
    before(async () => {
      cluster = await Cluster.start(options);
    });
    after(() => cluster?.stop());

    test('says what it is on its status socket', async () => {
      const { statusSocket } = cluster.host('c1').places;
      const { body } = await askSocket(statusSocket, 'GET', '/status', 5_000);
      const { Version, Pid, Role, Workloads, SingleNode } = JSON.parse(body) as K0sStatus;
      const { pid } = await cluster.host('c1').service('k0s');
      assert.deepEqual(
        { Version, Pid, Role, Workloads, SingleNode },
        {
          ...{ Version: OLD_VERSION, Pid: pid, Role: 'controller' },
          ...{ Workloads: true, SingleNode: isSingle },
        },
      );
    });

    test('is one Node and one ControlNode', async () => {
      const names = await cluster.kubectl('get', 'nodes,controlnodes', '-o', 'name');
      assert.deepEqual(names.trim().split('\n'), [
        'node/c1',
        'controlnode.autopilot.k0sproject.io/c1',
      ]);
      const node = JSON.parse(
        await cluster.kubectl('get', 'node', 'c1', '-o', 'json'),
      ) as ListedNode;
      const found = node.spec.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? [];
      assert.deepEqual(found, taints);
      assert.equal(node.metadata.labels['node-role.kubernetes.io/control-plane'], label);
      assert.equal(node.status.nodeInfo.kubeletVersion, 'v1.36.1+k0s');
      assert.equal(
        await cluster.kubectl(
          ...['get', 'controlnode', 'c1', '-o'],
          'jsonpath={.metadata.annotations.autopilot\\.k0sproject\\.io/mode}',
        ),
        'controller+worker',
      );
    });
  });
}

test('a single node joins nobody', async () => {
  const [binary = ''] = await buildReleases([{ version: OLD_VERSION }]);
  const controller = new LoneController(binary);
  try {
    const { config } = controller;
    const refused = await controller.k0s(
      ...['controller', '--single', '--config', config, '--token-file', '/nowhere'],
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /--single is a cluster of its own/);
  } finally {
    await controller.remove();
  }
});
