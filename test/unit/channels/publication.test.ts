import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeIndex } from '../../../src/channels/index-judge.ts';
import { parseCronDocument, parseIndex } from '../../../src/channels/index-parse.ts';
import { renderCron, renderIndex } from '../../../src/channels/index-render.ts';
import {
  type ExtendedIndex,
  type Release,
  releaseSchema,
} from '../../../src/channels/index-schema.ts';
import { type Change, changeIndex } from '../../../src/channels/publication.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 28, 2);
const stamp = { epoch: 5, nowMs: NOW_MS + 400, validMs: 14 * DAY_MS };

function aRelease(version: string, more: object = {}): Release {
  return releaseSchema.parse({
    version,
    released: '2026-11-20T10:00:00Z',
    downloadURLs: [
      {
        os: 'linux',
        arch: 'amd64',
        k0s: `https://a/${encodeURIComponent(version)}`,
        k0sSha256: 'a'.repeat(64),
        k0sSize: 9,
      },
      {
        os: 'linux',
        arch: 'arm64',
        k0s: 'https://a/arm',
        k0sSha256: 'b'.repeat(64),
        airgapBundle: 'https://a/b',
        airgapSha256: 'c'.repeat(64),
      },
    ],
    ...more,
  });
}
function anIndex(
  versions: readonly string[],
  blocked: Partial<ExtendedIndex['blocked']> = {},
): ExtendedIndex {
  return {
    epoch: 4,
    issued: NOW_MS - DAY_MS,
    expires: NOW_MS + DAY_MS,
    releases: versions.map((version) => aRelease(version)),
    blocked: { versions: [], edges: [], ...blocked },
  };
}
const add = (version: string, older = false): Change => ({
  kind: 'add',
  release: aRelease(version),
  older,
});

function next(before: ExtendedIndex | undefined, change: Change): ExtendedIndex {
  const found = changeIndex(before, change, stamp);
  return found.kind === 'next' ? found.extended : assert.fail(JSON.stringify(found));
}
const versions = ({ releases }: ExtendedIndex) => releases.map(({ version }) => version);

describe('a change of a channel', () => {
  it('begins with one release, the epoch, whole seconds and an expiry', () => {
    const { epoch, issued, expires } = next(undefined, add('v1.36.4+k0s.0'));
    assert.deepEqual([epoch, issued, expires], [5, NOW_MS, NOW_MS + 14 * DAY_MS]);
  });
  it('adds a newer release in front', () => {
    assert.deepEqual(versions(next(anIndex(['v1.36.4+k0s.9']), add('v1.36.4+k0s.10'))), [
      'v1.36.4+k0s.10',
      'v1.36.4+k0s.9',
    ]);
  });
  it('adds an older one only where that is said', () => {
    assert.deepEqual(versions(next(anIndex(['v1.36.4+k0s.0']), add('v1.35.9+k0s.0', true))), [
      'v1.36.4+k0s.0',
      'v1.35.9+k0s.0',
    ]);
  });
  it('renews without changing anything else', () => {
    const before = anIndex(['v1.36.4+k0s.0']);
    const after = next(before, { kind: 'renew' });
    assert.deepEqual(after, { ...before, epoch: 5, issued: NOW_MS, expires: NOW_MS + 14 * DAY_MS });
  });
  it('lifts what was blocked of a version, edges as well', () => {
    const before = anIndex([], {
      versions: [{ version: 'v1.36.4+k0s.0', reason: 'bad' }],
      edges: [{ from: '<v1.36.0', to: 'v1.36.4+k0s.0', reason: 'bad' }],
    });
    const { blocked } = next(before, { kind: 'lift', version: 'v1.36.4+k0s.0' });
    assert.deepEqual(blocked, { versions: [], edges: [] });
  });

  const one = anIndex(['v1.36.4+k0s.0'], {
    versions: [{ version: 'v1.36.5+k0s.0', reason: 'bad' }],
  });
  for (const [sentence, change, kind, message] of [
    [
      'an older release is refused',
      add('v1.36.3+k0s.0'),
      'refused',
      'wanted a release after v1.36.4+k0s.0, the newest of the channel, found v1.36.3+k0s.0: --older adds it all the same, as a step or for an older minor version',
    ],
    [
      'a blocked release is refused',
      add('v1.36.5+k0s.0'),
      'refused',
      'wanted a release that is not blocked, found v1.36.5+k0s.0: bad',
    ],
    [
      'a release with other facts is refused',
      { kind: 'add', release: aRelease('v1.36.4+k0s.0', { severity: 'low' }), older: false },
      'refused',
      'v1.36.4+k0s.0 is in the channel with other files or facts: a release that was published stays as it is; remove it first, or give a new one another build number',
    ],
    [
      'the very same release is there',
      add('v1.36.4+k0s.0'),
      'same',
      'v1.36.4+k0s.0 is in the channel',
    ],
    [
      'a version is blocked already',
      { kind: 'block', version: 'v1.36.5+k0s.0', reason: 'bad' },
      'same',
      'v1.36.5+k0s.0 is blocked',
    ],
    [
      'what is not blocked cannot be lifted',
      { kind: 'lift', version: 'v1.36.4+k0s.0' },
      'same',
      'v1.36.4+k0s.0 is not blocked',
    ],
    [
      'what is not there cannot be removed',
      { kind: 'remove', version: 'v1.36.9+k0s.0' },
      'same',
      'v1.36.9+k0s.0 is not in the channel',
    ],
  ] as const satisfies readonly (readonly [string, Change, string, string])[]) {
    it(sentence, () => assert.deepEqual(changeIndex(one, change, stamp), { kind, message }));
  }
  it('is refused by a clock that went back', () => {
    assert.deepEqual(
      changeIndex(one, { kind: 'renew' }, { ...stamp, nowMs: NOW_MS - 2 * DAY_MS }),
      {
        kind: 'refused',
        message:
          'wanted a time after 2026-11-27T02:00:00Z, when the index that stands was issued, found 2026-11-26T02:00:00Z: set the clock',
      },
    );
  });
});

describe('what is served of a channel', () => {
  const blockedNewest = anIndex(['v1.36.4+k0s.0', 'v1.36.3+k0s.0'], {
    versions: [{ version: 'v1.36.4+k0s.0', reason: 'bad' }],
  });
  const allBlocked = anIndex(['v1.36.4+k0s.0'], {
    versions: [{ version: 'v1.36.4+k0s.0', reason: 'bad' }],
  });
  const read = (extended: ExtendedIndex) => {
    const parsed = parseIndex(Buffer.from(renderIndex('stable', extended)), 'here');
    return parsed.kind === 'read' ? parsed.index : assert.fail(parsed.message);
  };

  it('is read as it was written', () => {
    const extended = anIndex(['v1.36.4+k0s.0', 'v1.36.3+k0s.0'], {
      edges: [{ from: '<v1.36.0', to: 'v1.36.4+k0s.0', reason: 'a: "b" #c\n' }],
    });
    assert.deepEqual(read(extended).extended, extended);
  });
  it('has the newest that is not blocked for old readers', () => {
    assert.equal(read(blockedNewest).version, 'v1.36.3+k0s.0');
    const parsed = parseCronDocument(Buffer.from(renderCron(blockedNewest) ?? ''), 'here');
    assert.deepEqual(parsed, {
      kind: 'read',
      update: {
        version: 'v1.36.3+k0s.0',
        downloadURLs: {
          k0s: { 'linux-amd64': 'https://a/v1.36.3%2Bk0s.0', 'linux-arm64': 'https://a/arm' },
          airgap: { 'linux-arm64': 'https://a/b' },
        },
      },
    });
  });
  it('has nothing for them when all are blocked', () => {
    assert.equal(read(allBlocked).version, undefined);
    assert.equal(renderCron(allBlocked), undefined);
    const verdict = judgeIndex({
      bytes: Buffer.from(renderIndex('stable', allBlocked)),
      from: 'here',
      channel: 'stable',
      trustedKeys: [],
      nowMs: NOW_MS,
    });
    assert.equal(verdict.kind, 'accepted');
  });
  it('has no sizes in the plain part, which k0s does not know', () => {
    assert.deepEqual(Object.keys(read(anIndex(['v1.36.4+k0s.0'])).downloadURLs[0] ?? {}), [
      'os',
      'arch',
      'k0s',
      'k0sSha256',
    ]);
  });
});
