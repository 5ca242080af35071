import assert from 'node:assert/strict';
import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { PROGRAM } from '../../src/install/units-systemd.ts';
import { buildForHosts } from '../../tools/build.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { ownArchitecture } from '../../tools/single-file/node-binaries.ts';
import { commandsOf } from '../support/docs/commands.ts';
import { eventually } from '../support/eventually.ts';
import { differences, filesOf } from '../support/hosts/files-of.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import type { InstalledHost } from '../support/hosts/installed-host.ts';
import { planManifest, thisPlatform } from '../support/manifests.ts';
import { hasEnded } from '../support/plans.ts';
import { NEW_VERSION } from '../support/releases.ts';

const TIMEOUT_MS = 15 * 60_000;
const PAGE = 'usage/install.md';
const UPGRADE = 'usage/upgrade.md';
const ADMIN = 'KUBECONFIG=/var/lib/k0s/pki/admin.conf';
/** Of the API, where admission has not seen the change yet, or of a service that has just been told something. */
const WITHIN = { timeoutMs: 120_000, everyMs: 500 };

/** c1 and w1 have systemd, w2 has OpenRC, and none has Node. */
describe('from nothing to the first Plan and back, by the letter of docs/usage/install.md and upgrade.md', {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let cluster: HostCluster;
  let program: string;
  const before_ = new Map<string, ReadonlyMap<string, string>>();
  const host = (name: string) => cluster.host(name);

  before(async () => {
    program = await buildForHosts(ownArchitecture());
    cluster = await HostCluster.start({
      bare: true,
      controllers: 1,
      workers: 2,
      base: (name) => (name === 'w2' ? 'openrc' : 'systemd'),
    });
    for (const { name, machine } of cluster.hosts) {
      // the hosts of other tests have it from the start
      await machine.must(['rm', '-rf', PROGRAM, '/usr/local/lib/autopilot', '/etc/autopilot']);
      before_.set(name, await filesOf(machine));
      await machine.copyIn(program, '/tmp/autopilot');
    }
  });
  after(() => cluster?.stop());

  function run(at: InstalledHost, script: string, environment: readonly string[] = []) {
    const argv = ['env', '-C', '/root', ...environment, 'sh', '-e', '-c', script];
    return at.machine.run(argv, { timeoutMs: 120_000 });
  }

  async function must(at: InstalledHost, script: string, environment: readonly string[] = []) {
    const { code, stdout, stderr } = await run(at, script, environment);
    assert.equal(code, 0, `${at.name}: ${script}\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** Runs a command that has to fail: one sentence, code 1, and the host is as it was. */
  async function refused(at: InstalledHost, script: string, says: RegExp, code = 1) {
    const files = await filesOf(at.machine);
    const { code: found, stderr } = await run(at, script);
    assert.equal(found, code, `${script}: ${stderr}`);
    assert.match(stderr, says);
    assert.deepEqual(differences(files, await filesOf(at.machine)), [], script);
  }

  /** Pids of the processes of ours on a host, by what they are told to be. */
  async function pidsOf(at: InstalledHost, what: string): Promise<readonly string[]> {
    const { stdout } = await at.machine.run(['pgrep', '-f', `^${PROGRAM} .*${what}`]);
    return stdout.split('\n').filter(Boolean);
  }

  const files = (name: string) => filesOf(host(name).machine);

  test('the file is put in place', async () => {
    const [script = ''] = commandsOf(PAGE, 'every-host');
    for (const one of cluster.hosts) await must(one, script);
    const { code } = await host('w2').machine.run(['sh', '-c', 'command -v node']);
    assert.notEqual(code, 0, 'a host with a Node of its own proves nothing');
  });

  test('what does not fit is said, and nothing is changed', async () => {
    const [c1, w1, w2] = [host('c1'), host('w1'), host('w2')];
    await refused(c1, 'autopilot install both', /does not know the kinds of Autopilot/);
    await refused(w1, 'autopilot install both', /wanted a k0s controller for both, found a worker/);
    await refused(w1, 'autopilot install controller', /found a worker .*--kubeconfig/);
    await refused(w1, 'autopilot install everything', /Allowed choices are agent, controller/, 2);
    await refused(w1, 'autopilot install agent --kubeconfig /etc/hosts', /is for an orchestrator/);
    await refused(w1, 'autopilot install agent --often', /unknown option '--often'/, 2);
    await refused(w2, 'autopilot install agent --edge', /a line of cron/);
    await refused(
      c1,
      'autopilot install controller --kubeconfig /nowhere',
      /cannot read the kubeconfig \/nowhere/,
      2,
    );
    await refused(c1, 'autopilot install controller --kubeconfig /etc/hosts', /kubeconfig/);
    await refused(
      w1,
      'autopilot install agent --service-name k9s',
      /wanted k0s as a service of systemd, k9s.service/,
    );
    await refused(
      w1,
      'su nobody -s /bin/sh -c "autopilot install agent"',
      /wanted to be run as root/,
    );
  });

  test('the cluster gets kinds, rights and admission', async () => {
    const [script = ''] = commandsOf(PAGE, 'one-controller');
    const said = await must(host('c1'), script);
    assert.match(said, /customresourcedefinition\S+ serverside-applied/);
    await cluster.kubectl('wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s');
  });

  test('a dry run tells all, and does nothing', async () => {
    const c1 = host('c1');
    const found = await files('c1');
    const said = await must(c1, 'autopilot install both --dry-run');
    assert.match(said, /^would add the user autopilot$/m);
    assert.match(said, /^would write \/etc\/systemd\/system\/autopilot\.service$/m);
    assert.match(said, /^would start autopilot\.service$/m);
    assert.match(said, /^nothing was changed$/m);
    assert.deepEqual(differences(found, await files('c1')), []);
  });

  test('installed in the middle of trouble, a host is as it was', async () => {
    const w1 = host('w1');
    await must(w1, 'mkdir /etc/systemd/system/autopilot-settle.service');
    await refused(
      w1,
      'autopilot install agent',
      /autopilot-settle\.service.*this host is as it was/,
    );
    await must(w1, 'rmdir /etc/systemd/system/autopilot-settle.service');
  });

  test('every host is installed, and reports', async () => {
    const [both = ''] = commandsOf(PAGE, 'every-controller');
    const [agent = ''] = commandsOf(PAGE, 'every-worker');
    assert.match(await must(host('c1'), both), /^agent and orchestrator installed/m);
    for (const name of ['w1', 'w2']) {
      assert.match(await must(host(name), agent), /^the agent installed/m);
    }
    const [, who = ''] = commandsOf(PAGE, 'one-controller');
    await eventually(
      'everybody to report',
      async () => {
        const said = await must(host('c1'), who);
        assert.match(said, /^c1 /m);
        for (const name of ['w1', 'w2']) assert.match(said, new RegExp(`^${name} +\\{`, 'm'));
        return true;
      },
      WITHIN,
    );
  });

  test('installed once more, nothing is changed', async () => {
    for (const [name, part] of [
      ['c1', 'both'],
      ['w1', 'agent'],
      ['w2', 'agent'],
    ] as const) {
      const found = await files(name);
      assert.match(await must(host(name), `autopilot install ${part}`), /all is as it should be/);
      assert.deepEqual(differences(found, await files(name)), [], name);
    }
    await refused(host('c1'), 'autopilot install agent', /both is installed on this host/);
  });

  test('neither of the two of a controller takes the other one down', async () => {
    const c1 = host('c1');
    const [agent = ''] = await pidsOf(c1, 'agent');
    const [controller = ''] = await pidsOf(c1, 'controller');
    const owner = await c1.machine.must(['stat', '-c', '%U', `/proc/${controller}`]);
    assert.equal(owner.trim(), 'autopilot');
    await c1.machine.must(['kill', '-KILL', controller]);
    await eventually(
      'another orchestrator',
      async () => {
        const [now] = await pidsOf(c1, 'controller');
        return now !== undefined && now !== controller;
      },
      WITHIN,
    );
    assert.deepEqual(await pidsOf(c1, 'agent'), [agent]);
    await c1.machine.must(['kill', '-KILL', agent]);
    await eventually(
      'another agent',
      async () => {
        const [now] = await pidsOf(c1, 'agent');
        return now !== undefined && now !== agent;
      },
      WITHIN,
    );
  });

  test('the first Plan updates the cluster', async () => {
    const plan = planManifest({
      name: 'autopilot',
      version: NEW_VERSION,
      platforms: { [thisPlatform()]: await cluster.offer({ version: NEW_VERSION }) },
    });
    await host('c1').machine.write('/root/plan.yaml', stringify(plan));
    const [script = ''] = commandsOf(PAGE, 'first-plan');
    // the orchestrator may not lead yet, and everything has to be known to it
    await must(host('c1'), script);
    const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded, 300_000);
    assert.equal(ended.status?.state, 'Completed', JSON.stringify(ended.status?.conditions));
    for (const one of cluster.hosts) {
      assert.equal((await one.k0sStatus()).version, NEW_VERSION, one.name);
    }
    await host('c1').machine.must(['rm', '/root/plan.yaml']);
  });

  test('kubectl finds the plugin on a controller, by its own name', async () => {
    const c1 = host('c1');
    const said = await must(c1, 'k0s kubectl autopilot status', [ADMIN]);
    assert.match(said, /^autopilot +Completed/m);
    assert.match(await must(c1, 'kubectl-autopilot --help'), /^Usage: kubectl autopilot /);
    const completed = await must(c1, 'kubectl_complete-autopilot doct', [ADMIN]);
    assert.match(completed, /^doctor$/m);
  });

  test('what runs listens nowhere but on the host itself', async () => {
    for (const one of cluster.hosts) {
      const pids = await pidsOf(one, '');
      assert.equal(pids.length, one.name === 'c1' ? 3 : 1, one.name);
      const { stdout } = await one.machine.run(['ss', '-ltnp']);
      const ours = stdout
        .split('\n')
        .filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
        .map((line) => line.trim().split(/\s+/)[3]);
      assert.deepEqual(ours, one.name === 'c1' ? ['127.0.0.1:9488'] : [], stdout);
    }
  });

  test('metrics are served to who has the token', async () => {
    const c1 = host('c1');
    const [script = ''] = commandsOf('usage/metrics.md', 'metrics-token');
    await must(c1, script);
    // without curl, which the host need not have
    const scrape = `exec 3<>/dev/tcp/127.0.0.1/9488
printf 'GET /metrics HTTP/1.0\\r\\nAuthorization: Bearer %s\\r\\n\\r\\n' "$1" >&3; cat <&3`;
    const asked = (token: string) => c1.machine.run(['bash', '-c', scrape, 'scrape', token]);
    const token = await c1.machine.must(['cat', '/etc/autopilot-controller/metrics-token']);
    await eventually(
      'the metrics',
      async () => /^autopilot_build_info\{/m.test((await asked(token.trim())).stdout),
      WITHIN,
    );
    assert.match((await asked('another one')).stdout, /^HTTP\/1\.1 401 /);
  });

  test('what the pages say of a host can be typed there', async () => {
    const [well = ''] = commandsOf('usage/agent.md', 'agent-host');
    // an agent of its own, as the page has it
    const said = await must(host('w1'), well);
    assert.match(said, /Active: active \(running\)/);
    const commands = new Set(
      commandsOf('usage/runbooks.md', 'runbook')
        .flatMap((block) => block.split('\n'))
        .filter((line) => / # on (the|that|host) /.test(line))
        .filter((line) => !/^k0s restore |^autopilot /.test(line)),
    );
    assert.ok(commands.size > 5, `${commands.size} commands`);
    for (const command of commands) {
      const at = host(command.includes(' c1') ? 'c1' : 'w1');
      // systemctl and journalctl know the service of a controller by its other name
      await must(at, at.name === 'c1' ? command.replace('autopilot-agent', 'autopilot') : command);
    }
  });

  test('an agent becomes one of edge mode, and a resident one again', async () => {
    const w1 = host('w1');
    const [edge = ''] = commandsOf('usage/agent.md', 'edge');
    await must(w1, edge);
    const state = await must(w1, 'systemctl is-active autopilot-agent-once.timer');
    assert.equal(state.trim(), 'active');
    assert.notEqual((await run(w1, 'systemctl is-active autopilot-agent')).code, 0);
    const [agent = ''] = commandsOf(PAGE, 'every-worker');
    await must(w1, agent);
    await must(w1, 'systemctl is-active autopilot-agent');
  });

  test('k0s can be given the manifests, on each controller', async () => {
    const [script = ''] = commandsOf(PAGE, 'k0s-manifests');
    await must(host('c1'), script);
    const found = await must(host('c1'), 'ls /var/lib/k0s/manifests/autopilot');
    assert.equal(found, 'install.yaml\n');
    await must(host('c1'), 'rm -r /var/lib/k0s/manifests/autopilot');
  });

  test('a newer program takes the place of the old one, and runs', async () => {
    const newer = join(cluster.folder, 'newer');
    await cp(program, newer);
    await appendFile(newer, 'newer');
    for (const { machine } of cluster.hosts) await machine.copyIn(newer, '/tmp/autopilot');
    const [first = ''] = commandsOf(UPGRADE, 'upgrade-cluster');
    assert.match(await must(host('c1'), first), /serverside-applied/);
    for (const [name, word] of [
      ['c1', 'upgrade-controller'],
      ['w1', 'upgrade-worker'],
      ['w2', 'upgrade-worker'],
    ] as const) {
      const one = host(name);
      const [script = ''] = commandsOf(UPGRADE, word);
      const [before = ''] = await pidsOf(one, 'agent');
      const said = await must(one, script);
      assert.match(said, /^replace \/usr\/local\/bin\/autopilot$/m);
      await eventually(
        'the newer one to run',
        async () => {
          const [now] = await pidsOf(one, 'agent');
          return now !== undefined && now !== before;
        },
        WITHIN,
      );
      await one.machine.must(['cmp', '/tmp/autopilot', PROGRAM]);
    }
    const [check = ''] = commandsOf(UPGRADE, 'upgrade-check');
    await eventually(
      'the doctor to find all well',
      async () => {
        const { code, stdout, stderr } = await run(host('c1'), check);
        if (code !== 0) throw new Error(`${stdout}${stderr}`);
        return true;
      },
      WITHIN,
    );
  });

  test('what was installed is taken away, and what was there stays', async () => {
    const [before = ''] = commandsOf(UPGRADE, 'uninstall-before');
    await must(host('c1'), before);
    const [script = ''] = commandsOf(UPGRADE, 'uninstall');
    await host('w1').machine.write('/etc/autopilot/agent.yaml', 'downgrade: Deny\n', 0o600);
    const kept = new Map<string, RegExp>([
      ['c1', /^kept \/var\/lib\/autopilot\/backups\//m],
      ['w1', /^kept \/etc\/autopilot\/agent\.yaml/m],
      ['w2', /^Autopilot is gone from this host/m],
    ]);
    for (const one of cluster.hosts) {
      await one.machine.must(['cp', PROGRAM, '/tmp/again']);
      const said = await must(one, script);
      assert.match(said, kept.get(one.name)!);
      await must(one, '/tmp/again uninstall --purge');
    }
    const [last = ''] = commandsOf(UPGRADE, 'uninstall-cluster');
    assert.match(await must(host('c1'), last), /customresourcedefinition\S+ "plans\.\S+" deleted/);
    for (const one of cluster.hosts) {
      const left = differences(before_.get(one.name)!, await filesOf(one.machine));
      // the update has changed k0s itself
      assert.deepEqual(
        left,
        ['~ /usr/local/bin/k0s'].filter((line) => left.includes(line)),
        one.name,
      );
      assert.equal((await one.k0sStatus()).version, NEW_VERSION, one.name);
      assert.deepEqual(await pidsOf(one, ''), []);
    }
  });
});
