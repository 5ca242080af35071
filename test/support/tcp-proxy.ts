import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire between a client and one server that can be cut, or go dead without anybody being told. */
export interface TcpProxy {
  /** `https://127.0.0.1:PORT` unless said otherwise: the certificate of an API server holds that one. */
  readonly url: string;
  /** How many connections were ever made through it. */
  readonly connections: number;
  /** Bytes that went through so far, as they are on the wire: encrypted. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** `pass`: as it should be. `dead`: connections stay open and nothing goes through. `cut`: all are closed. */
  set(mode: 'pass' | 'dead' | 'cut'): void;
  close(): Promise<void>;
}

export async function startTcpProxy(
  host: string,
  port: number,
  listenOn = '127.0.0.1',
): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'pass' | 'dead' | 'cut' = 'pass';
  let connections = 0;
  const bytes = { up: 0, down: 0 };
  const server = createServer((client) => {
    connections += 1;
    if (mode === 'cut') {
      client.destroy();
      return;
    }
    const upstream = connect(port, host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('data', (chunk) => {
        if (mode !== 'pass') return;
        bytes[from === client ? 'up' : 'down'] += chunk.length;
        to.write(chunk);
      });
      from.on('close', end);
      from.on('error', end);
    }
  });
  server.listen(0, listenOn);
  await once(server, 'listening');
  const cutAll = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  return {
    url: `https://${listenOn}:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    bytes,
    set(next) {
      mode = next;
      if (mode === 'cut') cutAll();
    },
    async close() {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
