import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { API_VERSION, EXTENSIONS_API_VERSION } from '../../src/api/meta.ts';
import { type UpdateConfig, updateConfigSchema } from '../../src/api/update-config.ts';
import { findNginx } from '../../tools/debian-program/find.ts';
import { Cluster } from '../support/cluster/cluster.ts';
import { tryRun } from '../support/cluster/run.ts';
import { eventually } from '../support/eventually.ts';
import { thisPlatform } from '../support/manifests.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import {
  BROKEN_VERSION,
  brokenRelease,
  buildReleases,
  FIXED_VERSION,
  NEW_VERSION,
  type Release,
} from '../support/releases.ts';

/**
 * From the publisher to the last machine, with nothing of the tests between: `autopilot channel` keeps the folder,
 * nginx with its defaults serves index and artifacts, and a cluster keeps itself patched.
 */

const nginx = findNginx();
const MAIN = join(import.meta.dirname, '../../src/main.ts');

if ('why' in nginx) {
  test('a channel behind nginx', { skip: nginx.why }, () => {});
} else {
  let cluster: Cluster;
  let server: Nginx;
  let channels: string;
  let key: string;

  /** Runs the command line. @returns what it has printed */
  async function autopilot(...args: readonly string[]): Promise<string> {
    const ran = await tryRun(process.execPath, [MAIN, ...args]);
    assert.equal(ran.code, 0, `autopilot ${args.join(' ')}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  /** Adds a release, as whoever publishes it does. */
  async function publish(release: Release, ...more: readonly string[]): Promise<void> {
    const [path = ''] = await buildReleases([release]);
    await autopilot(
      ...['channel', 'add', 'stable', release.version, '--folder', channels, '--key', key],
      ...['--k0s', `${thisPlatform()}=${path}`, ...more],
    );
  }

  async function until(
    what: string,
    isSo: (status: NonNullable<UpdateConfig['status']>) => boolean,
  ): Promise<NonNullable<UpdateConfig['status']>> {
    return eventually(
      `the UpdateConfig ${what}`,
      async () => {
        const { stdout } = await cluster.tryKubectl([
          'get',
          'updateconfig',
          'patches',
          '-o',
          'json',
        ]);
        const { status } = updateConfigSchema.parse(JSON.parse(stdout));
        if (status && isSo(status)) return status;
        throw new Error(`it is ${JSON.stringify(status)}`);
      },
      { timeoutMs: 480_000, everyMs: 300 },
    );
  }

  const versions = () =>
    Promise.all(cluster.hosts.map(async (host) => (await host.k0sStatus()).version));

  before(async () => {
    cluster = await Cluster.start({ controllers: 1, workers: 1 });
    channels = join(cluster.folder, 'channels');
    key = join(cluster.folder, 'channel.key');
    server = await startNginx(
      nginx.binary,
      join(cluster.folder, 'nginx'),
      `server { listen LISTEN; access_log LOG; root ${channels}; }`,
    );
    await autopilot('channel', 'keygen', join(cluster.folder, 'channel'));
    await autopilot(
      ...['channel', 'init', 'stable', '--folder', channels, '--url', server.url],
      ...['--trust', join(cluster.folder, 'channel.pub')],
    );
    const [, trusted = ''] = (await readFile(join(cluster.folder, 'channel.pub'), 'utf8')).split(
      '\n',
    );
    await cluster.apply({
      apiVersion: EXTENSIONS_API_VERSION,
      kind: 'UpdatePolicy',
      metadata: { name: 'default' },
      spec: { channels: { poll: '1s' }, trust: { keys: [trusted] } },
    });
    await publish({ version: NEW_VERSION }, '--severity', 'high', '--cve', 'CVE-2026-1234');
    await cluster.apply({
      apiVersion: API_VERSION,
      kind: 'UpdateConfig',
      metadata: { name: 'patches' },
      spec: {
        updateServer: server.url,
        upgradeStrategy: { type: 'periodic', periodic: { startTime: '00:00', length: '24h' } },
      },
    });
  });
  after(async () => {
    await cluster?.stop();
    await server?.stop();
  });

  test('what is published reaches every machine, twice in a row, and what is bad between them none', async () => {
    const first = await until(
      'to tell that the first update is done',
      ({ plan }) => plan?.finishedAt !== undefined,
    );
    assert.equal(first.plan?.state, 'Completed', JSON.stringify(first));
    assert.deepEqual(await versions(), [NEW_VERSION, NEW_VERSION]);

    await publish(brokenRelease('exits'));
    const skipped = await until(
      'to skip the bad release',
      ({ skipped: list }) => list?.[0]?.version === BROKEN_VERSION,
    );
    assert.equal(skipped.skipped?.[0]?.reason, 'Quarantined');
    assert.deepEqual(await versions(), [NEW_VERSION, NEW_VERSION]);

    await publish({ version: FIXED_VERSION }, '--severity', 'critical', '--cve', 'CVE-2026-9999');
    const second = await until(
      'to tell that the fix is everywhere',
      ({ plan }) => plan?.version === FIXED_VERSION && plan.finishedAt !== undefined,
    );
    assert.equal(second.plan?.state, 'Completed', JSON.stringify(second));
    assert.deepEqual(await versions(), [FIXED_VERSION, FIXED_VERSION]);
    const asked = (await server.log()).filter((line) => line.includes('/stable/index.yaml'));
    assert.ok(
      asked.some((line) => / 304 /.test(line)),
      'an index that is known is not sent again',
    );
  });

  test('the security owner sees it: by channel status, for people and programs, and in the metrics', async () => {
    await until('to be up to date', (status) =>
      (status.conditions ?? []).some(
        ({ type, status: is }) => type === 'UpToDate' && is === 'True',
      ),
    );
    const config = await cluster.kubeconfigFor('reader', ['system:masters']);
    const text = await autopilot('channel', 'status', '--kubeconfig', config);
    assert.match(text, new RegExp(`^patches: channel stable of ${server.url}$`, 'm'));
    assert.match(text, new RegExp(`^ {2}runs +${FIXED_VERSION.replaceAll('+', '\\+')}$`, 'm'));
    assert.match(text, /CVE-2026-9999/);
    const json = await autopilot('channel', 'status', '--kubeconfig', config, '-o', 'json');
    assert.ok(json.includes('"CVE-2026-1234"') && json.includes(`"${FIXED_VERSION}"`), json);

    const metrics = await (await cluster.leader()).metrics();
    assert.match(metrics, /^autopilot_channels\{reason="IndexAccepted"\} 1$/m);
    assert.match(metrics, /^autopilot_channel_machines_behind\{severity="critical"\} 0$/m);
    assert.match(metrics, /^autopilot_channel_node_hours\{severity="critical"\} [\d.e-]+$/m);
    assert.match(
      metrics,
      /^autopilot_channel_release_to_last_node_seconds\{severity="critical"\} [\d.]+$/m,
    );
  });
}
