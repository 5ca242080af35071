import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcp,
  type Server,
  type Socket,
} from 'node:net';

/** What came with a request; names of headers in lower case. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A server that answers as it is told, and remembers what it was asked. */
export interface HostileServer {
  readonly origin: string;
  readonly seen: Seen[];
  answer: RequestListener;
  close(): Promise<void>;
}

export async function startHostileServer(
  answer: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<HostileServer> {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers });
    // a client that has gone away is its own business
    response.on('error', () => undefined);
    server.answer(request, response);
  };
  const inner = tls === undefined ? createPlain(listener) : createSecure(tls, listener);
  const port = await listen(inner);
  const server: HostileServer = {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    seen,
    answer,
    close: () => {
      inner.closeAllConnections();
      return new Promise((resolve) => inner.close(() => resolve()));
    },
  };
  return server;
}

/** A server that does not even speak HTTP: what it says is up to the caller. */
export async function startRawServer(
  say: (socket: Socket) => void,
): Promise<{ readonly origin: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => say(socket));
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** A proxy for http and, by CONNECT, for https. */
export interface SmallProxy {
  readonly url: string;
  /** `GET URL` or `CONNECT HOST:PORT`, and what it was told of who asks. */
  readonly asked: { readonly what: string; readonly authorization: string | undefined }[];
  /** Opens no tunnel any more, and says nothing about it. */
  isDeaf: boolean;
  close(): Promise<void>;
}

export async function startProxy(): Promise<SmallProxy> {
  const sockets = new Set<Socket>();
  const server = createPlain((request, response) => {
    const authorization = request.headers['proxy-authorization'];
    proxy.asked.push({ what: `GET ${request.url}`, authorization });
    const to = new URL(request.url ?? '');
    const upstream = connect(Number(to.port), to.hostname, () => {
      upstream.write(
        `GET ${to.pathname} HTTP/1.1\r\nhost: ${to.host}\r\nconnection: close\r\n\r\n`,
      );
      upstream.pipe(response.socket as Socket);
    });
    sockets.add(upstream);
    upstream.on('error', () => response.destroy());
  });
  server.on('connect', (request, socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const authorization = request.headers['proxy-authorization'];
    proxy.asked.push({ what: `CONNECT ${request.url}`, authorization });
    if (proxy.isDeaf) return;
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
  });
  const proxy: SmallProxy = {
    url: `http://127.0.0.1:${await listen(server)}`,
    asked: [],
    isDeaf: false,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
