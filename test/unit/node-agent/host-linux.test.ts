import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linuxHost } from '../../../src/node-agent/host-linux.ts';
import { eventually } from '../../support/eventually.ts';
import { noService } from '../../support/no-service.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'autopilot-host-'));
});
after(() => rmSync(folder, { recursive: true }));

const hostWith = (binary: string) =>
  linuxHost({
    binary,
    dataFolder: '/var/lib/k0s',
    statusSocket: '/run/k0s/status.sock',
    service: noService,
    downloadRules: () => {
      throw new Error('nothing is fetched here');
    },
  });
const { files, clock } = hostWith('/nowhere');
const path = (name: string) => join(folder, name);

describe('a file that is written piece by piece', () => {
  it('goes on from a byte on, and loses what was beyond it', async () => {
    writeFileSync(path('part'), 'k0s or something else', { mode: 0o755 });
    const sink = await files.openAt(path('part'), 3);
    const pieces = Array.from({ length: 50 }, (_, n) => Buffer.alloc(20_000 + n, 97 + (n % 26)));
    for (const piece of pieces) await sink.write(piece);
    await sink.sync();
    const whole = Buffer.concat([Buffer.from('k0s'), ...pieces]);
    assert.ok(readFileSync(path('part')).equals(whole), 'after sync');
    await sink.write(Buffer.from('end'));
    await sink.close();
    assert.ok(readFileSync(path('part')).equals(Buffer.concat([whole, Buffer.from('end')])));
    assert.equal(statSync(path('part')).mode & 0o777, 0o600, 'nobody may run it');
  });

  it('is made where there is none, readable by its owner alone', async () => {
    await (await files.openAt(path('new'), 0)).close();
    assert.equal(statSync(path('new')).mode & 0o777, 0o600);
  });

  it('is no hole where bytes should be, and no way to another file', async () => {
    writeFileSync(path('short'), 'k0s');
    await assert.rejects(files.openAt(path('short'), 4), /wanted at least 4 bytes in .* found 3/);
    symlinkSync(path('short'), path('link'));
    await assert.rejects(files.openAt(path('link'), 0), { code: 'ELOOP' });
    assert.equal(readFileSync(path('short'), 'utf8'), 'k0s');
  });
});

it('a file is read up to a byte', async () => {
  const content = Buffer.alloc(700_000, 'k0s');
  writeFileSync(path('long'), content);
  for (const [end, expected] of [
    [0, 0],
    [300_001, 300_001],
    [800_000, 700_000],
  ] as const) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of files.read(path('long'), end)) chunks.push(Buffer.from(chunk));
    assert.ok(Buffer.concat(chunks).equals(content.subarray(0, expected)));
  }
});

it('a host tells its room and its time', async () => {
  const free = await files.free(folder);
  assert.ok(free.bytes > 0 && (free.files ?? 1) > 0);
  assert.ok(Math.abs(clock.wallMs() - Date.now()) < 1000);
  const uptimeMs = Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;
  assert.ok(Math.abs(clock.uptimeMs() - uptimeMs) < 1000);
  const info = await files.stat(folder);
  assert.equal(info?.modifiedMs, statSync(folder).mtimeMs);
});

describe('a copy', () => {
  it('has mode and owner of another file', async () => {
    writeFileSync(path('live'), 'old', { mode: 0o755 });
    chmodSync(path('live'), 0o4755);
    writeFileSync(path('staged'), 'new', { mode: 0o600 });
    const like = await files.stat(path('live'));
    assert.ok(like);
    await files.copy(path('staged'), path('incoming'), { ...like, mode: 0o750 });
    assert.equal(readFileSync(path('incoming'), 'utf8'), 'new');
    assert.equal(statSync(path('incoming')).mode & 0o7777, 0o750);
    assert.equal(readFileSync(path('live'), 'utf8'), 'old');
  });

  it('has its capabilities as well', async (t) => {
    writeFileSync(path('live'), 'old', { mode: 0o755 });
    try {
      execFileSync('setcap', ['cap_net_raw+ep', path('live')], { stdio: 'ignore' });
    } catch {
      return t.skip('there is no setcap here, or nobody may use it');
    }
    const like = await files.stat(path('live'));
    assert.ok(like);
    await files.copy(path('staged'), path('incoming'), like);
    const said = execFileSync('getcap', [path('incoming')], { encoding: 'utf8' });
    assert.match(said, /cap_net_raw[=+]ep/);
  });
});

describe('a digest', () => {
  const OF_OLD = createHash('sha256').update('old').digest('hex');
  const OF_NEW = createHash('sha256').update('new').digest('hex');

  it('is of before while only the inode has changed, unless nobody may have touched the file', async () => {
    const time = new Date('2026-01-01T00:00:00Z');
    writeFileSync(path('k0s'), 'old');
    utimesSync(path('k0s'), time, time);
    assert.equal(await files.knownSha256(path('k0s')), OF_OLD);
    assert.equal(await files.untouchedSha256(path('k0s')), OF_OLD);
    // in the very same place, of the same size, and with its time put back
    const changedNs = () => statSync(path('k0s'), { bigint: true }).ctimeNs;
    const beforeNs = changedNs();
    await eventually('the clock of the filesystem to go on', () => {
      writeFileSync(path('k0s'), 'new');
      utimesSync(path('k0s'), time, time);
      return changedNs() !== beforeNs;
    });
    assert.equal(await files.knownSha256(path('k0s')), OF_OLD);
    assert.equal(await files.untouchedSha256(path('k0s')), OF_NEW);
    assert.equal(await files.untouchedSha256(path('nothing')), undefined);
  });

  it('what was read on purpose need not be read again', async () => {
    const { files } = hostWith(path('k0s'));
    const time = new Date('2026-01-01T00:00:00Z');
    writeFileSync(path('k0s'), 'old');
    utimesSync(path('k0s'), time, time);
    assert.equal(await files.sha256(path('k0s')), OF_OLD);
    // nobody but a liar changes the content and not the time: by it the answer is known to be remembered
    writeFileSync(path('k0s'), 'new');
    utimesSync(path('k0s'), time, time);
    assert.equal(await files.knownSha256(path('k0s')), OF_OLD);
    assert.equal(await files.sha256(path('k0s')), OF_NEW);
    assert.equal(await files.knownSha256(path('k0s')), OF_NEW);
    assert.equal(await files.sha256(path('nothing')), undefined);
  });
});

describe('k0s backup', () => {
  const binary = (script: string) => {
    writeFileSync(path('k0s'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    chmodSync(path('k0s'), 0o755);
    return hostWith(path('k0s')).k0s;
  };
  const into = () => {
    rmSync(path('backups'), { recursive: true, force: true });
    mkdirSync(path('backups'));
    writeFileSync(path('backups/older'), '');
    return path('backups');
  };

  it('is asked for with its folders, and found', async () => {
    const k0s = binary('echo "$@" > "$3/archive.tar.gz"');
    const made = await k0s.backup(into(), 5000);
    assert.equal(made, path('backups/archive.tar.gz'));
    const asked = `backup --save-path ${path('backups')} --data-dir /var/lib/k0s --status-socket /run/k0s/status.sock\n`;
    assert.equal(readFileSync(made, 'utf8'), asked);
  });

  it('that fails says what it printed last', async () => {
    const k0s = binary('echo begins; echo "etcd is away" >&2; exit 3');
    await assert.rejects(
      k0s.backup(into(), 5000),
      /k0s backup` ended with exit code 3: .*etcd is away$/s,
    );
  });

  it('that makes nothing is no backup', async () => {
    await assert.rejects(
      binary('exit 0').backup(into(), 5000),
      /wanted one new archive in .* found none/,
    );
  });

  it('that hangs is ended with all that it started', async () => {
    const k0s = binary(`sleep 60 & echo $! > ${path('pid')}; echo waiting; wait`);
    await assert.rejects(k0s.backup(into(), 300), /did not end within 0 s: waiting$/);
    const pid = readFileSync(path('pid'), 'utf8').trim();
    const state = existsSync(`/proc/${pid}/stat`)
      ? readFileSync(`/proc/${pid}/stat`, 'utf8')
      : ' Z ';
    assert.match(state, / Z /);
    assert.deepEqual(readdirSync(path('backups')), ['older']);
  });

  it('that cannot be run says why', async () => {
    await assert.rejects(
      hostWith('/nowhere/k0s').k0s.backup(into(), 300),
      /cannot be run: .*ENOENT/,
    );
  });
});
