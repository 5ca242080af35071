import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { codeOf } from '../artifacts/system-error.ts';
import { messageOf } from '../errors.ts';
import { CRON_FILE } from './folder-names.ts';
import { PublishError } from './publish-error.ts';

export interface StaticServer {
  /** Ends with `/`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface StaticServerOptions {
  readonly root: string;
  readonly address: string;
  readonly port: number;
  /** One line for each answer. */
  readonly onAnswer: (line: string) => void;
}

/**
 * Serves a folder of channels as a web server would: whole files and ranges of them, with strong ETags.
 * What begins with a dot is not served.
 * @throws PublishError where nobody can listen there
 */
export async function startStaticServer(options: StaticServerOptions): Promise<StaticServer> {
  const server = createServer((request, response) => {
    response.once('close', () => {
      const { method, url } = request;
      options.onAnswer(`${method} ${url} ${response.statusCode}`);
    });
    answer(options.root, request, response).catch((thrown: unknown) => {
      // the reader has gone, or the disk fails: what was begun cannot be mended
      if (!response.headersSent) sendWords(response, 500, messageOf(thrown));
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) =>
      reject(
        new PublishError(
          `cannot listen at ${options.address}:${options.port}: ${messageOf(thrown)}`,
        ),
      ),
    );
    server.listen(options.port, options.address, resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${host}:${port}/`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse) {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return sendWords(response, 405, 'wanted GET or HEAD');
  }
  const path = pathOf(request.url ?? '/');
  if (path === undefined) return sendWords(response, 404, 'not found');
  const handle =
    (await openFile(join(root, path))) ?? (await openFile(join(root, path, CRON_FILE)));
  if (handle === undefined) return sendWords(response, 404, 'not found');
  try {
    await sendFile(handle, request, response);
  } finally {
    await handle.close();
  }
}

async function sendFile(handle: FileHandle, request: IncomingMessage, response: ServerResponse) {
  const { size, mtimeNs, ino, mtime } = await handle.stat({ bigint: true });
  const etag = `"${ino.toString(16)}-${size.toString(16)}-${mtimeNs.toString(16)}"`;
  response.setHeader('etag', etag);
  response.setHeader('last-modified', mtime.toUTCString());
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('content-type', 'application/octet-stream');
  const { 'if-none-match': known, 'if-range': condition, range } = request.headers;
  if (known !== undefined && (known === '*' || known.split(',').some((one) => isTag(one, etag)))) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const total = Number(size);
  const part = condition === undefined || condition === etag ? partOf(range, total) : undefined;
  if (part === 'beyond') {
    response.setHeader('content-range', `bytes */${total}`);
    return sendWords(response, 416, 'no such range');
  }
  const { start, end } = part ?? { start: 0, end: total - 1 };
  if (part !== undefined) {
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${start}-${end}/${total}`);
  }
  response.setHeader('content-length', end - start + 1);
  if (request.method === 'HEAD' || end < start) {
    response.end();
    return;
  }
  await pipeline(handle.createReadStream({ start, end, autoClose: false }), response);
}

function isTag(said: string, etag: string): boolean {
  return said.trim().replace(/^W\//, '') === etag;
}

/** One range only; of several, or what is no range, nothing is made: the whole file is a right answer. */
function partOf(
  range: string | undefined,
  total: number,
): { readonly start: number; readonly end: number } | 'beyond' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, total - Number(to)) : Number(from);
  const end = from === '' || to === '' ? total - 1 : Math.min(Number(to), total - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  return start >= total || end < start ? 'beyond' : { start, end };
}

/** @returns below the root; undefined for what is not served */
function pathOf(target: string): string | undefined {
  if (!URL.canParse(target, 'http://server')) return undefined;
  let path: string;
  try {
    path = decodeURIComponent(new URL(target, 'http://server').pathname);
  } catch {
    return undefined;
  }
  const segments = path.split('/').filter((segment) => segment !== '');
  const isHidden = segments.some((segment) => segment.startsWith('.') || segment.includes('\0'));
  return isHidden ? undefined : segments.join('/');
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw thrown;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

function sendWords(response: ServerResponse, status: number, words: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`${words}\n`);
}
