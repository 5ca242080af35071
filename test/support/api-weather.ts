import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { connect } from '../../src/kube/client.ts';
import type { ApiServer } from './api-server.ts';

/** What becomes of a request on its way. */
export type Weather =
  /** It is answered on the way, and never arrives. */
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly body: object;
      readonly headers?: Record<string, string>;
    }
  /** Its answer comes so slowly. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  | { readonly kind: 'fair' };

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly length: number;
}

/**
 * A server before one API server that speaks TLS with its certificate, and passes requests on as one user. What
 * it is told to it refuses or slows down. Endpoints of the cluster are hidden, so that nobody goes around it.
 */
export class ApiWeather {
  readonly url: string;
  /** Asked of every request. */
  of: (asked: Asked) => Weather = () => ({ kind: 'fair' });
  /** How many requests were refused. */
  refused = 0;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#stop = stop;
  }

  static async before(api: ApiServer, user: string): Promise<ApiWeather> {
    const [cert, key] = await Promise.all(
      ['server.crt', 'server.key'].map((file) => readFile(join(api.pki, file))),
    );
    const kube = connect({ kubeconfig: await api.kubeconfig(user) });
    const { tls } = await kube.credentials();
    await kube.close();
    const agent = new Agent({ ...tls, keepAlive: true });
    const upstream = { agent, host: api.address, port: api.port };
    const server = createServer({ cert: cert!, key: key! }, (asked, answer) => {
      weather.#pass(asked, answer, upstream).catch(() => answer.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const weather = new ApiWeather(url, async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    });
    return weather;
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #pass(
    asked: IncomingMessage,
    answer: ServerResponse,
    upstream: { agent: Agent; host: string; port: number },
  ): Promise<void> {
    const { method = 'GET', url: path = '/' } = asked;
    const pieces: Buffer[] = [];
    for await (const piece of asked) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    if (path.includes('/endpointslices')) return refuse(answer, 200, { items: [] });
    const weather = this.of({ method, path, length: body.length });
    if (weather.kind === 'refuse') {
      this.refused++;
      return refuse(answer, weather.status, weather.body, weather.headers);
    }
    const { host: _, ...headers } = asked.headers;
    const sent = request({ ...upstream, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      // Of a watch nothing else may come for a long time.
      answer.flushHeaders();
      if (weather.kind === 'slow') response.pipe(slowly(weather.bytesPerSecond)).pipe(answer);
      else response.pipe(answer);
    });
    sent.on('error', () => answer.destroy());
    answer.on('close', () => sent.destroy());
    sent.end(body);
  }
}

function refuse(
  answer: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers });
  answer.end(JSON.stringify(body));
}

/** Holds each piece back for as long as it would take. */
function slowly(bytesPerSecond: number): Transform {
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      setTimeout(() => done(null, piece), (1000 * piece.length) / bytesPerSecond);
    },
  });
}
