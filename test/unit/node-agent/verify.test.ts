import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DownloadError } from '../../../src/artifacts/errors.ts';
import { beginSignal, EMPTY_JOURNAL } from '../../../src/node-agent/journal.ts';
import { verify } from '../../../src/node-agent/steps/verify.ts';
import type { Order } from '../../../src/signals/order.ts';
import { aHost, anOrder, LAYOUT, NEW, NEW_VERSION, URL_OF_NEW } from '../../support/agent-drive.ts';
import { sha256Of } from '../../support/sha256.ts';
import { binaryOf } from '../../support/simulated-binary.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/minisign');
const fixture = (name: string) => readFileSync(join(FIXTURES, name), 'latin1');
const PLATFORM = `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;
const SIGNED = { required: true, trustedKeys: [fixture('release.pub')] };
const UNSIGNED = { required: false, trustedKeys: [] };

interface Case {
  readonly content: string;
  readonly artifact?: Partial<Order['artifact']>;
  readonly signatures?: typeof SIGNED | typeof UNSIGNED;
  readonly signature?: string | DownloadError;
  readonly downgrade?: 'Allow' | 'Deny';
  readonly platform?: string;
}

async function judge({
  content,
  artifact = {},
  signatures = UNSIGNED,
  signature,
  downgrade = 'Allow',
  platform = PLATFORM,
}: Case) {
  const host = aHost();
  host.overwrite(LAYOUT.partial, content);
  host.overwrite(LAYOUT.partialRecord, '{}');
  if (signature !== undefined) host.web.set(`${URL_OF_NEW}.minisig`, signature);
  const order = anOrder();
  const now = { bootId: host.clock.bootId(), uptimeMs: host.clock.uptimeMs() };
  const whole = { ...order, artifact: { ...order.artifact, ...artifact } };
  const { signal } = beginSignal(EMPTY_JOURNAL, whole, now);
  assert.ok(signal);
  const file = {
    sizeBytes: content.length,
    sha256: sha256Of(content),
    blake2b512: createHash('blake2b512').update(content, 'latin1').digest('hex'),
    url: URL_OF_NEW,
    fileName: undefined,
  };
  const verified = await verify(host, LAYOUT, signal, file as never, {
    policy: { signatures, downgrade },
    platform,
    abort: new AbortController().signal,
    random: () => 0.5,
  });
  const failure = verified.kind === 'failed' ? verified.failure : undefined;
  return { host, verified, failure, left: left(host) };
}

/** Which of the files in the staging folder are there. */
function left(host: ReturnType<typeof aHost>): string {
  const { partial, partialRecord, staged } = LAYOUT;
  return Object.entries({ partial, partialRecord, staged })
    .filter(([, path]) => host.content(path) !== undefined)
    .map(([name]) => name)
    .join(' ');
}

describe('a downloaded artifact', () => {
  it('that is sound is staged, and nothing of the download is left', async () => {
    const { host, verified, left } = await judge({ content: NEW });
    assert.deepEqual(verified, { kind: 'verified' });
    assert.equal(left, 'staged');
    assert.deepEqual(host.executed, [NEW]);
  });

  const gone = new DownloadError('404 at https://releases/k0s.minisig', { retryable: false });
  const other = binaryOf('v1.36.0+k0s.0');
  for (const [sentence, given, reason, message, executed] of [
    [
      'with another digest',
      { content: NEW, artifact: { sha256: 'a'.repeat(64) } },
      'ChecksumMismatch',
      /^wanted sha256 aaa/,
      0,
    ],
    [
      'that is a page',
      { content: '<html>' },
      'NotExecutable',
      /^wanted an ELF program, found an HTML page$/,
      0,
    ],
    ['that is cut off', { content: NEW.slice(0, -4) }, 'NotExecutable', /^cut off: /, 0],
    [
      'for another machine',
      { content: NEW, platform: 'linux-riscv64' },
      'WrongArchitecture',
      /^wanted linux-riscv64, found ELF for linux-/,
      0,
    ],
    [
      'without a signature',
      { content: NEW, signatures: SIGNED, signature: gone },
      'SignatureInvalid',
      /at https:\/\/releases\/k0s\.minisig, found none: 404/,
      0,
    ],
    [
      'with the signature of another file',
      { content: NEW, signatures: SIGNED, signature: fixture('artifact.minisig') },
      'SignatureInvalid',
      /not of this content$/,
      0,
    ],
    [
      'with an endless signature',
      { content: NEW, signatures: SIGNED, signature: 'x'.repeat(5000) },
      'SignatureInvalid',
      /more than 4096 bytes/,
      0,
    ],
    [
      'of another version',
      { content: other },
      'VersionMismatch',
      /says it is "v1\.36\.0\+k0s\.0"$/,
      1,
    ],
    [
      'that is older than its forced order says',
      { content: other, artifact: { force: true }, downgrade: 'Deny' },
      'DowngradeForbidden',
      /^wanted v1\.36\.1\+k0s\.0, which runs here, or a later version, found v1\.36\.0\+k0s\.0$/,
      1,
    ],
  ] as const satisfies readonly (readonly [string, Case, string, RegExp, number])[]) {
    it(`${sentence} is removed${executed ? '' : ' and never run'}`, async () => {
      const { host, failure, left } = await judge(given);
      assert.equal(failure?.reason, reason, failure?.message);
      assert.match(failure?.message ?? '', message);
      assert.equal(left, '');
      assert.equal(host.executed.length, executed);
    });
  }

  it('stays when the signature cannot be fetched in time, to be judged another time', async () => {
    const away = new DownloadError('no route', { retryable: true });
    const { host, failure, left } = await judge({
      content: NEW,
      signatures: SIGNED,
      signature: away,
    });
    assert.equal(failure?.class, 'Environment');
    assert.equal(failure?.reason, 'DownloadTimeout');
    assert.equal(left, 'partial partialRecord');
    assert.deepEqual(host.executed, []);
  });
});

describe('a downloaded image bundle', () => {
  const bundle = fixture('artifact');
  const artifact = { kind: 'airgap', version: NEW_VERSION } as const;
  it('is staged when it is signed, and never run', async () => {
    const signature = fixture('artifact.minisig');
    const given = { content: bundle, artifact, signatures: SIGNED, signature };
    const { host, left } = await judge(given);
    assert.equal(left, 'staged');
    assert.deepEqual(host.executed, []);
  });
  it('is removed when it is signed by somebody else', async () => {
    const signature = fixture('artifact.other.minisig');
    const given = { content: bundle, artifact, signatures: SIGNED, signature };
    const { failure, left } = await judge(given);
    assert.equal(failure?.reason, 'SignatureInvalid');
    assert.equal(left, '');
  });
});
