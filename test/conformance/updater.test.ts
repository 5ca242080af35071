import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { API_VERSION, EXTENSIONS_API_VERSION } from '../../src/api/meta.ts';
import type { Plan } from '../../src/api/plan.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import type { Offer } from '../support/cluster/cluster.ts';
import { completed, statesOf, whyOf } from '../support/conformance/record-run.ts';
import { titled } from '../support/conformance/titled.ts';
import { UpdateServer } from '../support/conformance/update-server.ts';
import { eventually } from '../support/eventually.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { thisPlatform } from '../support/manifests.ts';
import { FIXED_VERSION, NEW_VERSION, OLD_VERSION } from '../support/releases.ts';
import { updater, updaterPeriodic } from './catalogue/updater.ts';

const TIMEOUT_MS = 10 * 60_000;
const RUN_MS = 4 * 60_000;
const HEADERS = [
  'k0s_storagetype',
  'k0s_clusterid',
  'k0s_controlplanenodescount',
  'k0s_workerdata',
  'k0s_version',
  'k0s_cniprovider',
  'k0s_arch',
];

describe('one controller and an update server', {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let cluster: HostCluster;
  let server: UpdateServer;
  before(async () => {
    cluster = await HostCluster.start({ controllers: 1, workers: 0 });
    server = await UpdateServer.listen('127.0.0.1');
    await cluster.apply({
      apiVersion: EXTENSIONS_API_VERSION,
      kind: 'UpdatePolicy',
      metadata: { name: 'default' },
      spec: { channels: { poll: '3s' } },
    });
  });
  after(async () => {
    await cluster?.stop();
    await server?.close();
  });

  /** As the documentation of k0s has it. */
  const config = (name: string, spec: object) => ({
    apiVersion: API_VERSION,
    kind: 'UpdateConfig',
    metadata: { name },
    spec: { updateServer: server.origin, ...spec },
  });
  const commands = (more: object = {}) => [
    { k0supdate: { ...more, targets: { controllers: { discovery: { selector: {} } } } } },
  ];
  const end = (version: string) =>
    cluster.waitForPlan(
      'autopilot',
      `to bring ${version}`,
      ({ status }) => status?.finishedAt !== undefined && status.targetVersion === version,
      RUN_MS,
    );

  describe(updater.name, () => {
    let plan: Plan;
    before(async () => {
      const offer = await cluster.offer({ version: NEW_VERSION });
      const k0s = { [thisPlatform()]: offer.url };
      server.serve('/edge_release', { version: NEW_VERSION, downloadURLs: { k0s } });
      const upgradeStrategy = { type: 'cron', cron: '* * * * * *' };
      const planSpec = { commands: commands({ forceupdate: true }) };
      await cluster.apply(
        config('by-cron', { channel: 'edge_release', upgradeStrategy, planSpec }),
      );
      plan = await end(NEW_VERSION);
      await cluster.kubectl('delete', 'updateconfig', 'by-cron');
    });

    const rows = titled(updater, {
      plan() {
        const [command] = plan.spec.commands;
        assert.equal(command?.k0supdate?.version, NEW_VERSION);
        assert.equal(command?.k0supdate?.forceupdate, true);
      },
      completes() {
        assert.equal(plan.status?.state, 'Completed', whyOf(plan));
        assert.deepEqual(statesOf(plan, 'controllers'), completed(['c1']));
      },
      version: async () =>
        assert.equal((await cluster.host('c1').k0sStatus()).version, NEW_VERSION),
      query() {
        const [first] = server.asked.filter(({ path }) => path === '/edge_release');
        assert.match(first?.query.get('clusterID') ?? '', /^kube-system:[0-9a-f-]{36}$/);
        assert.equal(first?.query.get('currentVersion'), OLD_VERSION);
        assert.equal(first?.query.get('lastUpdateStatus'), '');
      },
    });
    for (const [title, body] of rows) test(title, body);
  });

  describe(updaterPeriodic.name, () => {
    let plan: Plan;
    const asked = () => server.asked.filter(({ path }) => path === '/latest/index.yaml');
    const offers = (version: string, { url, sha256 }: Offer) => {
      const [os, arch] = thisPlatform().split('-');
      const downloadURLs = [{ os, arch, k0s: url, k0sSha256: sha256 }];
      server.serve('/latest/index.yaml', { channel: 'latest', version, downloadURLs });
    };
    before(async () => {
      await cluster.kubectl('delete', 'plan', 'autopilot', '--ignore-not-found');
      offers(FIXED_VERSION, await cluster.offer({ version: FIXED_VERSION }));
      const periodic = {
        days: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
        startTime: '00:00',
        length: '24h',
      };
      const upgradeStrategy = { type: 'periodic', periodic };
      await cluster.apply(
        config('periodic', {
          channel: 'latest',
          upgradeStrategy,
          planSpec: { commands: commands() },
        }),
      );
      plan = await end(FIXED_VERSION);
    });

    const rows = titled(updaterPeriodic, {
      event: () =>
        eventually('the Event', async () => {
          const events = await cluster.kubectl(
            ...['get', 'events', '-A', '--field-selector=reason=NewVersionAvailable'],
            ...[
              '-o',
              'jsonpath={range .items[*]}{.involvedObject.kind}/{.involvedObject.name}: {.message}{"\\n"}{end}',
            ],
          );
          assert.ok(events.includes('UpdateConfig/periodic: '), events);
          assert.ok(events.includes(FIXED_VERSION), events);
          return true;
        }),
      headers() {
        const [first] = asked();
        assert.deepEqual(
          HEADERS.filter((name) => first?.headers[name] === undefined),
          [],
        );
        assert.match(`${first?.headers.k0s_clusterid}`, /^kube-system:[0-9a-f-]{36}$/);
        assert.equal(first?.headers.k0s_controlplanenodescount, '1');
        assert.equal(first?.headers.k0s_version, NEW_VERSION);
        const data = Buffer.from(`${first?.headers.k0s_workerdata}`, 'base64').toString();
        assert.deepEqual(Object.keys(JSON.parse(data)).sort(), ['Archs', 'OSes', 'Runtimes']);
      },
      plan() {
        const update = plan.spec.commands[0]?.k0supdate;
        assert.equal(update?.version, FIXED_VERSION);
        assert.match(update?.platforms[thisPlatform()]?.sha256 ?? '', /^[0-9a-f]{64}$/);
      },
      async completes() {
        assert.equal(plan.status?.state, 'Completed', whyOf(plan));
        assert.deepEqual(statesOf(plan, 'controllers'), completed(['c1']));
        assert.equal((await cluster.host('c1').k0sStatus()).version, FIXED_VERSION);
      },
      headersAgain: () =>
        eventually('the server to be told the new version', () => {
          const last = asked().at(-1);
          assert.deepEqual(
            HEADERS.filter((name) => last?.headers[name] === undefined),
            [],
          );
          assert.equal(last?.headers.k0s_version, FIXED_VERSION);
          return true;
        }),
      async second() {
        const version = 'v1.36.6+k0s.0';
        offers(version, await cluster.offer({ version }));
        const next = await end(version);
        assert.equal(next.status?.state, 'Completed', whyOf(next));
        assert.equal((await cluster.host('c1').k0sStatus()).version, version);
      },
    });
    for (const [title, body] of rows) test(title, body);
  });
});
