import { Agent, request } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Backend {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

interface Pool extends Backend {
  /** Answers `/readyz` with 200. Draining ones keep what they have and get nothing new. */
  ready: boolean;
  /** What the last probe found; for people. */
  found: string;
  /** The backend's side of each connection, and the client's. */
  readonly connections: Map<Socket, Socket>;
}

const PROBE_EVERY_MS = 250;
/** One that is slow because the machine is busy is not gone: with all of them given up, nobody would be asked. */
const PROBE_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 1_000;

/**
 * A TCP load balancer before the API servers, such as a cluster has in front of its controllers. It
 * probes `/readyz`, sends new connections to those that are ready, in turn, tries the next one when a
 * connection is refused, and cuts the connections of a backend that is gone.
 */
export class LoadBalancer {
  readonly #server: Server;
  readonly #pools: Pool[];
  readonly #clients = new Set<Socket>();
  readonly #stopProbes: (() => void)[] = [];
  #next = 0;
  #blocked = false;

  private constructor(server: Server, backends: readonly Backend[]) {
    this.#server = server;
    this.#pools = backends.map((backend) => ({
      ...backend,
      ready: false,
      found: 'not probed yet',
      connections: new Map(),
    }));
    server.on('connection', (client) => this.#accept(client));
    for (const pool of this.#pools) {
      this.#stopProbes.push(startProbe(pool, () => this.#cut(pool)));
    }
  }

  /** @throws when the address is taken */
  static async listen(
    address: { readonly host: string; readonly port: number },
    backends: readonly Backend[],
  ): Promise<LoadBalancer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...address, exclusive: true }, resolve);
    });
    return new LoadBalancer(server, backends);
  }

  /** Names of the backends that get new connections. */
  ready(): readonly string[] {
    return this.#pools.filter(({ ready }) => ready).map(({ name }) => name);
  }

  /** What the last probe of a backend found; for people. */
  found(name: string): string {
    return this.#pools.find((pool) => pool.name === name)?.found ?? 'no such backend';
  }

  /** Plays an API that is away: cuts all connections and refuses new ones until {@link unblock}. */
  block(): void {
    this.#blocked = true;
    for (const client of this.#clients) client.destroy();
  }

  unblock(): void {
    this.#blocked = false;
  }

  close(): Promise<void> {
    for (const stop of this.#stopProbes) stop();
    this.block();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#blocked) {
      client.resetAndDestroy();
      return;
    }
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    client.pause();
    this.#next++;
    const inTurn = this.#pools.map((_, i) => this.#pools[(this.#next + i) % this.#pools.length]!);
    // Nobody is ready while a cluster starts; then a refused connection is the honest answer.
    this.#forward(client, [
      ...inTurn.filter(({ ready }) => ready),
      ...inTurn.filter(({ ready }) => !ready),
    ]);
  }

  #forward(client: Socket, [pool, ...others]: readonly Pool[]): void {
    if (pool === undefined) {
      client.resetAndDestroy();
      return;
    }
    const backend = connect({ host: pool.host, port: pool.port, noDelay: true });
    backend.setTimeout(CONNECT_TIMEOUT_MS, () => backend.destroy(new Error('connect timeout')));
    let open = false;
    backend.once('connect', () => {
      open = true;
      backend.setTimeout(0);
      pool.connections.set(backend, client);
      client.setNoDelay(true);
      client.pipe(backend);
      backend.pipe(client);
    });
    // A refused connection tells the client nothing: the next backend is tried in its place.
    backend.once('error', () => {
      if (!open && !client.destroyed) this.#forward(client, others);
    });
    backend.once('close', () => {
      pool.connections.delete(backend);
      // Ended in good order, the pipe ends the client once it has everything.
      if (open && !backend.readableEnded) client.destroy();
    });
    client.once('close', () => backend.destroy());
  }

  #cut(pool: Pool): void {
    for (const backend of pool.connections.keys()) backend.destroy();
  }
}

/**
 * Asks on one connection that is kept, so that a backend that dies is missed at once. One question at a time: what
 * is asked before the last answer has come is answered late by a slow backend, and tells of a time that has passed.
 * @returns how to stop it
 */
function startProbe(pool: Pool, onGone: () => void): () => void {
  // Health is asked, nothing is told: the certificate does not matter here.
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const known = new WeakSet<Socket>();
  let isAsking = false;
  const gone = (why: string) => {
    pool.ready = false;
    pool.found = why;
    onGone();
  };
  const ask = () => {
    if (isAsking) return;
    isAsking = true;
    const { host, port } = pool;
    const asked = request({ agent, host, port, path: '/readyz' }, (response) => {
      pool.ready = response.statusCode === 200;
      pool.found = String(response.statusCode);
      response.resume();
    });
    const deadline = setTimeout(() => asked.destroy(new Error('no answer')), PROBE_TIMEOUT_MS);
    asked.once('socket', (socket) => {
      if (known.has(socket)) return;
      known.add(socket);
      socket.once('close', () => gone('closed'));
    });
    asked.on('error', (error) => gone(error.message));
    asked.once('close', () => {
      clearTimeout(deadline);
      isAsking = false;
    });
    asked.end();
  };
  const timer = setInterval(ask, PROBE_EVERY_MS);
  return () => {
    clearInterval(timer);
    agent.destroy();
  };
}
