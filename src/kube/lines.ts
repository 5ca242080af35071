const NEWLINE = 10;

/**
 * Cuts a stream of bytes into lines. A line may come in any number of chunks, and is decoded only when it
 * is whole, so that characters of several bytes survive and long lines cost no copying back and forth.
 * What follows the last newline is dropped: it is an event that was cut off.
 * @param read what becomes of each
 */
export async function* linesOf<T>(
  chunks: AsyncIterable<Uint8Array>,
  read: (line: string) => T,
): AsyncGenerator<T> {
  let pending: Buffer[] = [];
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const head = rest.subarray(0, end);
      const line = pending.length === 0 ? head : Buffer.concat([...pending, head]);
      pending = [];
      rest = rest.subarray(end + 1);
      if (line.length > 0) yield read(line.toString('utf8'));
    }
    if (rest.length > 0) pending.push(rest);
  }
}
