import type { RawObject } from '../raw.ts';
import type { WatchEvent } from '../watch-event.ts';
import { readEnvelope, readWhole } from './envelope.ts';
import { framesOf } from './frames.ts';
import { bytes, type Kind, message, nested, one, ProtobufError, text } from './message.ts';
import { STATUS } from './status.ts';

/** Numbers of k8s meta/v1 WatchEvent and runtime RawExtension. */
const EVENT = message<{ readonly type?: string; readonly object?: { readonly raw?: Buffer } }>({
  1: one('type', text),
  2: one('object', nested(message({ 1: one('raw', bytes) }))),
});

/** @throws ProtobufError */
export function protobufEvents<T extends RawObject>(
  chunks: AsyncIterable<Uint8Array>,
  { name, message }: Kind<T>,
): AsyncGenerator<WatchEvent> {
  const kinds = { [name]: message, Status: STATUS };
  return framesOf(chunks, (frame): WatchEvent => {
    const { type, object } = readWhole(EVENT, frame);
    if (type === undefined || object?.raw === undefined) {
      throw new ProtobufError(`an event of ${frame.length} bytes without a type or an object`);
    }
    return { type, object: readEnvelope<WatchEvent['object']>(object.raw, kinds) };
  });
}
