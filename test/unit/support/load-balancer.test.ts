import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { LoadBalancer } from '../../support/load-balancer.ts';

const HOST = '127.0.0.1';
const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** Greets with its name; its connections can be seen. */
async function aBackend(
  name: string,
): Promise<{ port: number; server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(`${name}\n`);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  open.push({ close });
  return { port: (server.address() as AddressInfo).port, server, sockets };
}

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function aBalancer(...ports: readonly number[]): Promise<number> {
  const { port } = await aBalancerItself(...ports);
  return port;
}

async function aBalancerItself(...ports: readonly number[]) {
  const port = await aFreePort();
  const backends = ports.map((backend, i) => ({ name: `b${i}`, host: HOST, port: backend }));
  const balancer = await LoadBalancer.listen({ host: HOST, port }, backends);
  open.push(balancer);
  return { balancer, port };
}

/** An API server as the probe sees it; `answer` may change. */
async function anApiServer(answer: { status: number; body: readonly string[]; lateMs: number }) {
  const tls = join(import.meta.dirname, '../../fixtures/tls');
  const read = (name: string) => readFileSync(join(tls, name));
  const key = { cert: read('loopback-cert.pem'), key: read('loopback-key.pem') };
  const server = createHttps(key, async (_, response) => {
    const { status, body, lateMs } = answer;
    await delay(lateMs);
    response.writeHead(status);
    for (const part of body) {
      response.write(part);
      await delay(20);
    }
    response.end();
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  open.push({ close: () => server.close().closeAllConnections() });
  return (server.address() as AddressInfo).port;
}

async function greeting(port: number): Promise<string> {
  const client = connect(port, HOST);
  try {
    const [data] = await once(client, 'data');
    return String(data).trim();
  } finally {
    client.destroy();
  }
}

describe('the load balancer of the tests', () => {
  test('takes a second backend in place of one that refuses connections', async () => {
    const { port } = await aBackend('alive');
    const entry = await aBalancer(await aFreePort(), port);
    for (let i = 0; i < 4; i++) assert.equal(await greeting(entry), 'alive');
  });

  test('resets a connection that no backend takes', async () => {
    const entry = await aBalancer(await aFreePort());
    await assert.rejects(greeting(entry), { code: 'ECONNRESET' });
  });

  test('cuts a connection whose backend dies', async () => {
    const { port, sockets } = await aBackend('mortal');
    const client = connect(await aBalancer(port), HOST);
    client.on('error', () => {});
    await once(client, 'data');
    const closed = once(client, 'close');
    // The first may be its probe's.
    for (const socket of sockets) socket.destroy();
    await closed;
  });

  test('lets nobody through while it is blocked, and everybody afterwards', async () => {
    const { port: backend } = await aBackend('there');
    const { balancer, port } = await aBalancerItself(backend);
    const client = connect(port, HOST);
    client.on('error', () => {});
    await once(client, 'data');
    const closed = once(client, 'close');
    balancer.block();
    await closed;
    await assert.rejects(greeting(port), { code: 'ECONNRESET' });
    balancer.unblock();
    assert.equal(await greeting(port), 'there');
  });

  test('believes an answer that is late and comes in pieces, and the next one', async () => {
    const failed = ['[+]ping ok\n', '[-]etcd failed: reason withheld\n', 'readyz check failed\n'];
    const answer = { status: 500, body: failed, lateMs: 400 };
    const { balancer } = await aBalancerItself(await anApiServer(answer));
    await eventually('the failure to be seen', () => balancer.found('b0') === '500');
    // more than one probe in that state: what they leave behind must not be in the way
    await delay(1_000);
    assert.deepEqual(balancer.ready(), []);
    Object.assign(answer, { status: 200, body: ['o', 'k'], lateMs: 0 });
    await eventually('the backend to be ready', () => balancer.ready().includes('b0'));
  });

  test('gives up a backend that does not answer, and takes it back', async () => {
    const answer = { status: 200, body: ['ok'], lateMs: 0 };
    const { balancer } = await aBalancerItself(await anApiServer(answer));
    await eventually('the backend to be ready', () => balancer.ready().includes('b0'));
    answer.lateMs = 30_000;
    await eventually('it to be given up', () => balancer.ready().length === 0);
    answer.lateMs = 0;
    await eventually('it to be ready again', () => balancer.ready().includes('b0'));
  });

  test('does not listen on an address that is taken', async () => {
    const { port } = await aBackend('first');
    await assert.rejects(LoadBalancer.listen({ host: HOST, port }, []), { code: 'EADDRINUSE' });
  });
});
