import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { HttpSpec } from '../../../src/gates/http-gate.ts';
import { askHttp } from '../../../src/gates/http-gate-client.ts';
import { eventually } from '../../support/eventually.ts';

const TLS = join(import.meta.dirname, '../../fixtures/tls');

let server: Server;
let secure: Server;
const asked: string[] = [];
/** Bytes that the endless answer could get rid of. */
let poured = 0;
let pouringEnded = false;

const answer: RequestListener = (request, response) => {
  asked.push(request.url ?? '');
  switch (request.url) {
    case '/ok':
      response.end('{"status": "ready"}');
      return;
    case '/teapot':
      response.writeHead(418).end('short and stout');
      return;
    case '/moved':
      response.writeHead(302, { location: '/ok' }).end();
      return;
    case '/late':
      response.write('{"sta');
      return;
    case '/broken':
      response.writeHead(200, { 'content-length': '100' });
      response.write('ready');
      setImmediate(() => response.destroy());
      return;
    case '/endless': {
      const part = Buffer.alloc(16 * 1024, 'x');
      response.write('ready');
      const pour = () => {
        while (!response.destroyed && response.write(part)) poured += part.length;
        if (!response.destroyed) response.once('drain', pour);
      };
      response.once('close', () => {
        pouringEnded = true;
      });
      pour();
      return;
    }
    case '/far':
      response.end(`${'x'.repeat(64 * 1024)}ready`);
      return;
    case '/trap':
      response.end(`${'a'.repeat(64)}b`);
      return;
  }
  // Silence.
};

before(async () => {
  server = createServer(answer).listen(0, '127.0.0.1');
  const key = readFileSync(join(TLS, 'loopback-key.pem'));
  const cert = readFileSync(join(TLS, 'loopback-cert.pem'));
  secure = createTlsServer({ key, cert }, answer).listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(secure, 'listening')]);
});
after(() => {
  for (const one of [server, secure]) {
    one?.close();
    one?.closeAllConnections();
  }
});

const portOf = (one: Server) => (one.address() as AddressInfo).port;
const urlOf = (path: string) => `http://127.0.0.1:${portOf(server)}${path}`;

function ask(path: string, spec: Omit<HttpSpec, 'url'> = {}, timeoutMs = 5_000) {
  return askHttp({ url: urlOf(path), ...spec }, timeoutMs, new AbortController().signal);
}

test('an answer that is good', async () => {
  const found = await ask('/ok', { body: '"status": "ready"' });
  assert.deepEqual(found, { outcome: 'pass', message: `HTTP 200 at ${urlOf('/ok')}` });
});

test('a status that is wanted, and one that is not', async () => {
  assert.equal((await ask('/teapot', { status: [418] })).outcome, 'pass');
  assert.deepEqual(await ask('/teapot'), {
    outcome: 'fail',
    message: `wanted HTTP 200 to 299, found 418 at ${urlOf('/teapot')}`,
  });
});

test('a redirect is an answer, and not followed', async () => {
  asked.length = 0;
  assert.equal((await ask('/moved')).outcome, 'fail');
  assert.equal((await ask('/moved', { status: [302] })).outcome, 'pass');
  assert.deepEqual(asked, ['/moved', '/moved']);
});

test('of a huge answer no more is read than is judged', { timeout: 60_000 }, async () => {
  assert.equal((await ask('/endless', { body: '^ready' })).outcome, 'pass');
  await eventually('the connection to be closed', () => pouringEnded);
  assert.ok(poured < 64 * 1024 * 1024, `${poured} bytes`);
  assert.equal((await ask('/far', { body: 'ready' })).outcome, 'fail');
});

test('who is silent, late, or breaks off is unknown', async () => {
  for (const path of ['/silent', '/late']) {
    assert.deepEqual(await ask(path, { body: 'ready' }, 300), {
      outcome: 'unknown',
      message: `could not be asked: ${urlOf(path)}: no answer within 0.3 s`,
    });
  }
  assert.equal((await ask('/broken', { body: 'ready' })).outcome, 'unknown');
});

test('nobody there is unknown', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const url = `http://127.0.0.1:${portOf(gone)}/`;
  gone.close();
  await once(gone, 'close');
  const refused = await askHttp({ url }, 5_000, new AbortController().signal);
  assert.equal(refused.outcome, 'unknown');
  assert.match(refused.message, /^could not be asked: .*ECONNREFUSED/);
  const nowhere = { url: 'http://no-such-host.invalid/' };
  const lost = await askHttp(nowhere, 5_000, new AbortController().signal);
  assert.equal(lost.outcome, 'unknown');
  assert.match(lost.message, /no-such-host.invalid/);
});

test('a certificate that nobody has vouched for is unknown, whatever is said behind it', async () => {
  asked.length = 0;
  const url = `https://127.0.0.1:${portOf(secure)}/ok`;
  const found = await askHttp({ url }, 5_000, new AbortController().signal);
  assert.equal(found.outcome, 'unknown');
  assert.match(found.message, /certificate/);
  assert.deepEqual(asked, []);
});

test('a regular expression that goes back and forth is cut off', async () => {
  const found = await ask('/trap', { body: '(a+)+$' });
  assert.deepEqual(found, {
    outcome: 'unknown',
    message: 'body cannot be judged: it takes longer than 200 ms',
  });
});

test('who does not want an answer any more gets none', async () => {
  const stop = new AbortController();
  const asking = askHttp({ url: urlOf('/silent') }, 60_000, stop.signal);
  stop.abort();
  assert.equal((await asking).outcome, 'unknown');
});
