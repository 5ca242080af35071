import { once } from 'node:events';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { isLoopback, type Listen } from './address.ts';
import type { Metrics } from './metrics-store.ts';
import { type Answer, livez, type Pulse, readyz } from './probes.ts';
import { isAuthorized, readToken } from './token-store.ts';

export interface ServeOptions {
  readonly listen: Extract<Listen, { kind: 'on' }>;
  /** Without one no metrics are served, whoever asks: what is not patched yet is nobody else's to know. */
  readonly tokenFile: string | undefined;
  /** PEM files; read again when they change. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly metrics: Metrics;
  readonly pulse: () => Pulse;
  readonly log: Log;
}

/** An endpoint that is listened on. */
export interface Served {
  /** `http://127.0.0.1:9488` */
  readonly url: string;
  close(): Promise<void>;
}

const CERTIFICATE_LOOK_MS = 30_000;
/** Scrapers send a dozen short headers and no body. */
const MAX_HEADER_BYTES = 8_192;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;

/**
 * `/readyz`, `/livez` for probes, `/metrics` for who has the token.
 * @throws ConfigError when it cannot be listened on, or would give the token away
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const { listen, tls, tokenFile } = options;
  if (tokenFile !== undefined) {
    if (tls === undefined && !isLoopback(listen.host)) {
      throw new ConfigError(
        `--metrics-address ${listen.host}: the token would cross the network in the clear; give --metrics-cert-file and --metrics-key-file, or listen on 127.0.0.1`,
      );
    }
    await readToken(tokenFile);
  }
  const answer = listener(options);
  const common = {
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: REQUEST_TIMEOUT_MS,
  };
  const server =
    tls === undefined
      ? createServer(common, answer)
      : createTlsServer({ ...common, ...readCertificate(tls), minVersion: 'TLSv1.2' }, answer);
  server.maxConnections = MAX_CONNECTIONS;
  const unwatch = tls === undefined ? () => {} : renew(server as TlsServer, tls, options.log);
  try {
    server.listen(listen.port, listen.host);
    await once(server, 'listening');
  } catch (thrown) {
    unwatch();
    throw new ConfigError(
      `--metrics-address: cannot listen on ${listen.host}:${listen.port}: ${messageOf(thrown)}; give another one, or off`,
      { cause: thrown },
    );
  }
  const url = urlOf(server, tls === undefined ? 'http' : 'https');
  options.log.info({ url, metrics: tokenFile !== undefined }, 'probes and metrics are served');
  return {
    url,
    async close() {
      unwatch();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function listener({ tokenFile, metrics, pulse, log }: ServeOptions): RequestListener {
  const scrape = async (request: IncomingMessage, response: ServerResponse) => {
    if (tokenFile === undefined) {
      return say(response, 403, 'metrics are served only with --metrics-token-file');
    }
    const token = await readToken(tokenFile);
    if (!isAuthorized(request.headers.authorization, token)) {
      response.setHeader('www-authenticate', 'Bearer');
      return say(response, 401, 'wanted the bearer token of --metrics-token-file');
    }
    const text = await metrics.render();
    response.writeHead(200, { 'content-type': metrics.contentType });
    response.end(text);
  };
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') say(response, 405, 'wanted GET');
    else if (path === '/readyz') probe(response, readyz(pulse()));
    else if (path === '/livez') probe(response, livez(pulse()));
    else if (path === '/metrics') {
      scrape(request, response).catch((thrown: unknown) => {
        // Who asks without a token must not learn more than that there is trouble.
        log.warn({ error: messageOf(thrown) }, 'metrics not served');
        say(response, 500, 'metrics cannot be served; the log of the orchestrator says why');
      });
    } else say(response, 404, 'found: /metrics, /readyz, /livez');
  };
}

function probe(response: ServerResponse, { ok, text }: Answer): void {
  say(response, ok ? 200 : 503, text);
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

/** @throws ConfigError where a file cannot be read, or they do not belong together */
function readCertificate({ certFile, keyFile }: NonNullable<ServeOptions['tls']>) {
  try {
    const found = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    createSecureContext(found);
    return found;
  } catch (thrown) {
    throw new ConfigError(`--metrics-cert-file, --metrics-key-file: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** A certificate that is renewed on the disk is served without a restart. @returns what ends it */
function renew(server: TlsServer, tls: NonNullable<ServeOptions['tls']>, log: Log): () => void {
  const read = () => {
    try {
      server.setSecureContext(readCertificate(tls));
      log.info({ certFile: tls.certFile }, 'certificate of the metrics read again');
    } catch (thrown) {
      // Half written, or gone: the one before is served on, and the next change is looked at.
      log.warn({ error: messageOf(thrown) }, 'certificate of the metrics not read');
    }
  };
  const files = [tls.certFile, tls.keyFile];
  for (const file of files) {
    watchFile(file, { interval: CERTIFICATE_LOOK_MS, persistent: false }, read);
  }
  return () => {
    for (const file of files) unwatchFile(file, read);
  };
}

function urlOf(server: Server | TlsServer, scheme: string): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
