import { PbfReader } from 'pbf';
import { messageOf } from '../../errors.ts';
import { bytes, type Message, message, nested, one, ProtobufError, text } from './message.ts';

/** Before each object that is not part of another one. @see Kubernetes, API concepts, protobuf encoding */
export const MAGIC = Buffer.from('k8s\0');

interface Envelope {
  readonly type?: { readonly kind?: string };
  readonly raw?: Buffer;
  readonly contentEncoding?: string;
}

/** Numbers of k8s runtime Unknown. */
const ENVELOPE = message<Envelope>({
  1: one('type', nested(message({ 2: one('kind', text) }))),
  2: one('raw', bytes),
  3: one('contentEncoding', text),
});

const NOTHING = Buffer.alloc(0);

export function isProtobuf(object: Buffer): boolean {
  return object.subarray(0, MAGIC.length).equals(MAGIC);
}

/**
 * Reads an object by what it says that it is.
 * @param kinds the messages that it may be, by the name of the kind
 * @throws ProtobufError
 */
export function readEnvelope<T>(object: Buffer, kinds: Readonly<Record<string, Message<T>>>): T {
  if (!isProtobuf(object)) {
    const found = object.subarray(0, 16).toString('latin1');
    throw new ProtobufError(`wanted an object in protobuf, found ${JSON.stringify(found)}`);
  }
  const {
    type,
    raw = NOTHING,
    contentEncoding,
  } = readWhole(ENVELOPE, object.subarray(MAGIC.length));
  if (contentEncoding !== undefined) {
    throw new ProtobufError(`an object with the encoding ${contentEncoding}, wanted none`);
  }
  const of = kinds[type?.kind ?? ''];
  if (of === undefined) {
    const wanted = Object.keys(kinds).join(' or ');
    throw new ProtobufError(`wanted a ${wanted}, found a ${type?.kind ?? 'nameless kind'}`);
  }
  return readWhole(of, raw);
}

/** @throws ProtobufError */
export function readWhole<T>(of: Message<T>, raw: Buffer): T {
  try {
    return of(new PbfReader(raw), raw.length);
  } catch (thrown) {
    // The reader's own words, such as those of a number that does not end.
    if (thrown instanceof ProtobufError) throw thrown;
    throw new ProtobufError(messageOf(thrown), { cause: thrown });
  }
}
