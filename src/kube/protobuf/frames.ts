import { ProtobufError } from './message.ts';

/** In bytes, big-endian, without itself. */
const LENGTH = 4;
/** An object that an API server stores has 1.5 MB at most. */
const LONGEST = 64 * 2 ** 20;

/**
 * Cuts a stream of bytes into the frames of a watch, each with its length before it. A frame may come in any number
 * of chunks; one that was cut off is dropped.
 * @param read what becomes of each
 * @throws ProtobufError where no frame can be so long
 */
export async function* framesOf<T>(
  chunks: AsyncIterable<Uint8Array>,
  read: (frame: Buffer) => T,
): AsyncGenerator<T> {
  let pending: Buffer[] = [];
  let has = 0;
  let wanted = LENGTH;
  for await (const chunk of chunks) {
    pending.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    has += chunk.byteLength;
    if (has < wanted) continue;
    let rest = pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending);
    while (rest.length >= LENGTH && rest.length >= wantedOf(rest)) {
      const end = wantedOf(rest);
      yield read(rest.subarray(LENGTH, end));
      rest = rest.subarray(end);
    }
    wanted = wantedOf(rest);
    pending = rest.length === 0 ? [] : [rest];
    has = rest.length;
  }
}

/** @returns how many bytes there have to be before the first frame is whole */
function wantedOf(bytes: Buffer): number {
  if (bytes.length < LENGTH) return LENGTH;
  const length = bytes.readUInt32BE(0);
  if (length > LONGEST)
    throw new ProtobufError(`a frame of ${length} bytes, wanted ${LONGEST} at most`);
  return LENGTH + length;
}
