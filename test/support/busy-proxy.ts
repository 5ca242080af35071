import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const TLS = join(import.meta.dirname, '../fixtures/tls');
const cert = readFileSync(join(TLS, 'loopback-cert.pem'));
const key = readFileSync(join(TLS, 'loopback-key.pem'));

/** A way to an API server, which can be made to answer as one that has too much to do. */
export interface BusyProxy {
  /** Path of a kubeconfig that leads there; it lies beside the one that was given. */
  readonly kubeconfig: string;
  /** 429 to everything, with this Retry-After; undefined: what the API server says. */
  busySeconds: number | undefined;
  /** How many requests were refused so. */
  readonly refused: number;
  close(): Promise<void>;
}

/** @param kubeconfig whose credentials it uses, as `k0s kubeconfig create` writes it */
export async function startBusyProxy(kubeconfig: string): Promise<BusyProxy> {
  const text = await readFile(kubeconfig, 'utf8');
  const data = (key: string) =>
    Buffer.from(new RegExp(`${key}: (\\S+)`).exec(text)?.[1] ?? '', 'base64');
  const server = new URL(/server: (\S+)/.exec(text)?.[1] ?? '');
  const agent = new Agent({
    keepAlive: true,
    ca: data('certificate-authority-data'),
    cert: data('client-certificate-data'),
    key: data('client-key-data'),
  });
  let busySeconds: number | undefined;
  let refused = 0;

  function refuse(response: ServerResponse, seconds: number): void {
    refused++;
    const body = JSON.stringify({
      kind: 'Status',
      status: 'Failure',
      reason: 'TooManyRequests',
      message: 'too many requests, please try again later',
      code: 429,
    });
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': `${seconds}` });
    response.end(body);
  }

  function forward(incoming: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = server;
    const { method, url: path, headers } = incoming;
    const out = request({ agent, hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    out.once('error', () => response.destroy());
    response.once('close', () => out.destroy());
    incoming.pipe(out);
  }

  const proxy = createServer({ cert, key }, (incoming, response) => {
    if (busySeconds === undefined) return forward(incoming, response);
    incoming.resume();
    incoming.once('end', () => refuse(response, busySeconds ?? 1));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const beside = `${kubeconfig}.busy`;
  await writeFile(
    beside,
    text
      .replace(/server: .*/, `server: ${url}`)
      .replace(/(certificate-authority-data:) .*/, `$1 ${cert.toString('base64')}`),
  );
  return {
    kubeconfig: beside,
    get busySeconds() {
      return busySeconds;
    },
    set busySeconds(seconds) {
      busySeconds = seconds;
    },
    get refused() {
      return refused;
    },
    async close() {
      proxy.closeAllConnections();
      proxy.close();
      agent.destroy();
      await once(proxy, 'close');
    },
  };
}
