import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { API_VERSION } from '../../src/api/meta.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { completed, recordRun, statesOf, whyOf } from '../support/conformance/record-run.ts';
import type { Recording } from '../support/conformance/recording.ts';
import { titled } from '../support/conformance/titled.ts';
import type { Host } from '../support/hosts/host.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { thisPlatform } from '../support/manifests.ts';
import { NEW_VERSION, pathOf } from '../support/releases.ts';
import { airgapWorker } from './catalogue/airgap.ts';

const TIMEOUT_MS = 8 * 60_000;
const IMAGES = '/var/lib/k0s/images';
const BUNDLE = '/mirror/bundle.tar';
const BUNDLE_BYTES = 20_000_000;

describe(airgapWorker.name, { skip: whyNoHosts() ?? false, timeout: TIMEOUT_MS }, () => {
  let cluster: HostCluster;
  let run: Recording;
  const bundle = randomBytes(BUNDLE_BYTES);
  const lengthsSeen = new Set<number>();
  before(async () => {
    cluster = await HostCluster.start({ controllers: 1, workers: 1 });
    for (const { machine } of cluster.hosts) {
      const others = cluster.hosts.filter((other) => other.machine !== machine);
      await lockDown(machine, [
        ...cluster.network.addresses,
        ...others.map(({ address }) => address),
      ]);
    }
    const file = join(cluster.folder, 'bundle.tar');
    await writeFile(file, bundle);
    const url = cluster.artifacts.add(BUNDLE, file);
    const platform = thisPlatform();
    const k0s = await cluster.offer({ version: NEW_VERSION });
    const all = { discovery: { selector: {} } };
    const commands = [
      { airgapupdate: { version: NEW_VERSION, platforms: { [platform]: { url } }, workers: all } },
      {
        k0supdate: {
          version: NEW_VERSION,
          platforms: { [platform]: k0s },
          targets: { controllers: all, workers: all },
        },
      },
    ];
    const metadata = { name: 'autopilot' };
    const spec = { id: 'airgap', timestamp: 'now', commands };
    const plan = { apiVersion: API_VERSION, kind: 'Plan', metadata, spec };
    const { machine } = cluster.host('w1');
    const looking = setInterval(async () => {
      const length = await lengthOf(machine.path(`${IMAGES}/bundle.tar`));
      if (length !== undefined) lengthsSeen.add(length);
    }, 20);
    run = await recordRun(cluster, 'autopilot', plan).finally(() => clearInterval(looking));
  });
  after(() => cluster?.stop());

  const rows = titled(airgapWorker, {
    async completes() {
      assert.equal(run.plan.status?.state, 'Completed', whyOf(run.plan));
      assert.deepEqual(statesOf(run.plan, 'workers', 0), completed(['w1']));
      assert.deepEqual(statesOf(run.plan, 'controllers', 1), completed(['c1']));
      assert.deepEqual(statesOf(run.plan, 'workers', 1), completed(['w1']));
      for (const host of cluster.hosts) {
        assert.equal((await host.k0sStatus()).version, NEW_VERSION, host.name);
        // a network for documentation: who has a way out sends it there
        const { code } = await host.machine.run(['ip', 'route', 'get', '192.0.2.1']);
        assert.notEqual(code, 0, `${host.name} has no way out`);
      }
    },
    order() {
      const [first, second] = run.plan.status?.commands ?? [];
      assert.equal(first?.state, 'Completed');
      assert.ok(Date.parse(second?.startedAt ?? '') >= Date.parse(first?.startedAt ?? ''));
      // 0 is the bundle, 1 the update: whoever is ordered the update was never ordered the bundle after it
      const commandsOf = (name: string) => run.orders.get(name)?.map(({ id }) => id.split('.')[1]);
      assert.deepEqual(commandsOf('w1'), [...(commandsOf('w1') ?? [])].sort());
      assert.ok(commandsOf('w1')?.includes('0') && commandsOf('w1')?.includes('1'));
    },
    file: () => assert.ok(cluster.host('w1').machine.exists(`${IMAGES}/bundle.tar`)),
    async pinned() {
      const delivered = await readFile(cluster.host('w1').machine.path(`${IMAGES}/bundle.tar`));
      assert.ok(delivered.equals(bundle));
      assert.deepEqual([...lengthsSeen], [BUNDLE_BYTES]);
    },
    pulls() {
      const asked = cluster.artifacts.downloads.map(({ path, from }) => `${path} by ${from}`);
      const [c1, w1] = cluster.hosts.map(({ address }) => address);
      const k0s = pathOf({ version: NEW_VERSION });
      assert.deepEqual(
        asked.toSorted(),
        [`${BUNDLE} by ${w1}`, `${k0s} by ${c1}`, `${k0s} by ${w1}`].toSorted(),
      );
    },
  });
  for (const [title, body] of rows) test(title, body);
});

/** Takes the default route away; what is listed stays within reach. */
async function lockDown(machine: Host, reachable: readonly string[]): Promise<void> {
  const [, way = ''] = /^default (.*)$/m.exec(await machine.must(['ip', 'route'])) ?? [];
  for (const address of reachable) {
    await machine.must(['ip', 'route', 'replace', address, ...way.trim().split(' ')]);
  }
  await machine.must(['ip', 'route', 'delete', 'default']);
}

async function lengthOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
