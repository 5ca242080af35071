import { createHash } from 'node:crypto';
import { type IndexObjection, LONGEST_INDEX_BYTES, parseIndex, tooLarge } from './index-parse.ts';
import type { ChannelIndex, ExtendedIndex } from './index-schema.ts';
import { judgeIndexSignature, type SignatureObjection, splitSigned } from './index-signature.ts';
import { isoOf } from './iso-time.ts';

/** The newest that was ever accepted of a channel. To be kept where it survives a restart. */
export interface SeenIndex {
  readonly epoch: number;
  /** Of what is signed, or of the whole file: lower-case hex. */
  readonly sha256: string;
}

export interface IndexQuestion {
  readonly bytes: Uint8Array;
  /** Its address, as it may be shown. */
  readonly from: string;
  /** The one that was asked for. */
  readonly channel: string;
  /** Minisign public keys. Where there are any, only a signed index with epoch and expiry is taken. */
  readonly trustedKeys: readonly string[];
  readonly seen?: SeenIndex | undefined;
  readonly nowMs: number;
}

export type IndexVerdict =
  | {
      readonly kind: 'accepted';
      readonly index: ChannelIndex;
      /** To be remembered; absent for the plain form, which has no epoch. */
      readonly seen?: SeenIndex;
    }
  | {
      readonly kind: 'refused';
      readonly reason:
        | IndexObjection['reason']
        | SignatureObjection['reason']
        | 'IndexOfOtherChannel'
        | 'IndexReplayed'
        | 'IndexExpired'
        | 'IndexFromFuture';
      readonly message: string;
    };

/** Clocks of publisher and reader may differ by so much. */
export const CLOCK_SKEW_MS = 3_600_000;

/**
 * Whether an index may be believed. The signature is judged first, on the bytes: of what nobody has signed
 * not even the YAML is read.
 */
export function judgeIndex(question: IndexQuestion): IndexVerdict {
  const { bytes, from, channel, trustedKeys } = question;
  if (bytes.length > LONGEST_INDEX_BYTES) return tooLarge(from, bytes.length);
  const signed = splitSigned(bytes);
  if (trustedKeys.length > 0) {
    const objection = judgeIndexSignature(signed, from, trustedKeys);
    if (objection !== undefined) return objection;
  }
  const parsed = parseIndex(bytes, from);
  if (parsed.kind === 'refused') return parsed;
  const { index } = parsed;
  const sha256 = createHash('sha256').update(signed.content).digest('hex');
  if (index.extended === undefined) return judgePlain(question, index);
  if (index.channel !== channel) {
    return refused(
      'IndexOfOtherChannel',
      `${from}: wanted the index of channel ${channel}, found that of ${JSON.stringify(index.channel)}`,
    );
  }
  return (
    judgeEpoch(question, index.extended, sha256) ??
    judgeTimes(question, index.extended) ?? {
      kind: 'accepted',
      index,
      seen: { epoch: index.extended.epoch, sha256 },
    }
  );
}

/** The plain form says nothing about its age: it is taken only where nobody asks for more. */
function judgePlain({ from, trustedKeys, seen }: IndexQuestion, index: ChannelIndex): IndexVerdict {
  if (trustedKeys.length > 0) {
    return refused(
      'IndexInvalid',
      `${from}: extended: wanted epoch and expiry in a signed index, it is missing`,
    );
  }
  if (seen !== undefined) {
    return refused(
      'IndexReplayed',
      `${from}: wanted epoch ${seen.epoch} or later, found an index without an epoch`,
    );
  }
  return { kind: 'accepted', index };
}

function judgeEpoch(
  { from, seen }: IndexQuestion,
  { epoch }: ExtendedIndex,
  sha256: string,
): IndexVerdict | undefined {
  if (seen === undefined || epoch > seen.epoch) return undefined;
  if (epoch < seen.epoch) {
    return refused(
      'IndexReplayed',
      `${from}: wanted epoch ${seen.epoch} or later, found epoch ${epoch}`,
    );
  }
  if (sha256 === seen.sha256) return undefined;
  return refused(
    'IndexReplayed',
    `${from}: wanted epoch ${epoch} with sha256 ${seen.sha256}, as it was seen before, found another index of that epoch with ${sha256}`,
  );
}

function judgeTimes(
  { from, nowMs }: IndexQuestion,
  { issued, expires }: ExtendedIndex,
): IndexVerdict | undefined {
  if (nowMs >= expires) {
    return refused(
      'IndexExpired',
      `${from}: wanted an index that holds at ${isoOf(nowMs)}, found one that expired at ${isoOf(expires)}`,
    );
  }
  if (issued - nowMs > CLOCK_SKEW_MS) {
    return refused(
      'IndexFromFuture',
      `${from}: wanted an index issued by ${isoOf(nowMs)}, found one issued at ${isoOf(issued)}: one of the two clocks is wrong`,
    );
  }
  return undefined;
}

function refused(
  reason: Extract<IndexVerdict, { kind: 'refused' }>['reason'],
  message: string,
): IndexVerdict {
  return { kind: 'refused', reason, message };
}
