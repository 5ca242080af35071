import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { DownloadError } from '../../../src/artifacts/errors.ts';
import { type FetchRules, openRemote } from '../../../src/artifacts/fetch-client.ts';
import type { FetchRequest, RemoteFile } from '../../../src/node-agent/host.ts';
import {
  type HostileServer,
  type SmallProxy,
  startHostileServer,
  startProxy,
  startRawServer,
} from '../../support/hostile-server.ts';

const CONTENT = Buffer.alloc(300_000, 'k0s');
const FIXTURES = join(import.meta.dirname, '../../fixtures/tls');
const RULES: FetchRules = {
  allowedPrefixes: undefined,
  maxBytes: 1e9,
  stallMs: 2000,
  caFile: join(FIXTURES, 'loopback-cert.pem'),
  credentialsFile: undefined,
};
const ROOT = process.getuid?.() === 0;

describe('a remote file', () => {
  let folder: string;
  let plain: HostileServer;
  let secure: HostileServer;
  let proxy: SmallProxy;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'autopilot-fetch-'));
    const cert = readFileSync(join(FIXTURES, 'loopback-cert.pem'), 'utf8');
    const key = readFileSync(join(FIXTURES, 'loopback-key.pem'), 'utf8');
    plain = await startHostileServer(serve);
    secure = await startHostileServer(serve, { cert, key });
    proxy = await startProxy();
  });
  beforeEach(() => {
    for (const server of [plain, secure]) {
      server.answer = serve;
      server.seen.length = 0;
    }
    proxy.asked.length = 0;
  });
  after(async () => {
    await Promise.all([plain.close(), secure.close(), proxy.close()]);
    rmSync(folder, { recursive: true });
  });

  const serve: RequestListener = (_, response) => response.end(CONTENT);
  const plainUrl = () => `${plain.origin}/k0s`;
  const secureUrl = () => `${secure.origin}/k0s`;
  const open = (
    request: Partial<FetchRequest> = {},
    rules: Partial<FetchRules> = {},
    environment: Readonly<Record<string, string>> = {},
  ) =>
    openRemote(
      {
        url: plainUrl(),
        signal: new AbortController().signal,
        withinMs: 60_000,
        ...request,
      },
      { ...RULES, ...rules },
      { environment, slowWindowMs: 150 },
    );
  const read = async (file: RemoteFile) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const fetch = async (...options: Parameters<typeof open>) => read(await open(...options));

  it('comes with its head: length, strong validator, name', async () => {
    plain.answer = (_, response) => {
      response.setHeader('content-length', CONTENT.length).setHeader('etag', '"v1"');
      response.end(CONTENT);
    };
    const { body, close, ...head } = await open();
    assert.deepEqual(head, {
      kind: 'file',
      fromByte: 0,
      totalBytes: CONTENT.length,
      validator: '"v1"',
      fileName: 'k0s',
    });
    close();
  });

  it('comes over TLS by a CA of our own, and without a length', async () => {
    secure.answer = (_, response) => {
      response.write(CONTENT);
      response.end();
    };
    assert.ok((await fetch({ url: secureUrl() })).equals(CONTENT));
  });

  it('is asked for from where we are, by its validator', async () => {
    plain.answer = (_, response) => {
      const range = `bytes 1000-${CONTENT.length - 1}/${CONTENT.length}`;
      response.writeHead(206, { 'content-range': range, etag: '"v1"' });
      response.end(CONTENT.subarray(1000));
    };
    const file = await open({ resume: { fromByte: 1000, validator: '"v1"' } });
    assert.equal(file.fromByte, 1000);
    assert.equal(file.totalBytes, CONTENT.length);
    assert.ok((await read(file)).equals(CONTENT.subarray(1000)));
    const { range, 'if-range': ifRange } = plain.seen[0]!.headers;
    assert.deepEqual([range, ifRange], ['bytes=1000-', '"v1"']);
  });

  it('is followed through redirects, up to https', async () => {
    plain.answer = (_, response) =>
      response.writeHead(302, { location: `${secureUrl()}/../next` }).end();
    secure.answer = (request, response) =>
      request.url === '/end'
        ? response.end(CONTENT)
        : response.writeHead(302, { location: '/end' }).end();
    assert.ok((await fetch()).equals(CONTENT));
  });

  describe('with credentials', () => {
    const file = () => join(folder, 'credentials.yaml');
    const write = (text: string, mode = 0o600) => {
      writeFileSync(file(), text);
      chmodSync(file(), mode);
      return { credentialsFile: file() };
    };

    it('sends them to the prefix, and not to where it is redirected', { skip: !ROOT }, async () => {
      const prefix = `${plain.origin}/k0s`;
      const rules = write(
        `credentials:\n- {prefix: "${prefix}", username: me, password: "s:cret"}`,
      );
      plain.answer = (_, response) => response.writeHead(302, { location: secureUrl() }).end();
      await fetch({}, rules);
      const basic = `Basic ${Buffer.from('me:s:cret').toString('base64')}`;
      assert.equal(plain.seen[0]?.headers.authorization, basic);
      assert.equal(secure.seen[0]?.headers.authorization, undefined);
      write(`credentials:\n- {prefix: "${prefix}", bearer: abc}`);
      await fetch({}, rules);
      assert.equal(plain.seen[1]?.headers.authorization, 'Bearer abc', 'read again once changed');
      await fetch({ url: `${plain.origin}/k0s-evil` }, rules);
      assert.equal(plain.seen[2]?.headers.authorization, undefined);
    });

    it('uses no file that others can read', { skip: !ROOT }, async () => {
      await assert.rejects(fetch({}, write('credentials: []', 0o644)), {
        message: `the credentials in ${file()} cannot be used: wanted it readable by its owner alone (0600), found 0644`,
        retryable: false,
      });
      assert.equal(plain.seen.length, 0);
    });
  });

  describe('through a proxy', () => {
    it('goes by HTTP_PROXY, who asks included', async () => {
      const url = proxy.url.replace('//', '//me:pw@');
      assert.ok((await fetch({}, {}, { HTTP_PROXY: url })).equals(CONTENT));
      const authorization = `Basic ${Buffer.from('me:pw').toString('base64')}`;
      assert.deepEqual(proxy.asked, [{ what: `GET ${plainUrl()}`, authorization }]);
    });

    it('goes by HTTPS_PROXY through a tunnel, and checks who is at its end', async () => {
      const environment = { HTTPS_PROXY: proxy.url };
      assert.ok((await fetch({ url: secureUrl() }, {}, environment)).equals(CONTENT));
      const { host } = new URL(secure.origin);
      assert.equal(proxy.asked[0]?.what, `CONNECT ${host}`);
      await assert.rejects(
        fetch({ url: secureUrl() }, { caFile: undefined }, environment),
        /^DownloadError: cannot reach https:.*self-signed certificate/,
      );
    });

    it('goes around it where NO_PROXY says so', async () => {
      for (const no of ['127.0.0.0/8', '*', '10.0.0.0/8,127.0.0.1']) {
        assert.ok((await fetch({}, {}, { HTTP_PROXY: proxy.url, NO_PROXY: no })).equals(CONTENT));
      }
      assert.deepEqual(proxy.asked, []);
    });

    it('gives up one that opens no tunnel, and ends at once when aborted', async () => {
      proxy.isDeaf = true;
      const environment = { HTTPS_PROXY: proxy.url };
      try {
        const hanging = fetch({ url: secureUrl() }, { stallMs: 50 }, environment);
        await assert.rejects(hanging, /^DownloadError: .*(hangs: no byte|tunnel timed out)/);
        const stop = new AbortController();
        setTimeout(() => stop.abort(new Error('cancelled')), 50);
        const options = { url: secureUrl(), signal: stop.signal };
        await assert.rejects(fetch(options, { stallMs: 1000 }, environment), /^Error: cancelled$/);
      } finally {
        proxy.isDeaf = false;
      }
    });
  });

  interface Refusal {
    readonly name: string;
    readonly answer?: RequestListener;
    readonly ask?: () => Partial<FetchRequest>;
    readonly rules?: () => Partial<FetchRules>;
    readonly message: RegExp;
    readonly retryable?: boolean;
    readonly reason?: DownloadError['reason'];
    readonly isStale?: boolean;
    readonly retryAfterMs?: number;
  }
  const status =
    (code: number, headers: Record<string, string | number> = {}): RequestListener =>
    (_, response) =>
      response.writeHead(code, headers).end();
  const RESUME = { resume: { fromByte: 1000, validator: '"v1"' } };
  const part = (range: string, etag = '"v1"'): RequestListener =>
    status(206, { 'content-range': range, etag });
  const slowly =
    (bytes: number, everyMs: number): RequestListener =>
    (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      const timer = setInterval(() => response.write(CONTENT.subarray(0, bytes)), everyMs);
      response.on('close', () => clearInterval(timer));
    };
  const REFUSALS: readonly Refusal[] = [
    {
      name: 'says that 404 is final',
      answer: status(404),
      retryable: false,
      message: /^wanted 200, found 404 Not Found at http:\/\/127\.0\.0\.1:\d+\/k0s$/,
    },
    {
      name: 'says that 429 is not, and how long to wait',
      answer: status(429, { 'retry-after': 7 }),
      retryAfterMs: 7000,
      message: /^wanted 200, found 429/,
    },
    { name: 'says that 500 is not final', answer: status(500), message: /^wanted 200, found 500/ },
    {
      name: 'shows no secrets of a signed URL',
      answer: status(403),
      ask: () => ({ url: `${plainUrl()}?signature=secret` }),
      retryable: false,
      message: /^wanted 200, found 403 Forbidden at http:\/\/127\.0\.0\.1:\d+\/k0s$/,
    },
    {
      name: 'notices a body that is cut',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 1000), () => response.destroy());
      },
      message: /^the download from http:.* broke off: /,
    },
    {
      name: 'notices a chunked body that is cut',
      answer: (_, response) => {
        response.write(CONTENT.subarray(0, 1000), () => response.destroy());
      },
      message: /^the download from http:.* broke off: /,
    },
    {
      name: 'notices a server that hangs before it answers',
      answer: () => undefined,
      rules: () => ({ stallMs: 50 }),
      message: /^http:\/\/127\.0\.0\.1:\d+\/k0s hangs: no byte for /,
    },
    {
      name: 'notices a server that hangs in the middle',
      answer: (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 1000));
      },
      rules: () => ({ stallMs: 50 }),
      message: /hangs: no byte for /,
    },
    {
      name: 'notices a server that sends a byte now and then',
      answer: slowly(1, 10),
      rules: () => ({ stallMs: 100 }),
      message: /hangs: less than 1 KiB a second for /,
    },
    {
      name: 'refuses to go from https to http',
      answer: serve,
      ask: () => {
        secure.answer = status(301, { location: plainUrl() });
        return { url: secureUrl() };
      },
      retryable: false,
      reason: 'SourceForbidden',
      message: /^refused a redirect from https to http: https:.* to http:/,
    },
    {
      name: 'refuses a redirect to a file of the host',
      answer: status(302, { location: 'file:///etc/passwd' }),
      retryable: false,
      reason: 'SourceForbidden',
      message: /^refused a redirect from http:.*: wanted an http or https URL, found file:/,
    },
    {
      name: 'refuses a redirect out of the allowed prefixes',
      answer: status(302, { location: 'http://127.0.0.1:1/k0s' }),
      rules: () => ({ allowedPrefixes: [`${plain.origin}/k0s`] }),
      retryable: false,
      reason: 'SourceForbidden',
      message: /^refused a redirect .* http:\/\/127\.0\.0\.1:1\/k0s is within none of the prefixes/,
    },
    {
      name: 'refuses an address out of the allowed prefixes, unasked',
      ask: () => ({ url: `${plain.origin}/k0s-evil` }),
      rules: () => ({ allowedPrefixes: [`${plain.origin}/k0s`] }),
      retryable: false,
      reason: 'SourceForbidden',
      message: /^http:.*k0s-evil is within none of the prefixes that this host allows: http:/,
    },
    {
      name: 'ends a circle of redirects',
      answer: status(302, { location: '/k0s' }),
      retryable: false,
      message: /^more than 5 redirects, beginning at http:/,
    },
    {
      name: 'refuses a redirect to nowhere',
      answer: status(302),
      retryable: false,
      message: /^a redirect without a usable address/,
    },
    {
      name: 'refuses other schemes',
      ask: () => ({ url: 'file:///etc/passwd' }),
      retryable: false,
      reason: 'SourceForbidden',
      message: /^wanted an http or https URL, found file:/,
    },
    {
      name: 'refuses a certificate of an unknown CA',
      ask: () => ({ url: secureUrl() }),
      rules: () => ({ caFile: undefined }),
      message: /^cannot reach https:\/\/127\.0\.0\.1:\d+\/k0s: self-signed certificate/,
    },
    {
      name: 'refuses a certificate for another name',
      ask: () => ({ url: secureUrl().replace('127.0.0.1', 'localhost') }),
      message: /^cannot reach https:\/\/localhost:\d+\/k0s: /,
    },
    {
      name: 'says that a CA file is not there',
      rules: () => ({ caFile: '/nowhere/ca.pem' }),
      retryable: false,
      message: /^the certificates in \/nowhere\/ca\.pem cannot be used: ENOENT/,
    },
    {
      name: 'says that nobody listens',
      ask: () => ({ url: 'http://127.0.0.1:1/k0s' }),
      message: /^cannot reach http:\/\/127\.0\.0\.1:1\/k0s: connect ECONNREFUSED/,
    },
    {
      name: 'says that a name is not known',
      ask: () => ({ url: 'http://nowhere.invalid/k0s' }),
      message: /^cannot reach http:\/\/nowhere\.invalid\/k0s: getaddrinfo /,
    },
    {
      name: 'refuses a body that was packed',
      answer: status(200, { 'content-encoding': 'gzip' }),
      retryable: false,
      message: /^wanted the bytes as they are, found Content-Encoding gzip at http:/,
    },
    {
      name: 'refuses what is announced to be too long',
      answer: status(200, { 'content-length': 2000 }),
      rules: () => ({ maxBytes: 1999 }),
      retryable: false,
      reason: 'ArtifactTooLarge',
      message: /^wanted at most 1999 bytes, found 2000 at http:/,
    },
    {
      name: 'refuses what becomes too long',
      answer: slowly(100_000, 1),
      rules: () => ({ maxBytes: 299_999 }),
      retryable: false,
      reason: 'ArtifactTooLarge',
      message: /^wanted at most 299999 bytes, found/,
    },
    {
      name: 'refuses a part that nobody asked for',
      answer: part('bytes 1000-1999/2000'),
      message: /^wanted 200, found 206/,
    },
    {
      name: 'refuses a part that begins elsewhere',
      answer: part('bytes 999-1999/2000'),
      ask: () => RESUME,
      isStale: true,
      message: /^wanted the bytes from 1000 on, found "bytes 999-1999\/2000"/,
    },
    {
      name: 'refuses a part that does not go to the end',
      answer: part('bytes 1000-1001/2000'),
      ask: () => RESUME,
      isStale: true,
      message: /^wanted the bytes up to the end, found "bytes 1000-1001\/2000"/,
    },
    {
      name: 'refuses a part of another file',
      answer: part('bytes 1000-1999/2000', '"v2"'),
      ask: () => RESUME,
      isStale: true,
      message: /^wanted the rest of "v1", found "v2" at http:/,
    },
    {
      name: 'refuses a part of a file that is much the same',
      answer: part('bytes 1000-1999/2000', 'W/"v1"'),
      ask: () => RESUME,
      isStale: true,
      message: /^wanted the rest of "v1", found no strong ETag at http:/,
    },
    {
      name: 'says that a file has become shorter',
      answer: status(416),
      ask: () => RESUME,
      isStale: true,
      message: /has no byte 1000: the file was changed$/,
    },
    {
      name: 'ends when its time is over',
      answer: slowly(60_000, 100),
      ask: () => ({ withinMs: 50 }),
      message: /^the download from http:.* was under way when its time was over$/,
    },
  ];
  for (const refusal of REFUSALS) {
    it(refusal.name, async () => {
      if (refusal.answer) plain.answer = refusal.answer;
      await assert.rejects(fetch(refusal.ask?.(), refusal.rules?.()), (thrown) => {
        assert.ok(thrown instanceof DownloadError, String(thrown));
        assert.match(thrown.message, refusal.message);
        assert.equal(thrown.retryable, refusal.retryable ?? true);
        assert.equal(thrown.reason, refusal.reason ?? 'DownloadFailed');
        assert.equal(thrown.isStale, refusal.isStale ?? false);
        assert.equal(thrown.retryAfterMs, refusal.retryAfterMs);
        return true;
      });
    });
  }

  it('takes no longer than the head may, however many bytes of it come', async () => {
    const loris = await startRawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x: y\r\n'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    await assert.rejects(fetch({ url: `${loris.origin}/k0s` }, { stallMs: 100 }), /hangs: no byte/);
    loris.close();
  });

  it('is not longer than its head says', async () => {
    const liar = await startRawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nk0s and more');
    });
    await assert.rejects(
      fetch({ url: `${liar.origin}/k0s` }),
      /^DownloadError: .* broke off \(it is not what its head said\)/,
    );
    liar.close();
  });

  it('ends at once when it is aborted, with that reason', async () => {
    const stop = new AbortController();
    plain.answer = (_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 1000), () => stop.abort(new Error('cancelled')));
    };
    await assert.rejects(fetch({ signal: stop.signal }), /^Error: cancelled$/);
    await assert.rejects(fetch({ signal: stop.signal }), /^Error: cancelled$/);
  });

  it('waits for a reader that takes its time', async () => {
    plain.answer = (_, response) => response.end(Buffer.alloc(2_000_000, 'k0s'));
    let bytes = 0;
    let isFirst = true;
    for await (const chunk of (await open({}, { stallMs: 60 })).body) {
      if (isFirst) await new Promise((resolve) => setTimeout(resolve, 200));
      isFirst = false;
      bytes += chunk.length;
    }
    assert.equal(bytes, 2_000_000);
  });
});
