import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { messageOf } from '../errors.ts';
import { DownloadError } from './errors.ts';
import { http, https } from './node-http-client.ts';
import { codeOf } from './system-error.ts';
import { type StoredFile, withoutSecrets } from './verify.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Of the refusals (4xx) these alone ask to come again. */
const PASSING_REFUSALS = new Set([408, 425, 429]);

export interface FetchOptions {
  readonly url: string;
  /** Written from the start; what was there is gone. Synced when this returns. */
  readonly to: string;
  /** Without a byte for so long the server is taken to hang. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Called once, before the first byte is stored; a throw ends the download. */
  readonly onStart?: (totalBytes: number | undefined) => Promise<void>;
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
}

/**
 * Fetches a file once, hashing while it is stored: one pass over the bytes, constant memory.
 * Proxies are taken from the environment, as k0s does.
 * @throws DownloadError, `retryable` where another attempt may end otherwise; the signal's reason when aborted
 */
export async function fetchToFile(options: FetchOptions): Promise<StoredFile> {
  const response = await follow(options);
  try {
    return await store(response, options);
  } catch (thrown) {
    options.signal.throwIfAborted();
    if (thrown instanceof DownloadError) throw thrown;
    if (codeOf(thrown) === 'ENOSPC' || codeOf(thrown) === 'EDQUOT') {
      throw new DownloadError(`no space left for ${options.to}: ${messageOf(thrown)}`, {
        cause: thrown,
        retryable: false,
        reason: 'DiskFull',
      });
    }
    throw new DownloadError(
      `the download from ${withoutSecrets(options.url)} broke off: ${messageOf(thrown)}`,
      { retryable: true },
    );
  } finally {
    response.destroy();
  }
}

async function follow(options: FetchOptions): Promise<IncomingMessage> {
  let url = parse(options.url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const response = await ask(url, options);
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.destroy();
    if (!REDIRECTS.has(status)) {
      const passing = status >= 500 || PASSING_REFUSALS.has(status);
      throw new DownloadError(
        `wanted 200, found ${status} ${response.statusMessage ?? ''} at ${withoutSecrets(url.href)}`,
        { retryable: passing },
      );
    }
    url = redirected(url, response.headers.location);
  }
  throw new DownloadError(
    `more than ${MAX_REDIRECTS} redirects, beginning at ${withoutSecrets(options.url)}`,
    { retryable: false },
  );
}

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
  throw new DownloadError(`wanted an http or https URL, found ${withoutSecrets(url)}`, {
    retryable: false,
  });
}

function redirected(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new DownloadError(`a redirect without a usable address at ${withoutSecrets(from.href)}`, {
      retryable: false,
    });
  }
  const next = parse(new URL(location, from.href).href);
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw new DownloadError(
      `refused a redirect from https to http: ${withoutSecrets(from.href)} to ${withoutSecrets(next.href)}`,
      { retryable: false },
    );
  }
  return next;
}

function ask(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const agentOptions = { keepAlive: false, proxyEnv: process.env };
  const agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).get(url, {
      agent,
      signal: options.signal,
      // the socket's idle time: covers the connect, the headers and every gap within the body
      timeout: options.stallMs,
      headers: { 'user-agent': 'autopilot-agent', 'accept-encoding': 'identity' },
    });
    let response: IncomingMessage | undefined;
    request.on('timeout', () => {
      const hang = new DownloadError(
        `${withoutSecrets(url.href)} hangs: no byte for ${Math.round(options.stallMs / 1000)} s`,
        { retryable: true },
      );
      // a body under way ends with this error as well, not with a bare "aborted"
      response?.destroy(hang);
      request.destroy(hang);
    });
    request.on('response', (message) => {
      response = message;
      // the reader hears of it from the stream itself, however late it begins to read
      message.on('error', () => undefined);
      resolve(message);
    });
    request.on('error', (thrown) => {
      if (options.signal.aborted) return reject(options.signal.reason);
      if (thrown instanceof DownloadError) return reject(thrown);
      reject(
        new DownloadError(`cannot reach ${withoutSecrets(url.href)}: ${messageOf(thrown)}`, {
          retryable: true,
        }),
      );
    });
  });
}

async function store(response: IncomingMessage, options: FetchOptions): Promise<StoredFile> {
  const length = Number.parseInt(response.headers['content-length'] ?? '', 10);
  const totalBytes = Number.isNaN(length) ? undefined : length;
  await options.onStart?.(totalBytes);
  const hash = createHash('sha256');
  // readable by nobody else until it has been verified
  const file = await open(options.to, 'w', 0o600);
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const stored = file.writeFile(chunk); // goes on where the last one ended
      hash.update(chunk); // meanwhile
      await stored;
      sizeBytes += chunk.length;
      options.onProgress?.(sizeBytes, totalBytes);
    }
    if (totalBytes !== undefined && sizeBytes !== totalBytes) {
      throw new DownloadError(
        `wanted ${totalBytes} bytes, found ${sizeBytes} from ${withoutSecrets(options.url)}`,
        { retryable: true },
      );
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}
