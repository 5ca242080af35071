import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { DownloadError } from '../../../src/artifacts/errors.ts';
import { type FetchOptions, fetchToFile } from '../../../src/artifacts/fetch-client.ts';
import { sha256Of } from '../../support/sha256.ts';

const CONTENT = Buffer.alloc(300_000, 'k0s');
const FIXTURES = join(import.meta.dirname, '../../fixtures/tls');

describe('a download', () => {
  let folder: string;
  let plain: Server;
  let secure: https.Server;
  let answer: RequestListener;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'autopilot-fetch-'));
    const cert = readFileSync(join(FIXTURES, 'loopback-cert.pem'), 'utf8');
    const key = readFileSync(join(FIXTURES, 'loopback-key.pem'), 'utf8');
    tls.setDefaultCACertificates([cert]);
    const listener: RequestListener = (request, response) => answer(request, response);
    plain = createServer(listener);
    secure = https.createServer({ cert, key }, listener);
    for (const server of [plain, secure]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
  });
  after(() => {
    for (const server of [plain, secure]) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(folder, { recursive: true });
  });

  const addressOf = (server: { address(): unknown }) =>
    `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const plainUrl = () => `http://${addressOf(plain)}/k0s`;
  const secureUrl = () => `https://${addressOf(secure)}/k0s`;
  const to = () => join(folder, 'k0s');
  const fetch = (more: Partial<FetchOptions> = {}) =>
    fetchToFile({
      url: plainUrl(),
      to: to(),
      stallMs: 2000,
      signal: new AbortController().signal,
      ...more,
    });

  it('stores and hashes what it gets, in one pass', async () => {
    answer = (_, response) => response.end(CONTENT);
    const seen: (number | undefined)[] = [];
    let started: number | undefined;
    const file = await fetch({
      onStart: async (total) => {
        started = total;
      },
      onProgress: (done, total) => seen.push(done, total),
    });
    assert.deepEqual(file, { sizeBytes: CONTENT.length, sha256: sha256Of(CONTENT) });
    assert.ok(readFileSync(to()).equals(CONTENT));
    assert.equal(statSync(to()).mode & 0o777, 0o600, 'no one may run it before it is verified');
    assert.equal(started, CONTENT.length);
    assert.equal(seen.at(-2), CONTENT.length);
  });

  it('works over TLS, and without a length', async () => {
    answer = (_, response) => {
      response.write(CONTENT);
      response.end();
    };
    const file = await fetch({ url: secureUrl() });
    assert.equal(file.sizeBytes, CONTENT.length);
  });

  it('follows redirects, up to https', async () => {
    answer = (request, response) => {
      if (request.url === '/end') return response.end(CONTENT);
      response.writeHead(302, {
        location: request.url === '/k0s' ? '/next' : `${secureUrl()}/../end`,
      });
      response.end();
    };
    assert.equal((await fetch()).sizeBytes, CONTENT.length);
  });

  const REFUSALS: readonly {
    readonly name: string;
    readonly answer: RequestListener;
    readonly more?: () => Partial<FetchOptions>;
    readonly retryable: boolean;
    readonly message: RegExp;
  }[] = [
    {
      name: 'says that 404 is final',
      answer: (_, response) => response.writeHead(404).end(),
      retryable: false,
      message: /^wanted 200, found 404 Not Found at http:\/\/127\.0\.0\.1:\d+\/k0s$/,
    },
    {
      name: 'says that 429 is not',
      answer: (_, response) => response.writeHead(429).end(),
      retryable: true,
      message: /^wanted 200, found 429/,
    },
    {
      name: 'says that 500 is not final',
      answer: (_, response) => response.writeHead(500).end(),
      retryable: true,
      message: /^wanted 200, found 500/,
    },
    {
      name: 'shows no secrets of a signed URL',
      answer: (_, response) => response.writeHead(403).end(),
      more: () => ({ url: `${plainUrl()}?signature=secret` }),
      retryable: false,
      message: /^wanted 200, found 403 Forbidden at http:\/\/127\.0\.0\.1:\d+\/k0s$/,
    },
    {
      name: 'notices a body that is cut',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 1000), () => response.destroy());
      },
      retryable: true,
      message: /^the download from http:.* broke off: /,
    },
    {
      name: 'notices a server that hangs before it answers',
      answer: () => undefined,
      more: () => ({ stallMs: 50 }),
      retryable: true,
      message: /^http:\/\/127\.0\.0\.1:\d+\/k0s hangs: no byte for /,
    },
    {
      name: 'notices a server that hangs in the middle',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 1000));
      },
      more: () => ({ stallMs: 50 }),
      retryable: true,
      message: /hangs: no byte for /,
    },
    {
      name: 'refuses to go from https to http',
      answer: (_, response) => response.writeHead(301, { location: plainUrl() }).end(),
      more: () => ({ url: secureUrl() }),
      retryable: false,
      message: /^refused a redirect from https to http: https:.* to http:/,
    },
    {
      name: 'ends a circle of redirects',
      answer: (_, response) => response.writeHead(302, { location: '/k0s' }).end(),
      retryable: false,
      message: /^more than 5 redirects, beginning at http:/,
    },
    {
      name: 'refuses a redirect to nowhere',
      answer: (_, response) => response.writeHead(302).end(),
      retryable: false,
      message: /^a redirect without a usable address/,
    },
    {
      name: 'refuses other schemes',
      answer: (_, response) => response.end(),
      more: () => ({ url: 'file:///etc/passwd' }),
      retryable: false,
      message: /^wanted an http or https URL, found file:/,
    },
    {
      name: 'refuses a certificate for another name',
      answer: (_, response) => response.end(CONTENT),
      more: () => ({ url: secureUrl().replace('127.0.0.1', 'localhost') }),
      retryable: true,
      message: /^cannot reach https:\/\/localhost:\d+\/k0s: /,
    },
    {
      name: 'says that nobody listens',
      answer: () => undefined,
      more: () => ({ url: 'http://127.0.0.1:1/k0s' }),
      retryable: true,
      message: /^cannot reach http:\/\/127\.0\.0\.1:1\/k0s: connect ECONNREFUSED/,
    },
  ];
  for (const refusal of REFUSALS) {
    it(refusal.name, async () => {
      answer = refusal.answer;
      await assert.rejects(fetch(refusal.more?.()), (thrown) => {
        assert.ok(thrown instanceof DownloadError, String(thrown));
        assert.match(thrown.message, refusal.message);
        assert.equal(thrown.retryable, refusal.retryable);
        return true;
      });
    });
  }

  it('ends at once when it is aborted, with that reason', async () => {
    const stop = new AbortController();
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 1000), () => stop.abort(new Error('cancelled')));
    };
    await assert.rejects(fetch({ signal: stop.signal }), /^Error: cancelled$/);
  });

  it('ends when there is no room for it', async () => {
    answer = (_, response) => response.end(CONTENT);
    const full = new DownloadError('full', { retryable: false, reason: 'DiskFull' });
    await assert.rejects(fetch({ onStart: () => Promise.reject(full) }), full);
  });
});
