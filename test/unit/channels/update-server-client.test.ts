import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  askServer,
  proxyFor,
  type ServerQuestion,
} from '../../../src/channels/update-server-client.ts';
import {
  type HostileServer,
  startHostileServer,
  startRawServer,
} from '../../support/hostile-server.ts';

const tlsFolder = join(import.meta.dirname, '../../fixtures/tls');
const cert = readFileSync(join(tlsFolder, 'loopback-cert.pem'), 'utf8');
const key = readFileSync(join(tlsFolder, 'loopback-key.pem'), 'utf8');

const servers: { close(): unknown }[] = [];
after(() => Promise.all(servers.map((one) => one.close())));

async function serverOf(
  answer: RequestListener,
  tls?: { cert: string; key: string },
): Promise<HostileServer> {
  const server = await startHostileServer(answer, tls);
  servers.push(server);
  return server;
}

function ask(url: string, over: Partial<ServerQuestion> = {}) {
  return askServer({
    url,
    headers: { K0s_ClusterID: 'kube-system:1' },
    token: 'secret',
    etag: undefined,
    proxy: '',
    caBundle: undefined,
    userAgent: 'autopilot/test',
    signal: new AbortController().signal,
    timeoutMs: 5_000,
    ...over,
  });
}

test('what is asked for is told who asks, and bytes come back with what they are known by', async () => {
  const server = await serverOf((_request, response) =>
    response.writeHead(200, { etag: '"1"' }).end('channel: x'),
  );
  const answer = await ask(`${server.origin}/stable/index.yaml`);
  assert.deepEqual(answer, { kind: 'bytes', bytes: Buffer.from('channel: x'), etag: '"1"' });
  const { headers } = server.seen[0]!;
  assert.equal(headers.authorization, 'Bearer secret');
  assert.equal(headers.k0s_clusterid, 'kube-system:1');
  assert.equal(headers['user-agent'], 'autopilot/test');
  assert.equal(headers['if-none-match'], undefined);
});

test('what is known already is not sent again', async () => {
  const server = await serverOf((request, response) =>
    response.writeHead(request.headers['if-none-match'] === '"1"' ? 304 : 200).end(),
  );
  assert.deepEqual(await ask(server.origin, { etag: '"1"' }), { kind: 'same' });
  // 304 without having been asked so is no answer.
  const rude = await serverOf((_request, response) => response.writeHead(304).end());
  assert.equal((await ask(rude.origin)).kind, 'failed');
});

test('more than an index may have is not read to its end', async () => {
  let sent = 0;
  const server = await serverOf((_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    response.on('drain', more);
    more();
  });
  const answer = await ask(server.origin);
  assert.equal(answer.kind, 'tooLarge');
  assert.ok(sent < 50_000_000, `${sent}`);
  const announced = await serverOf((_request, response) => {
    response.writeHead(200, { 'content-length': 9_000_000 });
    response.write('x');
  });
  assert.deepEqual(await ask(announced.origin), { kind: 'tooLarge', bytes: 9_000_000 });
});

const failures: [what: string, answer: RequestListener, reason: string, message: RegExp][] = [
  ['no answer at all', () => {}, 'ServerUnreachable', /no whole answer within 0\.5 s/],
  [
    'an answer that comes byte by byte',
    (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('#'), 100);
      response.on('close', () => clearInterval(drip));
    },
    'ServerUnreachable',
    /no whole answer within 0\.5 s/,
  ],
  ['a broken answer', (request) => request.socket.destroy(), 'ServerUnreachable', /./],
  [
    'an error of the server',
    (_request, response) => response.writeHead(500).end(),
    'ServerUnreachable',
    /wanted 200, found 500/,
  ],
  [
    'no rights',
    (_request, response) => response.writeHead(401).end(),
    'ServerRefused',
    /wanted 200, found 401/,
  ],
  [
    'nothing there',
    (_request, response) => response.writeHead(404).end(),
    'ServerRefused',
    /wanted 200, found 404/,
  ],
  [
    'packed bytes',
    (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    'ServerRefused',
    /content-encoding gzip/,
  ],
  [
    'a redirect to itself',
    (_request, response) => response.writeHead(302, { location: '/' }).end(),
    'RedirectRefused',
    /more than 3 redirects/,
  ],
  [
    'a redirect to a file',
    (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'RedirectRefused',
    /a redirect to file:/,
  ],
  [
    'a redirect to nowhere',
    (_request, response) => response.writeHead(301).end(),
    'RedirectRefused',
    /nowhere/,
  ],
];
for (const [what, answer, reason, message] of failures) {
  test(`${what} is ${reason}`, async () => {
    const server = await serverOf(answer);
    const found = await ask(server.origin, {
      timeoutMs: 500 + (reason === 'ServerUnreachable' ? 0 : 5_000),
    });
    assert.equal(found.kind === 'failed' ? found.reason : found.kind, reason);
    assert.match(found.kind === 'failed' ? found.message : '', message);
  });
}

test('when to come back is taken from Retry-After', async () => {
  const server = await serverOf((_request, response) =>
    response.writeHead(503, { 'retry-after': '120' }).end(),
  );
  const found = await ask(server.origin);
  const waitMs = (found.kind === 'failed' ? (found.retryAtMs ?? 0) : 0) - Date.now();
  assert.ok(waitMs > 115_000 && waitMs <= 120_000, `${waitMs}`);
});

test('a server that does not speak HTTP is unreachable', async () => {
  const server = await startRawServer((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n'));
  servers.push(server);
  const found = await ask(server.origin);
  assert.equal(found.kind === 'failed' && found.reason, 'ServerUnreachable');
});

test('a redirect is followed, and the token stays with the server that was named', async () => {
  const mirror = await serverOf((_request, response) => response.writeHead(200).end('x'));
  const server = await serverOf((_request, response) =>
    response.writeHead(302, { location: `${mirror.origin}/y` }).end(),
  );
  assert.equal((await ask(server.origin)).kind, 'bytes');
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret');
  assert.equal(mirror.seen[0]?.headers.authorization, undefined);
  assert.equal(mirror.seen[0]?.headers.k0s_clusterid, undefined);
});

test('a server proves itself by the bundle of the policy, and leads nobody down to http', async () => {
  const plain = await serverOf((_request, response) => response.writeHead(200).end('x'));
  const server = await serverOf(
    (_request, response) => response.writeHead(302, { location: plain.origin }).end(),
    { cert, key },
  );
  const refused = await ask(server.origin);
  assert.equal(
    refused.kind === 'failed' && refused.reason,
    'ServerUnreachable',
    'nobody has vouched for it',
  );
  const found = await ask(server.origin, { caBundle: cert });
  assert.equal(found.kind === 'failed' && found.reason, 'RedirectRefused', JSON.stringify(found));
  assert.match(found.kind === 'failed' ? found.message : '', /from https down to/);
  assert.deepEqual(plain.seen, []);
});

test('a proxy that is named is asked in the place of the server', async () => {
  const proxy = await serverOf((_request, response) => response.writeHead(200).end('by proxy'));
  const found = await ask('http://updates.example.com/stable/index.yaml', { proxy: proxy.origin });
  assert.equal(found.kind === 'bytes' ? found.bytes.toString() : JSON.stringify(found), 'by proxy');
  assert.equal(proxy.seen[0]?.url, 'http://updates.example.com/stable/index.yaml');
});

test('else the environment says which, but for what NO_PROXY names', () => {
  const env = { HTTPS_PROXY: 'http://p:1', no_proxy: '.internal' };
  assert.equal(proxyFor(new URL('https://a.example.com'), undefined, env), 'http://p:1');
  assert.equal(proxyFor(new URL('https://a.internal'), undefined, env), undefined);
  assert.equal(proxyFor(new URL('http://a.example.com'), undefined, env), undefined);
  assert.equal(proxyFor(new URL('https://a.example.com'), '', env), undefined);
  assert.equal(proxyFor(new URL('https://a.internal'), 'http://q:2', env), 'http://q:2');
});
