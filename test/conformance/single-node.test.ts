import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import {
  completed,
  planOf,
  recordRun,
  statesOf,
  whyOf,
} from '../support/conformance/record-run.ts';
import type { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import { eventually } from '../support/eventually.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { workloadManifests } from '../support/manifests.ts';
import { OLD_VERSION } from '../support/releases.ts';
import { removedApis, single } from './catalogue/single-node.ts';

const TIMEOUT_MS = 8 * 60_000;
const BINARY = '/tmp/k0s';
const GROUP = 'k0s.k0sproject.example.com';

describe('a single node', { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({ single: true, layout: () => ({ binary: BINARY }) });
  });
  after(() => cluster?.stop());

  describe(single.name, () => {
    let run: Recording;
    let podsBefore: string;
    let inodeBefore: string;
    const pods = () =>
      cluster.kubectl(
        ...['get', 'pods', '-l', 'app=shop', '--sort-by=.metadata.uid'],
        ...['-o', 'jsonpath={.items[*].metadata.uid}'],
      );
    const inode = () => cluster.host('c1').machine.must(['stat', '--format=%i', BINARY]);
    before(async () => {
      await cluster.apply(workloadManifests());
      await cluster.kubectl('wait', '--for=condition=Available', '--timeout=90s', 'deploy/shop');
      podsBefore = await pods();
      inodeBefore = await inode();
      const forced = { version: 'v0.0.0', forceupdate: true };
      const targets = { name: 'autopilot', controllers: ['c1'], workers: [] };
      const plan = await planOf(cluster, { version: OLD_VERSION }, { ...targets, ...forced });
      run = await recordRun(cluster, 'autopilot', plan);
    });

    const rows = titled(single, {
      completes: () => assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan)),
      async location() {
        const { machine } = cluster.host('c1');
        assert.notEqual(await inode(), inodeBefore, 'it is another file');
        assert.ok(!machine.exists('/usr/local/bin/k0s'));
        const { pid } = await cluster.host('c1').service('k0s');
        assert.equal((await machine.must(['readlink', `/proc/${pid}/exe`])).trim(), BINARY);
      },
      commands: () => assert.equal(run.plan.status?.commands?.length, 1),
      controllers: () => assert.deepEqual(statesOf(run.plan, 'controllers'), completed(['c1'])),
      workers: () => assert.deepEqual(statesOf(run.plan, 'workers'), []),
      pods: async () => assert.equal(await pods(), podsBefore),
      cordon: () =>
        eventually('c1 to be Ready and open', async () => {
          const path = '{.spec.unschedulable}{.status.conditions[?(@.type=="Ready")].status}';
          const said = await cluster.kubectl('get', 'node', 'c1', '-o', `jsonpath=${path}`);
          assert.equal(said, 'True');
          return true;
        }),
    });
    for (const [title, body] of rows) test(title, body);
  });

  describe(removedApis.name, () => {
    let run: Recording;
    let pidBefore: number | null;
    before(async () => {
      await cluster.kubectl('delete', 'plan', 'autopilot', '--ignore-not-found');
      await cluster.apply({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `removedcrds.${GROUP}` },
        spec: {
          group: GROUP,
          names: { kind: 'RemovedCRD', plural: 'removedcrds', singular: 'removedcrd' },
          scope: 'Cluster',
          versions: [
            {
              name: 'v1beta1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object' } },
            },
          ],
        },
      });
      const object = {
        apiVersion: `${GROUP}/v1beta1`,
        kind: 'RemovedCRD',
        metadata: { name: 'one' },
      };
      await eventually('the kind to be served', () => cluster.apply(object));
      pidBefore = (await cluster.host('c1').service('k0s')).pid;
      const targets = { name: 'autopilot', version: 'v99.99.99', controllers: ['c1'], workers: [] };
      const plan = await planOf(cluster, { version: OLD_VERSION }, targets);
      run = await recordRun(cluster, 'autopilot', plan);
    });

    const rows = titled(removedApis, {
      plan: () => assert.equal(run.plan.status?.state, 'Warning', whyOf(run.plan)),
      command: () => assert.equal(run.plan.status?.commands?.[0]?.state, 'Warning'),
      description: () =>
        assert.equal(
          run.plan.status?.commands?.[0]?.description,
          `removedcrds.${GROUP} v1beta1 has been removed in Kubernetes v99.99.99, but there are 1 such resources in the cluster`,
        ),
      async untouched() {
        assert.deepEqual(run.goals('c1'), []);
        assert.equal((await cluster.host('c1').service('k0s')).pid, pidBefore);
      },
    });
    for (const [title, body] of rows) test(title, body);
  });
});
