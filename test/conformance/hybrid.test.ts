import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { API_VERSION } from '../../src/api/meta.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { completed, recordRun, statesOf, whyOf } from '../support/conformance/record-run.ts';
import type { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { thisPlatform } from '../support/manifests.ts';
import { airgapHybrid } from './catalogue/airgap.ts';

const TIMEOUT_MS = 6 * 60_000;

describe(airgapHybrid.name, { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  let run: Recording;
  const bundle = randomBytes(5_000_000);
  before(async () => {
    cluster = await HostCluster.start({ controllers: 1, workers: 0, hybrids: 'all' });
    const file = join(cluster.folder, 'bundle.tar');
    await writeFile(file, bundle);
    const url = cluster.artifacts.add('/mirror/bundle.tar', file);
    const airgapupdate = {
      version: 'v0.0.0',
      platforms: { [thisPlatform()]: { url } },
      workers: { discovery: { static: { nodes: ['c1'] } } },
    };
    run = await recordRun(cluster, 'autopilot', {
      apiVersion: API_VERSION,
      kind: 'Plan',
      metadata: { name: 'autopilot' },
      spec: { id: 'hybrid', timestamp: 'now', commands: [{ airgapupdate }] },
    });
  });
  after(() => cluster?.stop());

  const rows = titled(airgapHybrid, {
    completes() {
      assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan));
      assert.deepEqual(statesOf(run.plan, 'workers'), completed(['c1']));
    },
    async file() {
      const delivered = cluster.host('c1').machine.path('/var/lib/k0s/images/bundle.tar');
      assert.ok((await readFile(delivered)).equals(bundle));
    },
    async once() {
      assert.equal(new Set(run.orders.get('c1')?.map(({ id }) => id)).size, 1);
      const asked = cluster.artifacts.downloads.filter(({ path }) => path.endsWith('/bundle.tar'));
      assert.equal(asked.length, 1);
      const node = await cluster.kubectl('get', 'node', 'c1', '-o', 'jsonpath={.metadata}');
      assert.doesNotMatch(node, /autopilot\.k0sproject\.io\/order/);
    },
  });
  for (const [title, body] of rows) test(title, body);
});
