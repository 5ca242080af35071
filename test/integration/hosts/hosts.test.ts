import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { INITS } from '../../../tools/hosts/recipe.ts';
import { whyNoHosts } from '../../../tools/hosts/setup.ts';
import { ArtifactServer } from '../../support/artifact-server.ts';
import { run } from '../../support/cluster/run.ts';
import { eventually } from '../../support/eventually.ts';
import { Host } from '../../support/hosts/host.ts';
import { HostNetwork } from '../../support/hosts/network.ts';

const skip = whyNoHosts() ?? false;
const MEBIBYTE = 1024 ** 2;
const FILE_BYTES = 2 * MEBIBYTE;
/** Seconds: for what is not to come about, and for what is. */
const SOON = 1;
const LATER = 20;

for (const base of INITS) {
  describe(`a host with ${base}`, { skip, timeout: 120_000 }, () => {
    let network: HostNetwork;
    let host: Host;
    let artifacts: ArtifactServer;
    let url: string;
    before(async () => {
      network = await HostNetwork.start();
      artifacts = await ArtifactServer.listen(network.addresses[0]!);
      host = await Host.make(network, { name: 'h1', base });
      await host.write('/root/served', Buffer.alloc(FILE_BYTES, 'x'));
      url = artifacts.add('/file', host.pathOnDisk('/root/served'));
    });
    after(async () => {
      await artifacts?.close();
      await network?.[Symbol.asyncDispose]();
    });

    test('boots in seconds, and is a machine of its own', async (t) => {
      const started = performance.now();
      await host.boot();
      t.diagnostic(`${base}: up after ${Math.round(performance.now() - started)} ms`);
      assert.equal((await host.must(['hostname'])).trim(), 'h1');
      assert.equal((await host.must(['id', '-u'])).trim(), '0');
      const said = await host.run(['sh', '-c', 'cat; echo no >&2; exit 3'], { input: 'yes' });
      assert.deepEqual(said, { code: 3, stdout: 'yes', stderr: 'no\n' });
      await assert.rejects(host.must(['false']), /on h1, false ended with 1/);
    });

    test('has files that can be read and written, on and off', async () => {
      await host.write('/srv/folder/file', 'one', 0o600);
      assert.equal(await host.must(['stat', '-c', '%a', '/srv/folder/file']), '600\n');
      await host.must(['sh', '-c', 'echo here >/run/volatile']);
      assert.equal(await host.read('/run/volatile'), 'here\n');
      await host.powerOff();
      assert.equal(host.isOn, false);
      assert.equal(await host.read('/srv/folder/file'), 'one');
      assert.equal(host.exists('/run/volatile'), false);
      await host.remove('/srv/folder');
      await host.boot();
      assert.equal((await host.run(['test', '-e', '/srv/folder'])).code, 1);
    });

    test('has another boot id after each boot, its own reboots included', async () => {
      const ids = [await host.bootId()];
      await host.reboot();
      ids.push(await host.bootId());
      await host.powerCut();
      await host.boot();
      ids.push(await host.bootId());
      assert.equal(new Set(ids).size, ids.length, ids.join(', '));
    });

    test('loses in a power cut what was not synced, and nothing else', async () => {
      await host.must(['sh', '-c', 'echo kept >/srv/synced && sync /srv/synced /srv']);
      await host.must(['sh', '-c', 'echo lost >/srv/not-synced']);
      await host.powerCut();
      assert.equal(await host.read('/srv/synced'), 'kept\n');
      assert.notEqual(
        host.exists('/srv/not-synced') && (await host.read('/srv/not-synced')),
        'lost\n',
      );
      await host.boot();
    });

    test('tells what a service has said', async () => {
      await install(host, 'greeter', "echo 'good morning'; exec sleep 1000");
      await eventually('the service to speak', async () =>
        (await host.journal('greeter')).includes('good morning'),
      );
    });

    test('stands still when it is frozen', async () => {
      const ticks = () => readFileSync(host.pathOnDisk('/srv/ticks'), 'utf8').length;
      await install(host, 'ticker', 'while :; do printf . >>/srv/ticks; sleep 0.01; done');
      await eventually('ticks', () => host.exists('/srv/ticks') && ticks() > 3);
      await host.freeze();
      const before = ticks();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(ticks(), before);
      host.thaw();
      await eventually('more ticks', () => ticks() > before);
    });

    test('is reached by SSH, with keys that are known', async () => {
      const { address, port, user, privateKeyFile, hostKey } = host.ssh;
      const known = join(network.folder, 'known_hosts');
      await writeFile(known, `${address} ${hostKey}\n`);
      const flags = ['-i', privateKeyFile, '-p', `${port}`, '-o', `UserKnownHostsFile=${known}`];
      assert.equal(await run('ssh', [...flags, `${user}@${address}`, 'hostname']), 'h1\n');
    });

    test('reaches this process, and does not when its cable or its default route is gone', async () => {
      assert.equal(await fetches(host, url), true);
      await host.cutOff();
      assert.equal(await fetches(host, url, SOON), false);
      await host.reconnect();
      assert.equal(await fetches(host, url), true);
      await host.must(['ip', 'route', 'delete', 'default']);
      assert.equal(await fetches(host, url, SOON), false);
      await host.reboot();
      assert.equal(await fetches(host, url), true, 'a reboot brings the route back');
    });

    test('has a link that can be slow, lossy, and steady again', async () => {
      const took = async () => {
        const started = performance.now();
        assert.equal(await fetches(host, url), true);
        return performance.now() - started;
      };
      await host.slow({ mbitPerSecond: 10 });
      const slow = await took();
      const expected = (FILE_BYTES * 8) / 10_000;
      assert.ok(slow > expected * 0.8, `${slow} ms, wanted ${expected}`);
      await host.steady();
      const fast = await took();
      assert.ok(fast < expected / 2, `${fast} ms`);
      await host.lose({ percent: 100 });
      assert.equal(await fetches(host, url, SOON), false);
      await host.lose({ percent: 2 });
      assert.equal(await fetches(host, url), true);
      await host.steady();
    });

    test('can run out of room on its disk, and has it back', async () => {
      await host.fill({ leaveBytes: MEBIBYTE });
      const free = await host.freeBytes();
      assert.ok(free <= MEBIBYTE, `${free} bytes are free`);
      const { code, stderr } = await host.run([
        'dd',
        'if=/dev/zero',
        'of=/srv/big',
        'bs=1M',
        'count=4',
      ]);
      assert.equal(code, 1);
      assert.match(stderr, /No space left on device/);
      await host.empty();
      await host.must(['dd', 'if=/dev/zero', 'of=/srv/big', 'bs=1M', 'count=4']);
    });
  });
}

describe('two hosts', { skip, timeout: 60_000 }, () => {
  test('reach each other, beside another network with hosts of the same names', async () => {
    await using one = await HostNetwork.start();
    await using other = await HostNetwork.start();
    assert.notEqual(one.subnet, other.subnet);
    const hosts = await Promise.all([
      Host.make(one, { name: 'a' }),
      Host.make(one, { name: 'b' }),
      Host.make(other, { name: 'a' }),
    ]);
    await Promise.all(hosts.map((host) => host.boot()));
    const [a, b, stranger] = hosts;
    assert.equal(await connects(a!, b!), true);
    assert.equal(await connects(a!, stranger!, SOON), false);
  });

  test('leave nothing behind when their process is killed', async () => {
    const main = join(import.meta.dirname, 'abandon.ts');
    const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [told] = await once(child.stdout, 'data');
    const { folder, initPid, subnet } = JSON.parse(String(told)) as Record<string, string>;
    assert.ok(existsSync(`/proc/${initPid}`));
    child.kill('SIGKILL');
    await eventually('its host to be gone', () => !existsSync(`/proc/${initPid}`));
    await eventually(
      'its network to be gone',
      async () => !(await run('ip', ['route'])).includes(`${subnet}.0/24`),
    );
    await using _next = await HostNetwork.start();
    assert.equal(existsSync(folder!), false, `${folder} is still there`);
    const mounts = readFileSync('/proc/self/mounts', 'utf8');
    assert.ok(!mounts.includes(folder!), mounts);
  });
});

/** Installs a service and starts it, in the way of the host's service manager. */
async function install(host: Host, name: string, script: string): Promise<void> {
  await host.write(`/usr/local/bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
  if (host.base === 'systemd') {
    const unit = `[Service]\nExecStart=/usr/local/bin/${name}\n`;
    await host.write(`/etc/systemd/system/${name}.service`, unit);
    await host.must(['systemctl', 'start', name]);
    return;
  }
  const log = `/var/log/${name}.log`;
  const text = `#!/sbin/openrc-run\nsupervisor=supervise-daemon\ncommand=/usr/local/bin/${name}\noutput_log=${log}\nerror_log=${log}\n`;
  await host.write(`/etc/init.d/${name}`, text, 0o755);
  await host.must(['rc-service', name, 'start']);
}

/** Hosts have no program for HTTP; bash can talk to a port. */
async function fetches(host: Host, url: string, withinSeconds = LATER): Promise<boolean> {
  const { hostname, port, pathname } = new URL(url);
  const request = `GET ${pathname} HTTP/1.0\\r\\n\\r\\n`;
  const script = `exec 3<>/dev/tcp/${hostname}/${port} && printf '${request}' >&3 && cat <&3 | wc -c`;
  const { stdout } = await host.run(['timeout', `${withinSeconds}`, 'bash', '-c', script]);
  return Number(stdout) > FILE_BYTES;
}

async function connects(host: Host, to: Host, withinSeconds = LATER): Promise<boolean> {
  const script = `exec 3<>/dev/tcp/${to.address}/22 && head -c 3 <&3`;
  return (await host.run(['timeout', `${withinSeconds}`, 'bash', '-c', script])).stdout === 'SSH';
}
