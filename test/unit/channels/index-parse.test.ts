import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  LONGEST_INDEX_BYTES,
  parseCronDocument,
  parseIndex,
} from '../../../src/channels/index-parse.ts';
import { EXTENDED, PLAIN } from './example-index.ts';

const FROM = 'https://updates/stable/index.yaml';
const indexOf = (text: string) => parseIndex(Buffer.from(text), FROM);
const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 0x7fffffff));
const numRuns = Number(process.env.TEST_RUNS ?? 400);

function read(text: string) {
  const parsed = indexOf(text);
  assert.equal(parsed.kind, 'read', JSON.stringify(parsed));
  return parsed.kind === 'read' ? parsed.index : assert.fail();
}

describe('the index of a channel', () => {
  it("is read in k0s's own form, where an empty text means that there is none", () => {
    assert.deepEqual(read(PLAIN), {
      channel: 'latest',
      version: 'v1.37.0+k0s.0',
      downloadURLs: [
        {
          os: 'linux',
          arch: 'amd64',
          k0s: 'https://get.example.com/k0s',
          k0sSha256: 'd'.repeat(64),
          airgapBundle: undefined,
          airgapSha256: undefined,
        },
      ],
    });
  });
  it('is read with names in any case, as k0s reads them', () => {
    assert.deepEqual(
      read(PLAIN.replace('downloadURLs', 'DOWNLOADurls').replace('k0sSha256', 'K0SSHA256')),
      read(PLAIN),
    );
  });
  it('is read in the extended form, with times in milliseconds', () => {
    const { extended, version } = read(EXTENDED);
    assert.equal(version, 'v1.36.4+k0s.0');
    assert.equal(extended?.epoch, 17);
    assert.equal(extended?.issued, Date.UTC(2026, 10, 28, 2));
    assert.deepEqual(
      extended?.releases.map(({ version: text, severity, cves }) => [text, severity, cves]),
      [
        ['v1.36.4+k0s.0', 'high', ['CVE-2026-1234']],
        ['v1.35.9+k0s.0', 'none', []],
      ],
    );
    assert.deepEqual(extended?.blocked.edges, [
      { from: '<v1.35.0', to: 'v1.36.4+k0s.0', reason: 'stored versions' },
    ]);
  });
  it('may hold fields that are not known yet', () => {
    assert.equal(read(`${PLAIN}rollout: {percent: 5}\n`).version, 'v1.37.0+k0s.0');
  });
  it('of the extended form may name no newest version: all are blocked', () => {
    assert.equal(read(EXTENDED.replace('version: v1.36.4+k0s.0\n', '')).version, undefined);
  });

  const at = (place: string) => `${FROM}:${place}: `;
  for (const [sentence, text, message] of [
    ['that says nothing', '', `${FROM}: wanted a YAML document, found none`],
    [
      'that is a page',
      '<html><body>404</body></html>',
      `${at('1:1')}wanted the fields of an index, found "<html><body>404</body></html>"`,
    ],
    ['that is a list', '- a\n', `${at('1:1')}wanted the fields of an index, found a list`],
    [
      'without a version',
      'channel: stable\n',
      `${at('1:1')}version: wanted a k0s version such as v1.36.4+k0s.0, it is missing`,
    ],
    [
      'whose version is none',
      PLAIN.replace('v1.37.0+k0s.0', 'latest'),
      `${at('2:10')}version: wanted a k0s version such as v1.36.4+k0s.0, found "latest"`,
    ],
    [
      'whose version is a number',
      'version: 1.37\n',
      `${at('1:10')}version: wanted a k0s version such as v1.36.4+k0s.0, found 1.37`,
    ],
    [
      'with a digest that is too short',
      PLAIN.replace('d'.repeat(64), 'dddd'),
      `${at('4:75')}downloadURLs[0].k0sSha256: wanted a sha256 of 64 hex digits, found "dddd"`,
    ],
    [
      'with an address of another kind',
      PLAIN.replace('https://get.example.com/k0s', 'file:///etc/shadow'),
      `${at('4:33')}downloadURLs[0].k0s: wanted an http or https URL, found "file:///etc/shadow"`,
    ],
    [
      'with a field twice',
      `${PLAIN}Version: v1.0.0\n`,
      `${at('5:1')}the same field stands here a second time`,
    ],
    [
      'with an alias',
      'version: &a v1.37.0+k0s.0\nchannel: *a\n',
      `${at('2:10')}wanted a plain value, found an alias`,
    ],
    [
      'that is torn',
      EXTENDED.slice(0, EXTENDED.indexOf('"stored')),
      `${at('38:55')}Flow map in block collection must be sufficiently indented and end with a }`,
    ],
    [
      'with an epoch of 0',
      EXTENDED.replace('epoch: 17', 'epoch: 0'),
      `${at('12:10')}extended.epoch: wanted a whole number from 1 on, found 0`,
    ],
    [
      'with an epoch in words',
      EXTENDED.replace('epoch: 17', 'epoch: many'),
      `${at('12:10')}extended.epoch: wanted a whole number from 1 on, found "many"`,
    ],
    [
      'that never expires',
      EXTENDED.replace('  expires: 2026-12-12T02:00:00Z\n', ''),
      `${at('12:3')}extended.expires: wanted a time such as 2026-11-28T02:00:00Z, it is missing`,
    ],
    [
      'that expires before it is issued',
      EXTENDED.replace('2026-12-12T', '2026-10-12T'),
      `${at('12:3')}extended: wanted expires to be after issued, found it before`,
    ],
    [
      'of a day that there is not',
      EXTENDED.replace('eol: 2027-06-28', 'eol: 2027-02-30'),
      `${at('20:12')}extended.releases[0].eol: wanted a day such as 2027-06-28, found "2027-02-30"`,
    ],
    [
      'with a severity of its own',
      EXTENDED.replace('severity: high', 'severity: awful'),
      `${at('18:17')}extended.releases[0].severity: wanted one of none, low, moderate, high, critical, found "awful"`,
    ],
    [
      'with a release twice',
      EXTENDED.replace('version: v1.35.9+k0s.0', 'version: v1.36.4+k0s.0'),
      `${at('16:5')}extended.releases: wanted each release once, found one twice`,
    ],
    [
      'whose newest is not listed',
      EXTENDED.replace('v1.36.4+k0s.0', 'v1.36.5+k0s.0'),
      `${at('2:10')}version: wanted one of extended.releases, found "v1.36.5+k0s.0"`,
    ],
    [
      'with a range that is none',
      EXTENDED.replace('"<v1.35.0"', '"older"'),
      `${at('38:16')}extended.blocked.edges[0].from: wanted a range such as "<v1.36.3" or ">=v1.35.0 <v1.36.0", found "older"`,
    ],
  ] as const) {
    it(`${sentence} is refused`, () => {
      assert.deepEqual(indexOf(text), { kind: 'refused', reason: 'IndexInvalid', message });
    });
  }
  it('that is huge is refused unread', () => {
    assert.deepEqual(parseIndex(new Uint8Array(LONGEST_INDEX_BYTES + 1), FROM), {
      kind: 'refused',
      reason: 'IndexTooLarge',
      message: `${FROM}: wanted at most 131072 bytes, found 131073 or more`,
    });
  });
  it('that is no text is refused', () => {
    assert.deepEqual(parseIndex(Uint8Array.of(0xff, 0xfe), FROM), {
      kind: 'refused',
      reason: 'IndexInvalid',
      message: `${FROM}: wanted UTF-8, found other bytes`,
    });
  });

  it(`may be anything: it is read or refused (seed ${seed})`, () => {
    const torn = fc
      .tuple(fc.constantFrom(EXTENDED, PLAIN), fc.nat(2500), fc.nat(2500), fc.string())
      .map(([text, a, b, put]) => text.slice(0, a) + put + text.slice(a + (b % 7)));
    const any = fc.oneof(
      torn.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .string({ unit: fc.constantFrom(...'{}[]:-,&*!|>\'"#%@`\n\t ?a1') })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        for (const parsed of [parseIndex(bytes, FROM), parseCronDocument(bytes, FROM)]) {
          if (parsed.kind === 'refused') assert.ok(parsed.message.startsWith(FROM));
        }
      }),
      { seed, numRuns },
    );
  });
});

describe('the document of the cron protocol', () => {
  it('is read', () => {
    const text =
      'version: v1.36.4+k0s.0\ndownloadURLs:\n  k0s: {linux-amd64: https://a/k0s}\n  airgap: {linux-airgap-bundle-amd64: https://a/b}\n';
    assert.deepEqual(parseCronDocument(Buffer.from(text), FROM), {
      kind: 'read',
      update: {
        version: 'v1.36.4+k0s.0',
        downloadURLs: {
          k0s: { 'linux-amd64': 'https://a/k0s' },
          airgap: { 'linux-airgap-bundle-amd64': 'https://a/b' },
        },
      },
    });
  });
  it('is refused where it is an index', () => {
    const parsed = parseCronDocument(Buffer.from(PLAIN), FROM);
    assert.deepEqual(parsed, {
      kind: 'refused',
      reason: 'IndexInvalid',
      message: `${FROM}:4:1: downloadURLs: wanted the fields of the downloads, found a list`,
    });
  });
});
