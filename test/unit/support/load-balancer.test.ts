import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
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

  test('does not listen on an address that is taken', async () => {
    const { port } = await aBackend('first');
    await assert.rejects(LoadBalancer.listen({ host: HOST, port }, []), { code: 'EADDRINUSE' });
  });
});
