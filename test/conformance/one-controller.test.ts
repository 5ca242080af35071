import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import type { Offer } from '../support/cluster/cluster.ts';
import { completed, recordRun, statesOf, whyOf } from '../support/conformance/record-run.ts';
import type { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { planManifest, thisPlatform } from '../support/manifests.ts';
import { NEW_VERSION, pathOf } from '../support/releases.ts';
import { platformSelect } from './catalogue/one-controller.ts';

const TIMEOUT_MS = 8 * 60_000;

describe('one controller', { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  before(async () => {
    cluster = await HostCluster.start({ controllers: 1, workers: 0 });
  });
  after(() => cluster?.stop());

  describe(platformSelect.name, () => {
    let run: Recording;
    let offer: Offer;
    before(async () => {
      offer = await cluster.offer({ version: NEW_VERSION });
      const ofOthers = { url: `${cluster.artifacts.origin}/of-another-platform` };
      const platforms = {
        'windows-amd64': ofOthers,
        'linux-amd64': ofOthers,
        'linux-arm64': ofOthers,
        [thisPlatform()]: offer,
      };
      const targets = { name: 'autopilot', controllers: ['c1'], workers: [] };
      const plan = planManifest({ version: NEW_VERSION, platforms, ...targets });
      run = await recordRun(cluster, 'autopilot', plan);
    });

    const rows = titled(platformSelect, {
      completes() {
        assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan));
        assert.deepEqual(statesOf(run.plan, 'controllers'), completed(['c1']));
      },
      async right() {
        const c1 = cluster.host('c1');
        const binary = await readFile(c1.machine.path('/usr/local/bin/k0s'));
        assert.equal(createHash('sha256').update(binary).digest('hex'), offer.sha256);
        assert.equal((await c1.k0sStatus()).version, NEW_VERSION);
      },
      others: () =>
        assert.deepEqual(
          [...new Set(cluster.artifacts.downloads.map(({ path }) => path))],
          [pathOf({ version: NEW_VERSION })],
        ),
    });
    for (const [title, body] of rows) test(title, body);
  });
});
