import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseAgentPolicy } from '../../../src/node-agent/agent-policy-parse.ts';
import { EMPTY_JOURNAL } from '../../../src/node-agent/journal.ts';
import { viewOrder } from '../../../src/node-agent/order-view.ts';
import { formatOrder } from '../../../src/signals/order.ts';
import { parseReport } from '../../../src/signals/report.ts';
import {
  aHost,
  anOrder,
  drive,
  LAYOUT,
  NEW,
  NEW_VERSION,
  OLD,
  openAgent,
  URL_OF_NEW,
  withDigest,
} from '../../support/agent-drive.ts';
import { sha256Of } from '../../support/sha256.ts';

const RUNS = Number(process.env.TEST_RUNS ?? 300);
const PARAMETERS = {
  numRuns: RUNS,
  ...(process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) }),
};

const ORDER = formatOrder(anOrder());
const JOURNAL = JSON.stringify(EMPTY_JOURNAL);
const REPORT = JSON.stringify({ v: 1, agent: { version: '1', heartbeatMs: 1, beat: 1 } });
const DIGEST = sha256Of(NEW);
/** As it is written when so much of the artifact, or of what was taken for it, is on the disk. */
const partialRecord = (part: string) =>
  JSON.stringify({
    v: 1,
    planUid: 'uid-1',
    artifact: { kind: 'k0s', version: NEW_VERSION, url: URL_OF_NEW, sha256: DIGEST },
    source: URL_OF_NEW,
    validator: `"${DIGEST.slice(0, 8)}"`,
    syncedBytes: part.length,
    sha256: sha256Of(part),
    wallMs: 1_700_000_000_000,
  });
const POLICY = 'download:\n  rateLimit: 2MiB\nsignatures: {required: false}\ndowngrade: Deny\n';

/** Bytes as a file or an annotation is read: what is no UTF-8 becomes U+FFFD. */
const anyBytes = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('utf8'));
const HARD_KEYS = ['__proto__', 'constructor', 'toString', 'v', 'id', 'epoch', 'goal', 'artifact'];
const anyJson = fc
  .dictionary(fc.constantFrom(...HARD_KEYS), fc.jsonValue())
  .map((value) => JSON.stringify(value));
const hard = fc.constantFrom(
  '',
  '\0',
  'null',
  '[]',
  '""',
  '1e999',
  '-0',
  '['.repeat(50_000),
  '{"a":'.repeat(20_000),
  '{"__proto__":{"v":1}}',
  '\ufeff{}',
  '\ud800',
);

/** Texts that nobody meant, many of them nearly right. */
function bad(valid: string): fc.Arbitrary<string> {
  const cut = fc.nat(Math.max(0, valid.length - 2)).map((end) => valid.slice(0, end));
  const changed = fc
    .tuple(fc.nat(valid.length - 1), anyBytes)
    .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + 1));
  const swapped = fc
    .constantFrom(
      '1e999',
      '-1',
      '1.5',
      '9007199254740993',
      'null',
      '[]',
      '{"__proto__":1}',
      '"\\u0000"',
    )
    .map((value) => valid.replace(/:\s*[\w"]+/, `: ${value}`));
  return fc.oneof(anyBytes, anyJson, hard, cut, changed, swapped);
}

/** A record and what lies there: of the artifact or not, and said to be so or not. */
const partial = fc
  .oneof(fc.constant(NEW.slice(0, 40)), fc.constant('not of it'), fc.constant(`${NEW}more`))
  .chain((part) => {
    const record = partialRecord(part);
    return fc.tuple(fc.oneof(fc.constant(record), bad(record)), fc.constant(part));
  });

async function each(text: fc.Arbitrary<string>, check: (text: string) => Promise<void> | void) {
  await fc.assert(
    fc.asyncProperty(text, async (one) => check(one)),
    PARAMETERS,
  );
}

describe('whatever stands in it, no text makes the agent fall', () => {
  it('a policy: read, or refused with the name of the file', () =>
    each(bad(POLICY), (text) => {
      const parsed = parseAgentPolicy(text, 'agent.yaml');
      if (parsed.kind === 'invalid') assert.match(parsed.message, /^agent\.yaml(:\d+:\d+)?: .+/s);
      else assert.ok(parsed.policy.download.maxBytes > 0);
    }));

  it('a report: absent, valid, or refused with what is wrong', () =>
    each(bad(REPORT), (text) => {
      const parsed = parseReport(text);
      if (parsed.kind === 'invalid') assert.match(parsed.message, /^report: /);
    }));

  it('an order: nothing on the host is touched, run or restarted', () =>
    each(
      bad(ORDER).filter((text) => viewOrder(text).kind !== 'valid'),
      async (text) => {
        const view = viewOrder(text);
        if (view.kind === 'invalid') assert.match(view.message, /^order: /);
        const host = aHost();
        const agent = await openAgent(host);
        await settle(agent);
        const before = host.paths();
        agent.hear(view);
        await settle(agent);
        assert.ok(agent.signal() === undefined || agent.signal()?.phase === 'Refused');
        assertUntouched(host, before);
      },
    ));

  it('a journal: moved aside whole, and nothing else is touched, run or restarted', () =>
    each(bad(JOURNAL), async (text) => {
      const host = aHost();
      host.overwrite(LAYOUT.journal, text);
      const before = host.paths();
      const agent = await openAgent(host);
      const { lost } = agent.journal;
      if (lost !== undefined) assert.equal(host.content(lost), text);
      agent.hear(viewOrder(formatOrder(anOrder('apply'))));
      if (lost !== undefined) {
        await settle(agent);
        assert.equal(agent.signal()?.phase, 'Refused');
        assertUntouched(host, [...before, lost]);
      }
    }));

  it('the record of a partial download: what is staged is what was ordered', () =>
    each(partial.map(JSON.stringify), async (both) => {
      const [record, part] = JSON.parse(both);
      const host = aHost();
      host.overwrite(LAYOUT.partialRecord, record);
      host.overwrite(LAYOUT.partial, part);
      const agent = await drive(host, () => withDigest(anOrder()));
      assert.equal(agent.signal()?.phase, 'Staged', agent.signal()?.message);
      assert.equal(host.content(LAYOUT.staged), NEW);
      assert.ok(host.executed.every((content) => content === NEW || content === OLD));
    }));
});

async function settle(agent: Awaited<ReturnType<typeof openAgent>>): Promise<void> {
  const { signal } = new AbortController();
  for (let tick = 0; tick < 50; tick++) {
    if ((await agent.tick(signal)).waitMs > 0) return;
  }
  assert.fail('the agent never comes to rest');
}

function assertUntouched(host: ReturnType<typeof aHost>, before: readonly string[]): void {
  const own = (path: string) => path.startsWith(LAYOUT.journal);
  assert.deepEqual(
    host.paths().filter((path) => !own(path)),
    before.filter((path) => !own(path)),
  );
  assert.equal(host.content(LAYOUT.binary), OLD);
  assert.equal(host.runs, OLD);
  assert.deepEqual(host.executed, []);
  assert.equal(host.restarts, 0);
}
