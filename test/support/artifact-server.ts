import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * How a download goes; bytes are counted from where it begins. `hang`: the head is sent, then nothing more; `silent`: not even the
 * head.
 */
export type Behaviour =
  | { readonly kind: 'serve' }
  | { readonly kind: 'status'; readonly code: number }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'hang'; readonly afterBytes: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

export interface Download {
  readonly path: string;
  readonly from: string;
  /** Where the body began: above 0 the client went on with what it had. */
  readonly fromByte: number;
}

const SERVE: Behaviour = { kind: 'serve' };

/** Serves releases over HTTP, and can be told to do it badly. */
export class ArtifactServer {
  /** Every request, in order. */
  readonly downloads: Download[] = [];
  readonly #files = new Map<string, string>();
  readonly #digests = new Map<string, Promise<string>>();
  readonly #behaviours = new Map<string, Behaviour[]>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      // A client that has gone away is its own business.
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async listen(host: string): Promise<ArtifactServer> {
    const artifacts = new ArtifactServer();
    await new Promise<void>((resolve, reject) => {
      artifacts.#server.once('error', reject);
      artifacts.#server.listen(0, host, resolve);
    });
    return artifacts;
  }

  get origin(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  /** @returns the URL under which the file can be had from now on */
  add(path: string, file: string): string {
    this.#files.set(path, file);
    this.#digests.delete(path);
    return this.origin + path;
  }

  /** Digest of what {@link add} was given. */
  sha256(path: string): Promise<string> {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error(`${path} is not served here`);
    let digest = this.#digests.get(path);
    if (digest === undefined) {
      digest = digestOf(file);
      this.#digests.set(path, digest);
    }
    return digest;
  }

  /** The next downloads of `path` go like this, one after the other; the last one for ever. */
  behave(path: string, ...behaviours: readonly Behaviour[]): void {
    this.#behaviours.set(path, [...behaviours]);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const found = this.#files.get(path);
    const part = found === undefined ? undefined : await partOf(found, request);
    const fromByte = part?.fromByte ?? 0;
    this.downloads.push({ path, from: request.socket.remoteAddress ?? '', fromByte });
    const queue = this.#behaviours.get(path) ?? [];
    const behaviour = (queue.length > 1 ? queue.shift() : queue[0]) ?? SERVE;
    if (behaviour.kind === 'silent') return;
    if (behaviour.kind === 'status' || found === undefined || part === undefined) {
      response.writeHead(behaviour.kind === 'status' ? behaviour.code : 404).end('no\n');
      return;
    }
    const { sizeBytes, etag } = part;
    response.writeHead(fromByte > 0 ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': sizeBytes - fromByte,
      etag,
      ...(fromByte > 0 && { 'content-range': `bytes ${fromByte}-${sizeBytes - 1}/${sizeBytes}` }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    await send(found, fromByte, behaviour, response);
  }
}

interface Part {
  readonly fromByte: number;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** Where the client goes on: `Range: bytes=N-` with the validator of this very file. */
async function partOf(file: string, { headers }: IncomingMessage): Promise<Part> {
  const { size: sizeBytes, mtimeMs } = await stat(file);
  const etag = `"${sizeBytes.toString(16)}-${Math.round(mtimeMs).toString(16)}"`;
  const [, start = '0'] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? [];
  const isThisFile = headers['if-range'] === undefined || headers['if-range'] === etag;
  const fromByte = isThisFile && Number(start) < sizeBytes ? Number(start) : 0;
  return { fromByte, sizeBytes, etag };
}

async function send(
  file: string,
  start: number,
  behaviour: Behaviour,
  response: ServerResponse,
): Promise<void> {
  switch (behaviour.kind) {
    case 'cut':
    case 'hang': {
      const end = start + Math.max(behaviour.afterBytes, 1) - 1;
      const part = createReadStream(file, { start, end });
      for await (const chunk of part) response.write(chunk);
      if (behaviour.kind === 'cut') response.destroy();
      return;
    }
    case 'slow':
      await pipeline(
        throttled(createReadStream(file, { start }), behaviour.bytesPerSecond),
        response,
      );
      return;
    default:
      await pipeline(createReadStream(file, { start, highWaterMark: 1 << 20 }), response);
  }
}

function throttled(source: Readable, bytesPerSecond: number): Readable {
  const out = new PassThrough();
  const pump = async () => {
    for await (const chunk of source) {
      if (!out.write(chunk)) await new Promise((resolve) => out.once('drain', resolve));
      await delay((chunk.length / bytesPerSecond) * 1000);
    }
    out.end();
  };
  pump().catch((error: Error) => out.destroy(error));
  return out;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
