import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import { API_VERSION } from '../../src/api/meta.ts';
import type { Plan } from '../../src/api/plan.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { journalOf } from '../support/cuts/power.ts';
import { eventually } from '../support/eventually.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import type { InstalledHost } from '../support/hosts/installed-host.ts';
import { planManifest, thisPlatform } from '../support/manifests.ts';
import { hasEnded, targetNamed } from '../support/plans.ts';
import { NEW_VERSION, OLD_VERSION, pathOf } from '../support/releases.ts';

const TIMEOUT_MS = 12 * 60_000;
const POLICY_FILE = '/etc/autopilot/agent.yaml';
const MEGABYTE = 1e6;

/** w1 has systemd, w2 has OpenRC. */
describe('the agent on hosts with systemd and OpenRC', {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let cluster: HostCluster;
  let systemd: InstalledHost;
  let openrc: InstalledHost;
  before(async () => {
    cluster = await HostCluster.start({
      controllers: 1,
      workers: 2,
      base: (name) => (name === 'w2' ? 'openrc' : 'systemd'),
      policy: { confirmTimeout: '100s', gate: { timeout: '75s' } },
    });
    systemd = cluster.host('w1');
    openrc = cluster.host('w2');
  });
  after(() => cluster?.stop());

  /** To the other one of the two sound versions. */
  async function update(
    name: string,
    hosts: readonly InstalledHost[],
    more: { readonly version?: string; readonly concurrent?: number } = {},
  ) {
    const { version: runs } = await hosts[0]!.k0sStatus();
    const version = more.version ?? (runs === OLD_VERSION ? NEW_VERSION : OLD_VERSION);
    const namesOf = (role: string) => hosts.filter((h) => h.role === role).map((h) => h.name);
    const platforms = { [thisPlatform()]: await cluster.offer({ version }) };
    const [controllers, workers] = [namesOf('controller'), namesOf('worker')];
    const { concurrent = 1 } = more;
    await cluster.apply(
      planManifest({ name, version, platforms, controllers, workers, concurrent }),
    );
    return {
      version,
      end: () => cluster.waitForPlan(name, 'to end', hasEnded, 240_000),
    };
  }

  async function completed(running: Awaited<ReturnType<typeof update>>): Promise<Plan> {
    const plan = await running.end();
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
    return plan;
  }

  test('updates hosts of either kind, after a backup that can be read', async () => {
    const { hosts } = cluster;
    const running = await update('both', hosts);
    const plan = await completed(running);
    for (const host of hosts) {
      assert.equal((await host.k0sStatus()).version, running.version, host.name);
    }
    const backup = plan.status?.commands?.[0]?.backup;
    assert.equal(backup?.node, 'c1');
    assert.match(backup?.path ?? '', /^\/var\/lib\/autopilot\/backups\/k0s_backup_.*\.tar\.gz$/);
    const archive = createReadStream(cluster.host('c1').machine.path(backup?.path ?? ''));
    let bytes = 0;
    for await (const part of archive.pipe(createGunzip())) bytes += (part as Buffer).length;
    assert.ok(bytes > 100_000, `${bytes} bytes in the backup`);
  });

  test('can give what it has staged a second name beside the binary', async () => {
    for (const host of cluster.hosts) {
      const { pid } = await host.service('agent');
      // as the agent sees the file systems: its unit may put mounts of its own over them
      const seen = ['nsenter', `--target=${pid}`, '--mount'];
      const second = '/usr/local/bin/.second-name';
      await host.machine.must([...seen, 'ln', '/var/lib/autopilot/agent.sock', second]);
      await host.machine.remove(second);
    }
  });

  test('delivers an image bundle, goes on with it after a crash, and then updates k0s', async () => {
    const bundle = join(cluster.folder, 'bundle.tar');
    const content = Buffer.alloc(60 * MEGABYTE, 'an image ');
    await writeFile(bundle, content);
    const path = '/airgap/k0s-airgap-bundle-linux.tar';
    const url = cluster.artifacts.add(path, bundle);
    cluster.artifacts.behave(path, { kind: 'slow', bytesPerSecond: 8 * MEGABYTE });
    const { version: runs } = await systemd.k0sStatus();
    const version = runs === OLD_VERSION ? NEW_VERSION : OLD_VERSION;
    const workers = { discovery: { static: { nodes: ['w1', 'w2'] } }, limits: { concurrent: 2 } };
    const platform = thisPlatform();
    await cluster.apply({
      apiVersion: API_VERSION,
      kind: 'Plan',
      metadata: { name: 'airgap' },
      spec: {
        id: 'airgap',
        timestamp: 'now',
        commands: [
          { airgapupdate: { version, platforms: { [platform]: { url } }, workers } },
          {
            k0supdate: {
              version,
              platforms: { [platform]: await cluster.offer({ version }) },
              targets: { workers },
            },
          },
        ],
      },
    });
    const halfWay = ({ status }: Plan) =>
      status?.commands?.[0]?.airgapupdate?.workers?.some(({ message }) =>
        /^[3-9]\d %/.test(message ?? ''),
      ) === true;
    const half = await cluster.waitForPlan('airgap', 'to be half way', halfWay);
    const found = half.status?.commands?.[0]?.airgapupdate?.workers?.find(({ message }) =>
      /^[3-9]\d %/.test(message ?? ''),
    );
    const busy = cluster.host(found?.name ?? '');
    await eventually('something of the bundle to be safe on the disk', () =>
      busy.machine.exists('/var/lib/autopilot/staging/artifact.partial.json'),
    );
    await busy.kill('agent');
    const plan = await cluster.waitForPlan('airgap', 'to end', hasEnded, 240_000);
    assert.equal(plan.status?.state, 'Completed', JSON.stringify(plan.status?.conditions));
    const resumed = cluster.artifacts.downloads.filter(
      (one) => one.path === path && one.fromByte > 0,
    );
    assert.equal(resumed.length, 1, 'the one that crashed went on where it was');
    assert.equal(resumed[0]?.from, busy.address);
    for (const host of [systemd, openrc]) {
      const delivered = host.machine.path('/var/lib/k0s/images/k0s-airgap-bundle-linux.tar');
      assert.equal(await digestOf(delivered), digest(content), host.name);
      assert.equal((await host.k0sStatus()).version, version, host.name);
    }
  });

  test('goes on with a download through a bad link and a power cut', async () => {
    const { version: runs } = await openrc.k0sStatus();
    const path = pathOf({ version: runs === OLD_VERSION ? NEW_VERSION : OLD_VERSION });
    cluster.artifacts.behave(path, { kind: 'slow', bytesPerSecond: 20 * MEGABYTE });
    const since = cluster.artifacts.downloads.length;
    await openrc.machine.lose({ percent: 2 });
    const running = await update('bad-link', [openrc]);
    await eventually('something of the download to be safe on the disk', () =>
      openrc.machine.exists('/var/lib/autopilot/staging/artifact.partial.json'),
    );
    await openrc.machine.powerCut();
    await openrc.machine.boot();
    await openrc.machine.lose({ percent: 2 });
    await completed(running);
    await openrc.machine.steady();
    const [first, second, ...more] = cluster.artifacts.downloads.slice(since);
    assert.equal(first?.fromByte, 0);
    assert.ok((second?.fromByte ?? 0) > 0, 'what was on the disk was not fetched again');
    assert.deepEqual(more, []);
    cluster.artifacts.behave(path, { kind: 'serve' });
  });

  test("does nothing that the host's own policy does not allow, and says so", async () => {
    const { version: runs } = await systemd.k0sStatus();
    await systemd.machine.write(POLICY_FILE, 'download:\n  rateLimit: fast\n', 0o600);
    const broken = await (await update('policy-broken', [systemd])).end();
    const unread = targetNamed(broken, 'w1');
    assert.equal(unread?.reason, 'AgentPolicyInvalid');
    assert.match(unread?.message ?? '', /agent\.yaml:2:14: download\.rateLimit: wanted /);
    await systemd.machine.write(
      POLICY_FILE,
      'download:\n  allowedPrefixes: [https://releases.example/]\n',
      0o600,
    );
    const forbidden = await (await update('policy-forbids', [systemd])).end();
    assert.equal(targetNamed(forbidden, 'w1')?.reason, 'SourceForbidden');
    assert.equal((await systemd.k0sStatus()).version, runs);
    await systemd.machine.remove(POLICY_FILE);
  });

  test('keeps an update by itself while nobody can be reached, where its policy says so', async () => {
    await systemd.machine.write(POLICY_FILE, 'confirm: local\nconfirmAfter: 5s\n', 0o600);
    const running = await update('local', [systemd]);
    await eventually(
      'the trial',
      async () => (await journalOf(systemd))?.signal?.phase === 'OnTrial',
    );
    await systemd.machine.cutOff();
    await eventually(
      'the host to keep it',
      async () => (await journalOf(systemd))?.signal?.phase === 'Committed',
    );
    await systemd.machine.reconnect();
    await completed(running);
    assert.equal((await systemd.k0sStatus()).version, running.version);
    await systemd.machine.remove(POLICY_FILE);
  });

  test('needs nothing resident between its runs in edge mode', async () => {
    const { machine } = systemd;
    await systemd.tell('agent', 'stop');
    const resident = async () => (await machine.run(['pgrep', '-f', 'autopilot.mjs'])).stdout;
    assert.equal(await resident(), '');
    const once = async () => {
      const argv = ['/usr/local/bin/autopilot', 'agent', '--once', '--linger', '2s'];
      const { code, stderr } = await machine.run(argv, { timeoutMs: 120_000 });
      assert.equal(code, 0, stderr);
      assert.equal(await resident(), '');
    };
    await once();
    const running = await update('edge', [systemd]);
    let runs = 0;
    const phase = async () => targetNamed((await cluster.plan('edge'))!, 'w1')?.phase;
    for (; runs < 6 && !hasEnded((await cluster.plan('edge'))!); runs++) {
      await once();
      await eventually('the orchestrator to have heard of it', async () => {
        const now = await phase();
        return now !== undefined && now !== 'Pending';
      });
    }
    await completed(running);
    assert.equal((await systemd.k0sStatus()).version, running.version);
    await systemd.tell('agent', 'start');
  });
});

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
