import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Goal, Order } from '../../src/signals/order.ts';
import { anOrder } from '../support/agent-drive.ts';
import { NEW_VERSION } from '../support/releases.ts';
import { sha256Of } from '../support/sha256.ts';
import type { LoneAgent } from './lone-agent.ts';

/** How orders end, in turn: each of the ways that lead through a download and restart nothing. */
const ENDINGS = ['Failed', 'Cancelled', 'Committed'] as const;
export type Ending = (typeof ENDINGS)[number];

const ARTIFACT = Buffer.alloc(100_000, 'an artifact ');
const WRONG_SHA256 = '0'.repeat(64);

/** Gives an agent one order after the other. */
export class Churn implements AsyncDisposable {
  readonly #agent: LoneAgent;
  readonly #web: Server;
  #orders = 0;

  private constructor(agent: LoneAgent, web: Server) {
    this.#agent = agent;
    this.#web = web;
  }

  static async start(agent: LoneAgent): Promise<Churn> {
    const web = createServer((request, response) => churn.#serve(request.url ?? '', response));
    const churn = new Churn(agent, web);
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    return churn;
  }

  /** From its first sight to the report of its end. */
  async one(): Promise<Ending> {
    const n = this.#orders++;
    const ending = ENDINGS[n % ENDINGS.length]!;
    const order = this.#order(`churn${n}.0.1`, ending);
    this.#agent.order(order('stage'));
    const { id } = order('stage');
    if (ending === 'Cancelled') {
      await this.#agent.reported(id, ({ phase }) => phase === 'Downloading');
      this.#agent.order(order('cancel'));
    } else if (ending === 'Committed') {
      await this.#agent.reported(id, ({ phase }) => phase === 'Staged');
      this.#agent.order(order('apply'));
    }
    await this.#agent.reported(id, ({ phase }) => phase === ending);
    return ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#web.close();
    this.#web.closeAllConnections();
  }

  #order(id: string, ending: Ending): (goal: Goal) => Order {
    const { port } = this.#web.address() as AddressInfo;
    const path = ending === 'Cancelled' ? 'endless' : 'whole';
    return (goal) =>
      anOrder(goal, {
        id,
        artifact: {
          // a bundle is delivered beside a k0s that runs on
          kind: ending === 'Committed' ? 'airgap' : 'k0s',
          version: NEW_VERSION,
          url: `http://127.0.0.1:${port}/${path}`,
          sha256: ending === 'Failed' ? WRONG_SHA256 : sha256Of(ARTIFACT),
          force: false,
        },
        durations: { stageMs: 60_000, confirmMs: 60_000 },
      });
  }

  #serve(path: string, response: ServerResponse): void {
    response.setHeader('content-length', ARTIFACT.length);
    response.setHeader('etag', '"artifact"');
    if (path === '/whole') {
      response.end(ARTIFACT);
      return;
    }
    // and no end: it is cancelled
    response.write(ARTIFACT.subarray(0, ARTIFACT.length / 2));
  }
}
