import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { ChannelFolder } from '../../../src/channels/channel-folder-store.ts';
import { artifactPath } from '../../../src/channels/folder-names.ts';
import { judgeIndex, type SeenIndex } from '../../../src/channels/index-judge.ts';
import { parseCronDocument } from '../../../src/channels/index-parse.ts';
import type { Release } from '../../../src/channels/index-schema.ts';
import type { Change } from '../../../src/channels/publication.ts';
import { LOCAL_DISK, type PublishDisk } from '../../../src/channels/publish-disk-linux.ts';
import { whileLocked } from '../../../src/channels/publish-lock-linux.ts';
import { makeKeys, makeSignature, parseSecretKey } from '../../../src/channels/secret-key.ts';
import { verifyChannel } from '../../../src/channels/verify-folder-store.ts';
import { storeRelease } from '../../support/channel-release.ts';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 0x7fffffff));
const numRuns = Number(process.env.TEST_RUNS ?? 30);
const NOW_MS = Date.UTC(2026, 10, 28, 2);
const DAY_MS = 86_400_000;
const URL_BASE = 'https://updates.example.com/k0s/';
const root = mkdtempSync(join(tmpdir(), 'channels-'));
after(() => rmSync(root, { recursive: true, force: true }));

function pair() {
  const made = makeKeys();
  const parsed = parseSecretKey(made.secret);
  return parsed.kind === 'key' ? parsed.key : assert.fail();
}
const key = pair();
const other = pair();

let folders = 0;
async function aFolder(trustedKeys: readonly string[] = [key.publicKey]): Promise<string> {
  const path = join(root, String(folders++));
  const config = {
    url: URL_BASE,
    channels: ['edge', 'stable'],
    trustedKeys: [...trustedKeys],
    validDays: 14,
  };
  await ChannelFolder.configure(path, config);
  return path;
}

const aRelease = (folder: string, version: string) => storeRelease(folder, URL_BASE, version);
const add = (folder: string, version: string, older = false): Change => ({
  kind: 'add',
  release: aRelease(folder, version),
  older,
});

function fileOf(folder: string, release: Release): string {
  return join(folder, artifactPath('k0s', release.version, 'linux-amd64'));
}

const refusal = (pattern: RegExp) => (thrown: unknown) => {
  assert.match(String(thrown), pattern);
  assert.equal((thrown as { reason?: string }).reason, 'PublicationRefused');
  return true;
};

/** What a web server would hand out at this moment. */
function served(folder: string, channel: string, name: string): Buffer | undefined {
  const file = join(folder, channel, name);
  return existsSync(file) ? readFileSync(file) : undefined;
}

describe('a folder of channels', () => {
  it('publishes a signed index, the cron document beside it, and verifies', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const outcome = await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key });
    assert.equal(outcome.kind, 'published');
    const verdict = judgeIndex({
      bytes: served(path, 'edge', 'index.yaml') ?? assert.fail(),
      from: 'here',
      channel: 'edge',
      trustedKeys: [key.publicKey],
      nowMs: NOW_MS,
    });
    assert.equal(verdict.kind, 'accepted');
    assert.equal(
      parseCronDocument(served(path, 'edge', 'index.html') ?? assert.fail(), 'here').kind,
      'read',
    );
    assert.deepEqual((await verifyChannel(folder, 'edge', NOW_MS)).flaws, []);
  });
  it('keeps a draft where a signature is demanded and there is no key, until it is signed', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const drafted = await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS });
    assert.equal(drafted.kind, 'drafted');
    assert.equal(served(path, 'edge', 'index.yaml'), undefined);
    await folder.change('edge', add(path, 'v1.36.5+k0s.0'), { nowMs: NOW_MS });
    const signed = await folder.change('edge', { kind: 'renew' }, { nowMs: NOW_MS + 5000, key });
    assert.equal(signed.kind === 'published' && signed.extended.releases.length, 2);
    assert.equal(signed.kind === 'published' && signed.extended.issued, NOW_MS + 5000);
    assert.equal(await folder.draft('edge', await folder.standing('edge')), undefined);
  });
  it('takes a signature that was made elsewhere', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const drafted = await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS });
    const bytes = readFileSync(drafted.kind === 'drafted' ? drafted.file : assert.fail());
    const digest = createHash('blake2b512').update(bytes).digest();
    const comments = { untrusted: 'a', trusted: 'b' };
    await assert.rejects(
      folder.publishDraft('edge', makeSignature(other, digest, comments), NOW_MS),
      refusal(/wanted a signature of key .* at the end of the new index of edge, found one of key/),
    );
    assert.equal(served(path, 'edge', 'index.yaml'), undefined);
    await folder.publishDraft('edge', makeSignature(key, digest, comments), NOW_MS);
    assert.deepEqual((await verifyChannel(folder, 'edge', NOW_MS)).flaws, []);
    await assert.rejects(
      folder.publishDraft('edge', '', NOW_MS),
      refusal(/wanted a draft .* found none/),
    );
  });
  it('publishes unsigned where nobody demands more', async () => {
    const path = await aFolder([]);
    const folder = await ChannelFolder.open(path);
    const outcome = await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS });
    assert.equal(outcome.kind, 'published');
  });
  it('moves a release to another channel, with the day on which it came out', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const release = aRelease(path, 'v1.36.4+k0s.0');
    await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key });
    assert.deepEqual(await folder.releaseOf('edge', 'v1.36.4+k0s.0'), release);
    await assert.rejects(
      folder.releaseOf('edge', 'v1.36.5+k0s.0'),
      refusal(/edge: wanted v1.36.5\+k0s.0 among its releases, found v1.36.4\+k0s.0/),
    );
    await folder.change(
      'edge',
      { kind: 'block', version: 'v1.36.4+k0s.0', reason: 'bad' },
      { nowMs: NOW_MS, key },
    );
    await assert.rejects(
      folder.releaseOf('edge', 'v1.36.4+k0s.0'),
      refusal(/is blocked there: bad/),
    );
  });
  it('is valid to block a release whose file is bad, and to do nothing else', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const bad = aRelease(path, 'v1.36.4+k0s.0');
    await folder.change('edge', add(path, 'v1.36.3+k0s.0'), { nowMs: NOW_MS, key });
    await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key });
    const file = fileOf(path, bad);
    writeFileSync(file, 'k0s v1.36.4+evil');
    await assert.rejects(
      folder.change('edge', { kind: 'renew' }, { nowMs: NOW_MS, key }),
      refusal(/wanted 17 bytes in .*, found 16/),
    );
    writeFileSync(file, 'k0s v1.36.4+evil0');
    await assert.rejects(
      folder.change('edge', { kind: 'renew' }, { nowMs: NOW_MS, key }),
      refusal(/wanted sha256 .*: it was changed after it was added/),
    );
    rmSync(file);
    await assert.rejects(
      folder.change('edge', { kind: 'renew' }, { nowMs: NOW_MS, key }),
      refusal(/which is served at .*, found no file/),
    );
    const outcome = await folder.change(
      'edge',
      { kind: 'block', version: bad.version, reason: 'evil' },
      { nowMs: NOW_MS, key },
    );
    assert.equal(outcome.kind, 'published');
    assert.match(served(path, 'edge', 'index.yaml')?.toString() ?? '', /^version: v1\.36\.3/m);
  });
  it('refuses a release whose files lie elsewhere', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const release = aRelease(path, 'v1.36.4+k0s.0');
    const [download] = release.downloadURLs;
    for (const url of [
      'https://other.example.com/k0s',
      `${URL_BASE}../k0s`,
      `${URL_BASE}%2e%2e/k0s`,
      'https://updates.example.com/k0s-evil/x',
    ]) {
      const elsewhere = { ...release, downloadURLs: [{ ...download!, k0s: url }] };
      await assert.rejects(
        folder.change(
          'edge',
          { kind: 'add', release: elsewhere, older: false },
          { nowMs: NOW_MS, key },
        ),
        refusal(
          /wanted a file below https:\/\/updates.example.com\/k0s\/, found the address|found no file/,
        ),
      );
    }
  });
  it('refuses a key that it does not trust', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    await assert.rejects(
      folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key: other }),
      refusal(/found one of key/),
    );
    assert.equal(served(path, 'edge', 'index.yaml'), undefined);
  });
  it('builds upon nothing that somebody else has written, unless it is told to', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key });
    const file = join(path, 'edge/index.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('severity: none', 'severity: high'));
    await assert.rejects(
      folder.change('edge', { kind: 'renew' }, { nowMs: NOW_MS, key }),
      refusal(/what stands does not verify: .* --adopt takes it as it is/),
    );
    assert.match(
      (await verifyChannel(folder, 'edge', NOW_MS)).flaws[0] ?? '',
      /^IndexSignatureInvalid: /,
    );
    const adopted = await folder.change(
      'edge',
      { kind: 'renew' },
      { nowMs: NOW_MS, key, adopt: true },
    );
    assert.equal(adopted.kind === 'published' && adopted.extended.epoch, 2);
  });
  it('tells that a cron document is of another publication', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key });
    writeFileSync(join(path, 'edge/index.html'), 'version: v1.0.0\n');
    assert.deepEqual((await verifyChannel(folder, 'edge', NOW_MS)).flaws, [
      'the file of the cron protocol does not say what the index says',
    ]);
  });
  it('says when an index has expired, and before that it will', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    await folder.change('edge', add(path, 'v1.36.4+k0s.0'), { nowMs: NOW_MS, key });
    assert.match(
      (await verifyChannel(folder, 'edge', NOW_MS + 14 * DAY_MS)).flaws[0] ?? '',
      /^IndexExpired/,
    );
    assert.match(
      (await verifyChannel(folder, 'edge', NOW_MS + 11 * DAY_MS)).notes[0] ?? '',
      /^expires at/,
    );
  });
  it('goes on from a higher epoch after it was restored', async () => {
    const path = await aFolder();
    const folder = await ChannelFolder.open(path);
    const outcome = await folder.change('edge', add(path, 'v1.36.4+k0s.0'), {
      nowMs: NOW_MS,
      key,
      epoch: 41,
    });
    assert.equal(outcome.kind === 'published' && outcome.extended.epoch, 41);
    const after = await folder.change('edge', { kind: 'renew' }, { nowMs: NOW_MS, key });
    assert.equal(after.kind === 'published' && after.extended.epoch, 42);
  });
  it('is published into by one at a time', async () => {
    const path = await aFolder();
    await whileLocked(path, async () => {
      await assert.rejects(
        whileLocked(path, async () => undefined),
        refusal(/found another autopilot channel at work there/),
      );
    });
    await whileLocked(path, async () => undefined);
  });
  it('has a channel within another', async () => {
    const path = await aFolder();
    await ChannelFolder.configure(path, {
      url: URL_BASE,
      channels: ['stable', 'stable/v1.36'],
      trustedKeys: [key.publicKey],
      validDays: 14,
    });
    const folder = await ChannelFolder.open(path);
    for (const channel of ['stable', 'stable/v1.36', 'stable']) {
      const version = channel === 'stable' ? 'v1.37.0+k0s.0' : 'v1.36.4+k0s.0';
      await folder.change(channel, add(path, version), { nowMs: NOW_MS, key });
      assert.deepEqual((await verifyChannel(folder, channel, NOW_MS)).flaws, []);
    }
  });
  for (const [sentence, yaml, message] of [
    [
      'a channel that leads out',
      'url: https://a\nchannels: [../x]\n',
      /channels.yaml:2:12: channels\[0\]: wanted the name of a channel such as stable or stable\/v1.36, found "..\/x"/,
    ],
    [
      'a channel of our own name',
      'url: https://a\nchannels: [artifacts]\n',
      /this name is that of a folder of ours/,
    ],
    ['no channel', 'url: https://a\n', /channels: wanted a list of channels, it is missing/],
    [
      'a key that is none',
      'url: https://a\nchannels: [a]\ntrustedKeys: [RWx]\n',
      /trustedKeys\[0\]: wanted a minisign public key, which begins with RW, found "RWx"/,
    ],
    [
      'an address with a secret',
      'url: https://u:p@a\nchannels: [a]\n',
      /url: wanted an http or https URL without user/,
    ],
    [
      'a field that is not known',
      'url: https://a\nchannels: [a]\nkeys: []\n',
      /channels.yaml:1:1: /,
    ],
    ['no YAML', 'url: [', /channels.yaml:1:/],
  ] as const) {
    it(`refuses a configuration with ${sentence}`, async () => {
      const path = await aFolder();
      writeFileSync(join(path, '.autopilot/channels.yaml'), yaml);
      await assert.rejects(ChannelFolder.open(path), refusal(message));
    });
  }
});

/** Ends after so many calls that change something, as a killed process does: nothing is done after it. */
function dyingDisk(calls: number, onChange: () => void): PublishDisk {
  let left = calls;
  const dies = <A extends unknown[]>(act: (...args: A) => Promise<void>) => {
    return async (...args: A): Promise<void> => {
      if (left-- <= 0) throw new Error('dead');
      await act(...args);
      onChange();
    };
  };
  return {
    ...LOCAL_DISK,
    makeFolder: dies(LOCAL_DISK.makeFolder),
    write: dies(LOCAL_DISK.write),
    link: dies(LOCAL_DISK.link),
    rename: dies(LOCAL_DISK.rename),
    remove: dies(LOCAL_DISK.remove),
  };
}

const VERSIONS = ['v1.35.9+k0s.0', 'v1.36.3+k0s.0', 'v1.36.4+k0s.0', 'v1.36.4+k0s.1'] as const;
const step = fc.record({
  act: fc.constantFrom('add', 'promote', 'block', 'lift', 'renew', 'remove'),
  version: fc.constantFrom(...VERSIONS),
  channel: fc.constantFrom('edge', 'stable'),
  withKey: fc.boolean(),
  /** Most changes make some 15 calls. */
  dieAfter: fc.oneof(fc.nat(16), fc.constant(1000)),
});

describe('any sequence of changes and crashes', () => {
  it(`leaves a folder that verifies at every moment, and an epoch that never goes back (seed ${seed})`, async () => {
    let [died, published, moments] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const path = await aFolder();
        const seen = new Map<string, SeenIndex>();
        let nowMs = NOW_MS;
        const look = () => {
          for (const channel of ['edge', 'stable']) {
            const bytes = served(path, channel, 'index.yaml');
            if (bytes === undefined) {
              assert.ok(!seen.has(channel), `${channel} has gone`);
              continue;
            }
            moments++;
            const verdict = judgeIndex({
              bytes,
              from: 'here',
              channel,
              trustedKeys: [key.publicKey],
              nowMs,
              seen: seen.get(channel),
            });
            if (verdict.kind === 'refused') assert.fail(verdict.message);
            if (verdict.seen !== undefined) seen.set(channel, verdict.seen);
            const cron = served(path, channel, 'index.html');
            const said = cron === undefined ? undefined : parseCronDocument(cron, 'here');
            if (said?.kind === 'refused') assert.fail(said.message);
            assert.equal(
              said?.update.version,
              verdict.index.version,
              'both protocols say the same',
            );
          }
        };
        for (const { act, version, channel, withKey, dieAfter } of steps) {
          nowMs += 1000;
          const folder = await ChannelFolder.open(path, dyingDisk(dieAfter, look));
          try {
            const release =
              act === 'promote' ? await folder.releaseOf('edge', version) : aRelease(path, version);
            const change: Change =
              act === 'add' || act === 'promote'
                ? { kind: 'add', release, older: true }
                : act === 'block'
                  ? { kind: 'block', version, reason: 'bad' }
                  : act === 'renew'
                    ? { kind: 'renew' }
                    : { kind: act, version };
            const outcome = await folder.change(act === 'promote' ? 'stable' : channel, change, {
              nowMs,
              key: withKey ? key : undefined,
            });
            if (outcome.kind === 'published') published++;
          } catch (thrown) {
            if (String(thrown).includes('dead')) died++;
            else refusal(/./)(thrown);
          }
          look();
        }
        const folder = await ChannelFolder.open(path);
        for (const channel of ['edge', 'stable']) {
          assert.deepEqual((await verifyChannel(folder, channel, nowMs)).flaws, []);
          const before = seen.get(channel)?.epoch ?? 0;
          const after = await folder.change(
            channel,
            { kind: 'renew' },
            { nowMs: nowMs + 1000, key },
          );
          assert.ok(
            after.kind === 'published' && after.extended.epoch > before,
            'goes on after any crash',
          );
        }
      }),
      { seed, numRuns },
    );
    assert.ok(died > 0 && published > 0, `${died} crashes, ${published} publications`);
    console.log(`${died} crashes, ${published} publications, ${moments} looks`);
  });
});
