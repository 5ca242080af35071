import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import { formatOrder, type Order } from '../../src/signals/order.ts';
import type { Report } from '../../src/signals/report.ts';
import { buildForHosts } from '../../tools/build.ts';
import { ownArchitecture } from '../../tools/single-file/node-binaries.ts';
import { AgentHost } from '../support/agent-host.ts';
import { eventually } from '../support/eventually.ts';
import { OLD_VERSION } from '../support/releases.ts';
import { memoryOf, type ProcessMemory } from './process-memory.ts';

const TLS = join(import.meta.dirname, '../fixtures/tls');
/** Often enough that waiting takes less time than what is waited for. */
const LOOK_EVERY_MS = 2;
const WITHIN_MS = 60_000;
const LAST_LINES = 4;

/** What ships, as one process with an API of its own over TLS, and k0s's stand-in. */
export class LoneAgent implements AsyncDisposable {
  readonly host: AgentHost;
  readonly #front: Server;

  private constructor(host: AgentHost, front: Server) {
    this.host = host;
    this.#front = front;
  }

  /** Ends when it has reported. */
  static async start(): Promise<LoneAgent> {
    const program = await buildForHosts(ownArchitecture());
    const host = await AgentHost.start(OLD_VERSION);
    const front = await encrypt(host.api.url);
    const { port } = front.address() as { port: number };
    writeFileSync(join(host.folder, 'kubeconfig'), kubeconfig(`https://127.0.0.1:${port}`));
    // images of bundles go there; the agent is the only one who reads them
    host.startAgent({ 'data-dir': join(host.folder, 'data') }, [program, 'agent']);
    const agent = new LoneAgent(host, front);
    await host.reported('that k0s answers', (report) => report.host.k0sVersion === OLD_VERSION);
    return agent;
  }

  get pid(): number {
    const { agentPid } = this.host;
    if (agentPid === undefined) throw new Error('the agent has been stopped');
    return agentPid;
  }

  memory(): ProcessMemory {
    return memoryOf(this.pid);
  }

  order(order: Order | undefined): void {
    this.host.order(order && formatOrder(order));
  }

  /** Waits for a report on this order that says so. Looks only at what is new. */
  async reported(id: string, says: (signal: Signal) => boolean): Promise<Signal> {
    const end = performance.now() + WITHIN_MS;
    let seen: string | undefined;
    for (;;) {
      const text = this.host.reportText;
      if (text !== seen) {
        seen = text;
        const signal = this.host.report?.signal;
        if (signal?.id === id && says(signal)) return signal;
      }
      if (performance.now() > end) {
        const lines = this.host.agentLog.trimEnd().split('\n').slice(-LAST_LINES);
        throw new Error(`${id} came to nothing; the report is ${seen}\n${lines.join('\n')}`);
      }
      await delay(LOOK_EVERY_MS);
    }
  }

  /** Takes the last order away: the agent has nothing left to do. */
  async release(): Promise<void> {
    this.order(undefined);
    await eventually('the order to be forgotten', () => this.host.report?.signal === undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.stop();
    this.#front.close();
  }
}

type Signal = NonNullable<Report['signal']>;

/** The API in the clear, behind a certificate: as an agent always meets it, and TLS has its price. */
async function encrypt(url: string): Promise<Server> {
  const certificate = {
    cert: readFileSync(join(TLS, 'loopback-cert.pem')),
    key: readFileSync(join(TLS, 'loopback-key.pem')),
  };
  const port = Number(new URL(url).port);
  const server = createServer(certificate, (near) => joinSockets(near, connect(port, '127.0.0.1')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function joinSockets(near: Socket, far: Socket): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

function kubeconfig(server: string): string {
  const ca = readFileSync(join(TLS, 'loopback-cert.pem')).toString('base64');
  return `apiVersion: v1
kind: Config
current-context: k0s
clusters: [{name: k0s, cluster: {server: "${server}", certificate-authority-data: ${ca}}}]
contexts: [{name: k0s, context: {cluster: k0s, user: node}}]
users: [{name: node, user: {token: abc}}]
`;
}
