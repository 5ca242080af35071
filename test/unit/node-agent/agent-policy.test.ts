import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { type AgentPolicy, DEFAULT_AGENT_POLICY } from '../../../src/node-agent/agent-policy.ts';
import { parseAgentPolicy } from '../../../src/node-agent/agent-policy-parse.ts';
import { AgentPolicyFile, readAgentPolicy } from '../../../src/node-agent/agent-policy-store.ts';
import { judgeOrder } from '../../../src/node-agent/agent-policy-verdict.ts';
import { anOrder } from '../../support/agent-drive.ts';

const KEY = 'RWQudt8PIfraS062Jp91tpM7mbWO8r5TBPXikbSvyycrvCflicRax9jd';

function policy(text: string): AgentPolicy {
  const parsed = parseAgentPolicy(text, 'agent.yaml');
  assert.equal(parsed.kind, 'read', parsed.kind === 'invalid' ? parsed.message : '');
  return (parsed as { policy: AgentPolicy }).policy;
}

describe('a policy file', () => {
  for (const text of ['', '# nothing\n', '{}', 'download:\n', 'download: {}\nsignatures:\n']) {
    it(`that says nothing (${JSON.stringify(text)}) is that of the defaults`, () =>
      assert.deepEqual(policy(text), DEFAULT_AGENT_POLICY));
  }

  it('is read as its page shows it', () => {
    const page = readFileSync(
      join(import.meta.dirname, '../../../docs/usage/agent-policy.md'),
      'utf8',
    );
    assert.deepEqual(policy(page.split('```')[1]?.replace(/^yaml/, '') ?? ''), {
      download: {
        ...DEFAULT_AGENT_POLICY.download,
        allowedPrefixes: [
          'https://mirror.example.com/k0s/',
          'https://github.com/k0sproject/k0s/releases/',
        ],
        mirrors: [
          {
            prefix: 'https://github.com/k0sproject/k0s/releases/download',
            mirrors: ['https://mirror.example.com/k0s'],
          },
        ],
        bytesPerSecond: 2 * 1024 ** 2,
        maxBytes: 800 * 1024 ** 2,
        caFile: '/etc/autopilot/ca.pem',
        credentialsFile: '/etc/autopilot/credentials.yaml',
      },
      signatures: { required: true, trustedKeys: [KEY] },
      downgrade: 'Deny',
      confirm: { by: 'local', afterMs: 60_000 },
      backupFolder: '/srv/backups/k0s',
    });
  });

  for (const [said, bytes] of [
    ['500KiB', 512_000],
    ['2MB', 2_000_000],
    ['2Mi', 2_097_152],
    ['1.5MiB', 1_572_864],
    ['4096', 4096],
    ['"1 GiB"', 1_073_741_824],
  ] as const) {
    it(`takes ${said} for ${bytes} bytes`, () =>
      assert.equal(policy(`download: {rateLimit: ${said}}`).download.bytesPerSecond, bytes));
  }

  it('may list keys that are not required yet', () =>
    assert.equal(
      policy(`signatures: {required: false, trustedKeys: [${KEY}]}`).signatures.required,
      false,
    ));

  const RATE = 'wanted a number of bytes per second such as 500KiB or 2MiB, at least 1KiB, found';
  for (const [sentence, text, message] of [
    [
      'a rate that is none',
      'download:\n  rateLimit: fast',
      `2:14: download.rateLimit: ${RATE} "fast"`,
    ],
    ['a rate without its unit', 'download: {rateLimit: 2}', `1:23: download.rateLimit: ${RATE} 2`],
    [
      'a rate without end',
      'download: {rateLimit: .inf}',
      `1:23: download.rateLimit: ${RATE} Infinity`,
    ],
    ['a list for a rate', 'download: {rateLimit: [1]}', `1:23: download.rateLimit: ${RATE} a list`],
    [
      'a field that is misspelt',
      'download:\n  maxsize: 1GiB',
      '2:3: download.maxsize: there is no such field; is maxSize meant?',
    ],
    [
      'a field of nowhere',
      'banana: 1',
      '1:1: banana: there is no such field; known are download, signatures, downgrade, confirm, confirmAfter, backup',
    ],
    [
      'a misspelt field of a list',
      'download: {mirrors: [{prefx: "https://a"}]}',
      '1:22: download.mirrors[0].prefix: wanted a URL in quotes or without, it is missing',
    ],
    [
      'a prototype',
      '__proto__: {downgrade: Allow}',
      '1:1: __proto__: there is no such field; known are download, signatures, downgrade, confirm, confirmAfter, backup',
    ],
    [
      'a field twice',
      'downgrade: Deny\ndowngrade: Allow',
      '2:1: the same field stands here a second time',
    ],
    ['a tab', 'download:\n\tattempts: 1', '2:1: wanted spaces for indentation, found a tab'],
    ['two documents', 'downgrade: Deny\n---\n{}', '2:1: wanted one document, found another one'],
    ['an alias', 'confirm: &a local\ndowngrade: *a', '2:12: wanted a plain value, found an alias'],
    ['a tag', 'downgrade: !!binary aa', undefined],
    ['another word', 'downgrade: deny', '1:12: downgrade: wanted Allow or Deny, found "deny"'],
    ['a list at all', '- a', '1:1: wanted fields, found a list'],
    ['a word at all', 'x', '1:1: wanted fields, found "x"'],
    ['a word for fields', 'download: fast', '1:11: download: wanted fields, found "fast"'],
    [
      'a prefix that is no URL',
      'download: {allowedPrefixes: [mirror/k0s]}',
      '1:30: download.allowedPrefixes[0]: wanted an http or https URL without user, query and fragment, found "mirror/k0s"',
    ],
    [
      'a key that is none',
      'signatures:\n  trustedKeys:\n    - RWabc',
      '3:7: signatures.trustedKeys[0]: wanted a minisign public key, which begins with RW, found "RWabc"',
    ],
    [
      'signatures of nobody',
      'signatures: {required: true}',
      '1:13: signatures: wanted at least one of trustedKeys, as required is true',
    ],
    [
      'a time without local',
      'confirmAfter: 5s',
      '1:15: confirmAfter: wanted only with confirm: local, found "5s"',
    ],
    [
      'a mirror that is not allowed',
      'download:\n  allowedPrefixes: [https://a]\n  mirrors: [{prefix: https://b, mirrors: [https://c]}]',
      '3:43: download.mirrors[0].mirrors[0]: wanted a mirror within download.allowedPrefixes, found "https://c"',
    ],
    [
      'a duration of weeks',
      'confirm: local\nconfirmAfter: 1w',
      '2:15: confirmAfter: wanted a duration such as 60s, from 1s to 24h, found "1w"',
    ],
    [
      'half an attempt',
      'download: {attempts: 0.5}',
      '1:22: download.attempts: wanted a whole number from 1 on, found 0.5',
    ],
  ] as const) {
    it(`with ${sentence} is an error that says where`, () => {
      const parsed = parseAgentPolicy(text, 'agent.yaml');
      assert.equal(parsed.kind, 'invalid');
      if (parsed.kind !== 'invalid') return;
      if (message !== undefined) assert.equal(parsed.message, `agent.yaml:${message}`);
    });
  }

  it('that is small and nested deep is refused at once', () => {
    for (const text of ['['.repeat(20_000), '? '.repeat(20_000), '{a: '.repeat(2000)]) {
      assert.equal(parseAgentPolicy(text, 'agent.yaml').kind, 'invalid');
    }
  });
});

describe('the policy file of a host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autopilot-policy-'));
  const path = join(folder, 'agent.yaml');
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    chmodSync(folder, 0o755);
    rmSync(path, { force: true, recursive: true });
    writeFileSync(path, 'downgrade: Deny\n', { mode: 0o644 });
  });
  const refusal = async () => {
    const read = await readAgentPolicy(path);
    assert.equal(read.kind, 'invalid');
    return read.kind === 'invalid' ? read.message : '';
  };

  it('is read', async () => {
    const read = await readAgentPolicy(path);
    assert.ok(read.kind === 'read' && read.policy.downgrade === 'Deny');
  });
  it('may be absent', async () => {
    rmSync(path);
    assert.deepEqual(await readAgentPolicy(path), {
      kind: 'absent',
      policy: DEFAULT_AGENT_POLICY,
    });
  });
  it('is refused when others can write it', async () => {
    chmodSync(path, 0o664);
    assert.equal(
      await refusal(),
      `${path}: wanted it writable by its owner alone, found mode 0664`,
    );
  });
  it('is refused when others can write its folder', async () => {
    chmodSync(folder, 0o777);
    assert.match(await refusal(), /: its folder .*: wanted it writable by its owner alone/);
  });
  it('is refused when it is not of root', { skip: process.getuid?.() !== 0 }, async () => {
    chownSync(path, 1234, 0);
    assert.equal(await refusal(), `${path}: wanted root as its owner, found user 1234`);
  });
  it('is refused when it is a folder, a link to nowhere, too long or no text', async () => {
    writeFileSync(path, '#'.repeat(70_000));
    assert.match(await refusal(), /wanted at most 65536 bytes, found 70000$/);
    writeFileSync(path, Buffer.from([0x61, 0xff]));
    assert.match(await refusal(), /wanted text in UTF-8/);
    rmSync(path);
    mkdirSync(path);
    assert.match(await refusal(), /wanted a file, found something else$/);
    rmSync(path, { recursive: true });
    symlinkSync(join(folder, 'nowhere'), path);
    assert.match(await refusal(), /cannot be read/);
  });
  it('is refused through a link into a folder that others can write', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    renameSync(path, join(open, 'agent.yaml'));
    symlinkSync(join(open, 'agent.yaml'), path);
    assert.match(await refusal(), /its folder .*open: /);
  });
  it('is read again only when it has changed', async () => {
    const file = new AgentPolicyFile(path);
    const first = await file.read();
    assert.equal(await file.read(), first);
    writeFileSync(path, 'downgrade: maybe\n');
    assert.equal((await file.read()).kind, 'invalid');
    writeFileSync(path, 'downgrade: Allow\n');
    assert.equal((await file.read()).kind, 'read');
    chmodSync(path, 0o666);
    assert.equal((await file.read()).kind, 'invalid');
  });
});

describe('an order that the policy judges', () => {
  const order = (version: string, url: string, more: object = {}) =>
    anOrder('stage', { artifact: { kind: 'k0s', version, url, force: true, ...more } });
  const ALLOWED = policy('download: {allowedPrefixes: ["https://a/k0s"]}\ndowngrade: Deny');
  const MIRRORED = policy(
    'download: {allowedPrefixes: ["https://a/k0s"], mirrors: [{prefix: "https://b", mirrors: ["https://a/k0s"]}]}',
  );
  for (const [sentence, rules, said, running, reason] of [
    [
      'within the prefixes',
      ALLOWED,
      order('v1.36.3+k0s.0', 'https://a/k0s/x'),
      'v1.36.3+k0s.0',
      undefined,
    ],
    [
      'beside the prefixes',
      ALLOWED,
      order('v1.36.3+k0s.0', 'https://a/k0s-x'),
      undefined,
      'SourceForbidden',
    ],
    [
      'of a file',
      ALLOWED,
      order('v1.36.3+k0s.0', 'file:///etc/passwd'),
      undefined,
      'SourceForbidden',
    ],
    [
      'with one allowed source',
      ALLOWED,
      order('v1.36.3+k0s.0', 'https://b/x', { mirrors: ['https://a/k0s/x'] }),
      undefined,
      undefined,
    ],
    [
      'at a mirror of the policy',
      MIRRORED,
      order('v1.36.3+k0s.0', 'https://b/x'),
      undefined,
      undefined,
    ],
    [
      'for a lower build',
      ALLOWED,
      order('v1.36.3+k0s.0', 'https://a/k0s'),
      'v1.36.3+k0s.1',
      'DowngradeForbidden',
    ],
    [
      'for no version',
      ALLOWED,
      order('latest', 'https://a/k0s'),
      'v1.36.3+k0s.1',
      'DowngradeForbidden',
    ],
    [
      'for a host that says nothing',
      ALLOWED,
      order('v1.0.0', 'https://a/k0s'),
      undefined,
      undefined,
    ],
    [
      'for a bundle',
      ALLOWED,
      order('v1.0.0', 'https://a/k0s', { kind: 'airgap' }),
      'v1.36.3+k0s.1',
      undefined,
    ],
    [
      'where downgrades are allowed',
      DEFAULT_AGENT_POLICY,
      order('v1.0.0', 'https://a'),
      'v1.36.3',
      undefined,
    ],
  ] as const) {
    it(`${sentence}: ${reason ?? 'nothing against it'}`, () =>
      assert.equal(judgeOrder(rules, said, { runningVersion: running })?.reason, reason));
  }
});
