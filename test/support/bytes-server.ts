/**
 * A program: serves `/BYTES`, that many bytes out of memory, and `/BYTES?rate=BYTES_PER_SECOND`, by an
 * absolute schedule; with `?endless` the length is not said. In a process of its own, so that it takes no time from whoever is measured. Prints its
 * origin, and ends with its standard input.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const PIECE = Buffer.from(Array.from({ length: 1 << 18 }, (_, n) => (n * 2_654_435_761) >>> 24));

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const bytes = Number(url.pathname.slice(1));
  const rate = Number(url.searchParams.get('rate') ?? Number.POSITIVE_INFINITY);
  if (!url.searchParams.has('endless')) response.setHeader('content-length', bytes);
  response.setHeader('etag', `"${bytes}"`);
  send(response, bytes, rate).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.stdin.on('close', () => process.exit()).resume();

async function send(response: ServerResponse, bytes: number, rate: number): Promise<void> {
  const beganMs = performance.now();
  const step = Math.min(PIECE.length, Math.max(1, Math.ceil(rate / 50)));
  for (let done = 0; done < bytes && !response.destroyed; ) {
    const piece = PIECE.subarray(0, Math.min(step, bytes - done));
    const isTaken = response.write(piece);
    done += piece.length;
    const aheadMs = beganMs + (done / rate) * 1000 - performance.now();
    if (aheadMs > 1) await delay(aheadMs);
    if (!isTaken && response.writableNeedDrain) {
      // one that has gone away never drains: its process is ended with the test
      await once(response, 'drain');
    }
  }
  response.end();
}
