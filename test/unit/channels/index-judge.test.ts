import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type IndexQuestion,
  judgeIndex,
  type SeenIndex,
} from '../../../src/channels/index-judge.ts';
import { joinSigned, splitSigned } from '../../../src/channels/index-signature.ts';
import { minisignKeys } from '../../support/minisign-keys.ts';
import { EXTENDED, PLAIN } from './example-index.ts';

const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 0x7fffffff));
const FROM = 'https://updates/stable/index.yaml';
const keys = minisignKeys();
const others = minisignKeys(Buffer.from('ffffffffffffffff', 'hex'));
const signed = (text: string, by = keys) => joinSigned(Buffer.from(text), by.sign(text));

const ask = (bytes: Uint8Array | string, more: Partial<IndexQuestion> = {}) =>
  judgeIndex({
    bytes: Buffer.from(bytes),
    from: FROM,
    channel: 'stable',
    trustedKeys: [keys.publicKey],
    nowMs: Date.UTC(2026, 10, 29),
    ...more,
  });

function accepted(
  bytes: Uint8Array | string,
  more?: Partial<IndexQuestion>,
): SeenIndex | undefined {
  const verdict = ask(bytes, more);
  assert.equal(verdict.kind, 'accepted', JSON.stringify(verdict));
  return verdict.kind === 'accepted' ? verdict.seen : assert.fail();
}

describe('an index', () => {
  it('that is signed, of this channel and not expired is believed, and its epoch remembered', () => {
    assert.equal(accepted(signed(EXTENDED))?.epoch, 17);
  });
  it('is believed again as long as it is the very same', () => {
    const seen = accepted(signed(EXTENDED));
    assert.deepEqual(accepted(signed(EXTENDED), { seen }), seen);
  });
  it('that was signed anew, with another key, is still the same', () => {
    const trustedKeys = [keys.publicKey, others.publicKey];
    const seen = accepted(signed(EXTENDED), { trustedKeys });
    assert.deepEqual(accepted(signed(EXTENDED, others), { seen, trustedKeys }), seen);
  });
  it('of a later epoch is believed', () => {
    const seen = accepted(signed(EXTENDED));
    assert.equal(accepted(signed(EXTENDED.replace('epoch: 17', 'epoch: 18')), { seen })?.epoch, 18);
  });
  it("in k0s's own form is believed where no signature is demanded, whatever channel it names", () => {
    assert.equal(accepted(PLAIN, { trustedKeys: [] }), undefined);
  });

  const seen = accepted(signed(EXTENDED));
  for (const [sentence, bytes, more, reason, message] of [
    [
      'that is not signed',
      EXTENDED,
      {},
      'IndexUnsigned',
      `wanted a signature of key EFCDAB8967452301 at the end of ${FROM}, found none`,
    ],
    [
      'that is garbage where a signature is demanded',
      '<html>',
      {},
      'IndexUnsigned',
      `wanted a signature of key EFCDAB8967452301 at the end of ${FROM}, found none`,
    ],
    [
      'that is signed by somebody else',
      signed(EXTENDED, others),
      {},
      'IndexSignatureInvalid',
      `wanted a signature of key EFCDAB8967452301 at the end of ${FROM}, found one of key FFFFFFFFFFFFFFFF`,
    ],
    [
      'that is signed by somebody who calls himself the same',
      signed(EXTENDED, minisignKeys()),
      {},
      'IndexSignatureInvalid',
      `wanted a signature of key EFCDAB8967452301 at the end of ${FROM}, found one of key EFCDAB8967452301 that is not of this content`,
    ],
    [
      'that was changed after it was signed',
      joinSigned(Buffer.from(EXTENDED.replace('epoch: 17', 'epoch: 99')), keys.sign(EXTENDED)),
      {},
      'IndexSignatureInvalid',
      `wanted a signature of key EFCDAB8967452301 at the end of ${FROM}, found one of key EFCDAB8967452301 that is not of this content`,
    ],
    [
      'that is signed but does not say when it ends',
      signed(PLAIN),
      {},
      'IndexInvalid',
      `${FROM}: extended: wanted epoch and expiry in a signed index, it is missing`,
    ],
    [
      'of another channel',
      signed(EXTENDED),
      { channel: 'edge' },
      'IndexOfOtherChannel',
      `${FROM}: wanted the index of channel edge, found that of "stable"`,
    ],
    [
      'of an earlier epoch',
      signed(EXTENDED.replace('epoch: 17', 'epoch: 16')),
      { seen },
      'IndexReplayed',
      `${FROM}: wanted epoch 17 or later, found epoch 16`,
    ],
    [
      'without an epoch, where there was one',
      PLAIN,
      { seen, trustedKeys: [] },
      'IndexReplayed',
      `${FROM}: wanted epoch 17 or later, found an index without an epoch`,
    ],
    [
      'that has expired',
      signed(EXTENDED),
      { nowMs: Date.UTC(2026, 11, 12, 2) },
      'IndexExpired',
      `${FROM}: wanted an index that holds at 2026-12-12T02:00:00Z, found one that expired at 2026-12-12T02:00:00Z`,
    ],
    [
      'that was issued tomorrow',
      signed(EXTENDED),
      { nowMs: Date.UTC(2026, 10, 27, 2) },
      'IndexFromFuture',
      `${FROM}: wanted an index issued by 2026-11-27T02:00:00Z, found one issued at 2026-11-28T02:00:00Z: one of the two clocks is wrong`,
    ],
    [
      'that is huge',
      Buffer.alloc(200_000),
      {},
      'IndexTooLarge',
      `${FROM}: wanted at most 131072 bytes, found 200000 or more`,
    ],
  ] as const) {
    it(`${sentence} is refused`, () => {
      assert.deepEqual(ask(bytes, more), { kind: 'refused', reason, message });
    });
  }
  it('of the same epoch with other content is refused', () => {
    const verdict = ask(signed(EXTENDED.replace('high', 'low')), { seen });
    assert.equal(verdict.kind, 'refused');
    assert.match(JSON.stringify(verdict), /IndexReplayed.*another index of that epoch/);
  });
  it(`that is changed in any byte is not believed, or says the same (seed ${seed})`, () => {
    const whole = signed(EXTENDED);
    const contentBytes = splitSigned(whole).content.length;
    fc.assert(
      fc.property(fc.nat(contentBytes - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8((bytes.readUInt8(at) ^ change) & 0xff, at);
        assert.equal(ask(bytes).kind, 'refused');
      }),
      { seed, numRuns: 200 },
    );
  });
});

describe('the signature at the end of a file', () => {
  it('is parted from what it is of, and put back', () => {
    const { content, signature } = splitSigned(signed(EXTENDED));
    assert.equal(content.toString(), EXTENDED);
    assert.equal(signature, keys.sign(EXTENDED));
    assert.deepEqual(joinSigned(content, signature ?? ''), signed(EXTENDED));
  });
  it('is found in a file that is all signature', () => {
    assert.equal(splitSigned(joinSigned(Buffer.alloc(0), keys.sign(''))).content.length, 0);
  });
  for (const [sentence, text] of [
    ['is not found in an empty file', ''],
    ['is not found in a file of one line', 'a'],
    ['is not found in a file of line ends', '\n\n\n\n\n\n'],
    ['is not found in front of something else', `${signed(EXTENDED)}more: true\n`],
  ] as const) {
    it(sentence, () => {
      const { content, signature } = splitSigned(Buffer.from(text));
      assert.equal(signature, undefined);
      assert.equal(content.toString(), text);
    });
  }
});
