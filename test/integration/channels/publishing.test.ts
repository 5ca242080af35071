import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { judgeIndex, type SeenIndex } from '../../../src/channels/index-judge.ts';
import { makeKeys } from '../../../src/channels/secret-key.ts';
import { buildAutopilot } from '../../../tools/build.ts';
import {
  findMinisign,
  findNginx,
  findRsync,
  type Program,
} from '../../../tools/debian-program/find.ts';
import { tryRun } from '../../support/cluster/run.ts';
import { blocksOf } from '../../support/doc-blocks.ts';
import { type Nginx, startNginx } from '../../support/nginx.ts';
import { OldReader } from '../../support/old-reader.ts';

const PAGE = 'usage/publishing.md';
const PLACE = '/srv/channels';
const ADDRESS = 'https://updates.example.com';

const programs = { nginx: findNginx(), minisign: findMinisign(), rsync: findRsync() };
const why = Object.values(programs).find((one): one is { why: string } => 'why' in one)?.why;

describe('channels behind nginx', { skip: why, timeout: 300_000 }, () => {
  let folder: string;
  let channels: string;
  /** As Debian ships it, and as the page says. */
  let plain: Nginx;
  let wellSet: Nginx;
  let reader: OldReader;
  let publicKey: string;
  let program: string;
  const env: Record<string, string> = {};

  /** Runs a command of the page, with its places and addresses put to ours. */
  async function run(command: string): Promise<string> {
    const ours = command
      .replaceAll(PLACE, channels)
      .replaceAll(ADDRESS, wellSet.url)
      .replaceAll('/srv/mirror', join(folder, 'mirror'));
    const ran = await tryRun('sh', ['-euc', `cd ${folder}; ${ours}`], { env });
    assert.equal(ran.code, 0, `${ours}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autopilot-publishing-'));
    channels = join(folder, 'channels');
    program = await buildAutopilot();
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    shim(bin, 'autopilot', `exec ${process.execPath} ${program} "$@"`);
    for (const name of ['minisign', 'rsync'] as const) {
      shim(
        bin,
        name,
        `LD_LIBRARY_PATH=${librariesOf(programs[name])} exec ${binaryOf(programs[name])} "$@"`,
      );
    }
    env.PATH = `${bin}:${process.env.PATH}`;
    // any program of this machine will do; nothing of it is run
    for (const version of ['v1.36.3', 'v1.36.4', 'v1.36.5']) {
      await copyFile('/bin/true', join(folder, `k0s-${version}`));
      writeFileSync(join(folder, `k0s-${version}`), version, { flag: 'a' });
    }
    writeFileSync(join(folder, 'bundle-v1.36.3.tar'), 'images');
    writeFileSync(join(folder, 'other.key'), makeKeys().secret);
    mkdirSync(channels);
    plain = await startNginx(
      binaryOf(programs.nginx),
      join(folder, 'nginx-plain'),
      `log_format seen '$status $request_uri $http_k0s_clusterid';
      server { listen LISTEN; access_log LOG seen; root ${channels}; index index.html; }`,
    );
    const [block = ''] = blocksOf(PAGE, 'nginx');
    wellSet = await startNginx(
      binaryOf(programs.nginx),
      join(folder, 'nginx'),
      block
        .replace('listen 443 ssl;', 'listen LISTEN;')
        .replace(/^ *ssl_certificate.*\n/gm, '')
        .replace(`root ${PLACE};`, `root ${channels};`)
        .replace('/var/log/nginx/channels.log', 'LOG'),
    );
    reader = new OldReader();
  });
  after(async () => {
    await plain?.stop();
    await wellSet?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function signsStable(): readonly string[] {
    const key = join(folder, 'channel-2027.key');
    return [program, 'channel', 'sign', 'stable', '--folder', channels, '--key', key];
  }

  /** What a cluster of ours thinks of what a server hands out. */
  async function poll(url: string, channel: string, seen?: SeenIndex) {
    const response = await fetch(`${url}/${channel}/index.yaml`);
    const bytes = Buffer.from(await response.arrayBuffer());
    return judgeIndex({
      bytes,
      from: url,
      channel,
      trustedKeys: [publicKey],
      nowMs: Date.now(),
      seen,
    });
  }

  it('are made by the commands of the page, each of them', async () => {
    let commands = 0;
    for (const block of blocksOf(PAGE, 'sh')) {
      for (const line of block.trim().split('\n')) {
        await run(line);
        commands++;
      }
      if (publicKey === undefined) {
        publicKey = readFileSync(join(folder, 'channel.pub'), 'utf8').split('\n')[1] ?? '';
      }
    }
    assert.ok(commands >= 15, `${commands} commands`);
    assert.match(await run(`autopilot channel verify --folder ${PLACE}`), /all is as it should be/);
    // the page ends with another key
    publicKey = readFileSync(join(folder, 'channel-2027.pub'), 'utf8').split('\n')[1] ?? '';
  });
  it('are believed by us, whichever way nginx is set', async () => {
    for (const { url } of [plain, wellSet]) {
      const verdict = await poll(url, 'stable');
      assert.equal(verdict.kind, 'accepted', JSON.stringify(verdict));
    }
  });
  it('are the same at a mirror that was filled by rsync', () => {
    const read = (at: string) => readFileSync(join(folder, at, 'stable/index.yaml'), 'utf8');
    assert.equal(read('mirror'), read('channels'));
    assert.deepEqual(readdirSync(join(folder, 'mirror/stable')).sort(), [
      'index.html',
      'index.yaml',
    ]);
  });
  it("are read by k0s's own updaters, by both protocols, whichever way nginx is set", async () => {
    for (const { url } of [plain, wellSet]) {
      const periodic = await reader.read('periodic', url, 'stable');
      assert.equal(periodic.Version, 'v1.36.4+k0s.0');
      const [download] = periodic.DownloadURLs;
      assert.deepEqual([download.OS, download.Arch], ['linux', 'amd64']);
      assert.equal(download.K0SSha256, digestOf(join(folder, 'k0s-v1.36.4')));
      assert.equal(await digestAt(download.K0S), download.K0SSha256);
      const cron = await reader.read('cron', url, 'stable');
      assert.equal(cron.Version, 'v1.36.4+k0s.0');
      assert.equal(await digestAt(cron.DownloadURLs.k0s['linux-amd64']), download.K0SSha256);
    }
  });
  it('are read whether the headers of a poll arrive or are dropped', async () => {
    const polls = async (nginx: Nginx, pattern: RegExp) =>
      (await nginx.log()).filter(
        (line) => line.includes('/stable/index.yaml') && pattern.test(line),
      );
    assert.ok((await polls(plain, /^200 .* -$/)).length > 0, 'dropped by default');
    assert.ok(
      (await polls(wellSet, / 200 .* kube-system:0b4b5ac4\S* v1\.36\.1\+k0s\.0$/)).length > 0,
    );
    assert.equal((await polls(plain, /kube-system/)).length, 0);
  });
  it("have a redirect for the cron protocol by nginx's defaults, and none as the page says", async () => {
    const ask = (nginx: Nginx) => fetch(`${nginx.url}/stable?clusterID=x`, { redirect: 'manual' });
    const redirect = await ask(plain);
    assert.equal(redirect.status, 301);
    assert.match(redirect.headers.get('location') ?? '', /\/stable\/\?clusterID=x$/);
    assert.equal((await ask(wellSet)).status, 200);
  });
  it('do not show drafts and former publications as the page says', async () => {
    for (const path of [
      '/.autopilot/channels.yaml',
      '/stable/.current/index.yaml',
      '/stable/.publications/',
    ]) {
      assert.equal((await fetch(`${wellSet.url}${path}`)).status, 404, path);
    }
  });
  it('are not sent again to who has them, and are after the next publication', async () => {
    const first = await fetch(`${wellSet.url}/edge/index.yaml`);
    await first.text();
    const etag = first.headers.get('etag') ?? '';
    const ask = () =>
      fetch(`${wellSet.url}/edge/index.yaml`, { headers: { 'if-none-match': etag } });
    assert.equal((await ask()).status, 304);
    await run(`autopilot channel sign edge --folder ${PLACE} --key channel-2027.key`);
    const again = await ask();
    assert.equal(again.status, 200);
    await again.text();
  });
  it('are whole at every moment while they are published, and when the publisher is killed', async () => {
    let isDone = false;
    let reads = 0;
    const epochs = new Set<number>();
    const read = async () => {
      let seen: SeenIndex | undefined;
      while (!isDone) {
        const verdict = await poll(wellSet.url, 'stable', seen);
        if (verdict.kind === 'refused') assert.fail(`${verdict.reason}: ${verdict.message}`);
        seen = verdict.seen;
        epochs.add(seen?.epoch ?? 0);
        const cron = await fetch(`${wellSet.url}/stable`);
        assert.match(await cron.text(), /^version: v1\.36\.4\+k0s\.0\n/);
        reads++;
      }
    };
    const readers = Promise.allSettled([read(), read()]);
    const args = signsStable();
    let killed = 0;
    for (const change of [1, 1, 2, 3, 4]) {
      if (await killedAt(change, join(channels, 'stable/.publications'), args)) killed++;
    }
    assert.ok(killed > 0, 'a publisher is killed at its work');
    const last = await tryRun(process.execPath, args);
    assert.equal(last.code, 0, last.stderr);
    isDone = true;
    for (const one of await readers) if (one.status === 'rejected') throw one.reason;
    assert.ok(reads > 10 && epochs.size > 1, `${reads} reads, ${epochs.size} epochs`);
    assert.match(await run(`autopilot channel verify --folder ${PLACE}`), /all is as it should be/);
    console.log(`${reads} reads, ${epochs.size} epochs, ${killed} publishers killed`);
  });
  it('are published by one of two who try at once', async () => {
    const args = signsStable();
    const before = await poll(wellSet.url, 'stable');
    const all = await Promise.all(Array.from({ length: 4 }, () => tryRun(process.execPath, args)));
    const published = all.filter(({ code }) => code === 0).length;
    for (const { code, stderr } of all) {
      if (code !== 0) assert.match(stderr, /found another autopilot channel at work there/);
    }
    const after = await poll(wellSet.url, 'stable');
    assert.ok(before.kind === 'accepted' && after.kind === 'accepted');
    assert.equal(after.seen!.epoch - before.seen!.epoch, published);
  });
  const on = `--folder ${PLACE}`;
  for (const [sentence, command, code, message] of [
    [
      'a folder that is none',
      'verify --folder /tmp',
      1,
      /wanted a folder of channels at \/tmp, found no .autopilot\/channels.yaml in it: autopilot channel init makes one/,
    ],
    [
      'a channel that there is not',
      `sign edgy ${on}`,
      1,
      /wanted one of the channels edge, stable, found edgy/,
    ],
    [
      'a version that is none',
      `add edge latest ${on} --k0s linux-amd64=./k0s-v1.36.4`,
      2,
      /wanted a k0s version such as v1.36.4\+k0s.0, found "latest"/,
    ],
    [
      'no binary',
      `add edge v1.36.6+k0s.0 ${on}`,
      2,
      /--k0s: wanted at least one, such as linux-amd64=.\/k0s/,
    ],
    [
      'a binary without its platform',
      `add edge v1.36.6+k0s.0 ${on} --k0s ./k0s-v1.36.4`,
      2,
      /--k0s: wanted a platform and a file, .* found ".\/k0s-v1.36.4"/,
    ],
    [
      'a bundle of a platform without a binary',
      `add edge v1.36.6+k0s.0 ${on} --k0s linux-amd64=./k0s-v1.36.4 --airgap linux-arm64=x`,
      2,
      /--airgap: wanted a platform of --k0s, found linux-arm64/,
    ],
    [
      'a binary of another machine',
      `add edge v1.36.6+k0s.0 ${on} --k0s linux-s390x=./k0s-v1.36.4`,
      1,
      /k0s-v1.36.4: wanted linux-s390x, found ELF for linux-/,
    ],
    [
      'a bundle as a binary',
      `add edge v1.36.6+k0s.0 ${on} --k0s linux-amd64=./bundle-v1.36.3.tar`,
      1,
      /wanted an ELF program/,
    ],
    [
      'a file that there is not',
      `add edge v1.36.6+k0s.0 ${on} --k0s linux-amd64=./nothing`,
      1,
      /wanted an artifact at .\/nothing, found no file/,
    ],
    [
      'other files for a release that is served',
      `add edge v1.36.4+k0s.0 ${on} --k0s linux-amd64=./k0s-v1.36.3`,
      1,
      /a file that is served is not replaced by another one/,
    ],
    [
      'a CVE that is none',
      `add edge v1.36.6+k0s.0 ${on} --k0s linux-amd64=./k0s-v1.36.4 --cve 1234`,
      2,
      /cves.0: wanted an id such as CVE-2026-1234/,
    ],
    [
      'a day that is none',
      `add edge v1.36.6+k0s.0 ${on} --k0s linux-amd64=./k0s-v1.36.4 --eol 2027-02-30`,
      2,
      /eol: wanted a day such as 2027-06-28/,
    ],
    ['a block without a reason', `block stable v1.36.4+k0s.0 ${on}`, 2, /--reason: wanted why/],
    [
      'a block of a range that is none',
      `block stable v1.36.4+k0s.0 --reason x --from old ${on}`,
      2,
      /--from: wanted a range such as "<v1.36.3", found "old"/,
    ],
    [
      'the promotion of what is not there',
      `promote v1.30.0+k0s.0 --from edge --to stable ${on}`,
      1,
      /edge: wanted v1.30.0\+k0s.0 among its releases, found v1.36/,
    ],
    [
      'a key that is not trusted any more',
      `sign edge --key other.key ${on}`,
      1,
      /at the end of the new index of edge, found one of key/,
    ],
    [
      'a key that is none',
      `sign edge --key bundle-v1.36.3.tar ${on}`,
      2,
      /--key bundle-v1.36.3.tar: wanted a secret key of minisign/,
    ],
    ['a key in place of another', 'keygen channel', 2, /wanted to make a new file: EEXIST/],
    [
      'a severity of its own',
      `add edge v1.36.6+k0s.0 ${on} --severity bad`,
      2,
      /Allowed choices are none, low, moderate, high, critical/,
    ],
    [
      'a key to trust that is none',
      `init more ${on} --trust RWx`,
      2,
      /--trust: wanted a minisign public key, .* found none in RWx/,
    ],
    [
      'a channel that leads out',
      `init ../more ${on}`,
      1,
      /wanted the name of a channel such as stable or stable\/v1.36, found "..\/more"/,
    ],
    [
      'a port that is taken',
      `serve ${on} --port 1 --address 192.0.2.1`,
      1,
      /cannot listen at 192.0.2.1:1/,
    ],
  ] as const) {
    it(`are not changed by ${sentence}, and it says so`, async () => {
      const before = readFileSync(join(channels, 'edge/index.yaml'), 'utf8');
      const ours = `cd ${folder}; autopilot channel ${command}`.replaceAll(PLACE, channels);
      const ran = await tryRun('sh', ['-euc', ours], { env });
      assert.match(ran.stderr, message);
      assert.equal(ran.code, code, ran.stderr);
      assert.equal(readFileSync(join(channels, 'edge/index.yaml'), 'utf8'), before);
    });
  }
  it('are served by our own server for a lab as well, with ranges', async () => {
    const { startStaticServer } = await import('../../../src/channels/static-server.ts');
    const server = await startStaticServer({
      root: channels,
      address: '127.0.0.1',
      port: 0,
      onAnswer: () => undefined,
    });
    try {
      const url = server.url.replace(/\/$/, '');
      assert.equal((await poll(url, 'stable')).kind, 'accepted');
      assert.equal((await reader.read('periodic', url, 'stable')).Version, 'v1.36.4+k0s.0');
      assert.equal((await reader.read('cron', url, 'stable')).Version, 'v1.36.4+k0s.0');
    } finally {
      await server.close();
    }
  });
});

/** Kills it at the n-th change that it makes in a folder. @returns whether it was still at work */
async function killedAt(change: number, folder: string, args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  let left = change;
  const watcher = watch(folder, () => {
    if (--left === 0) child.kill('SIGKILL');
  });
  const [code] = await once(child, 'close');
  watcher.close();
  return code === null;
}

function binaryOf(program: Program): string {
  return 'binary' in program ? program.binary : '';
}

/** Of a package that was unpacked; none for a program that is installed. */
function librariesOf(program: Program): string {
  const usr = dirname(dirname(binaryOf(program)));
  return usr === '/usr'
    ? ''
    : readdirSync(join(usr, 'lib'))
        .map((triple) => join(usr, 'lib', triple))
        .join(':');
}

function shim(folder: string, name: string, line: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(folder, name), 0o755);
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

async function digestAt(url: string): Promise<string> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex');
}
