import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import {
  type Credentials,
  dispatcherOptions,
  KubeconfigError,
  readCredentials,
  sameTls,
} from './credentials.ts';

/** Long-lived watches have connections of their own, so that they never take a place from a request. */
export type Purpose = 'request' | 'watch';

/**
 * In the certificate of every API server, and of nothing else: an address that was learned from the cluster is
 * not enough, for kubelets have certificates of the same authority that are made out to addresses.
 */
const API_SERVER_NAME = 'kubernetes.default.svc';

/** Short enough to ask a second server within the time in which a Lease must be renewed. */
const CONNECT_TIMEOUT_MS = 3_000;

/** Certificates and tokens are renewed hours ahead; to read them anew for each of hundreds of requests is waste. */
const CREDENTIALS_FOR_MS = 1_000;

/** Requests beyond this many wait their turn: a burst of writes must not become a burst of handshakes. */
const REQUEST_CONNECTIONS = 16;

/**
 * The connections to the API servers, made anew when the credentials change.
 *
 * client-node's own KubeConfig makes a new undici Agent, and with it a TLS handshake, for every single
 * request; that is why only its reading of kubeconfigs is used here.
 *
 * HTTP/1.1 on purpose: over HTTP/2 one stalled connection would hold all watches and requests at once,
 * and undici sends no pings that would notice it.
 */
export class Connections {
  readonly #config: KubeConfig;
  readonly #home: string;
  #isClosed = false;
  #tls: Credentials['tls'] | undefined;
  #credentials: { readonly value: Credentials; readonly untilMs: number } | undefined;
  readonly #byServer = new Map<string, Record<Purpose, Dispatcher>>();

  /** @param home URL of the API server that the kubeconfig names */
  constructor(config: KubeConfig, home: string) {
    this.#config = config;
    this.#home = home;
  }

  async open(
    purpose: Purpose,
    server: string,
  ): Promise<{ dispatcher: Dispatcher; credentials: Credentials }> {
    const credentials = await this.#read();
    if (this.#isClosed) throw new Error('the client was closed');
    const { tls } = credentials;
    if (this.#tls === undefined || !sameTls(this.#tls, tls)) {
      this.#tls = tls;
      for (const old of this.#byServer.values()) closeAll(old);
      this.#byServer.clear();
    }
    let known = this.#byServer.get(server);
    if (known === undefined) {
      const own = server === this.#home ? tls : { ...tls, servername: API_SERVER_NAME };
      known = {
        request: this.#dispatcher(own, REQUEST_CONNECTIONS),
        watch: this.#dispatcher(own, null),
      };
      this.#byServer.set(server, known);
    }
    return { dispatcher: known[purpose], credentials };
  }

  async #read(): Promise<Credentials> {
    if (this.#credentials !== undefined && performance.now() < this.#credentials.untilMs) {
      return this.#credentials.value;
    }
    const value = await readCredentials(this.#config);
    this.#credentials = { value, untilMs: performance.now() + CREDENTIALS_FOR_MS };
    return value;
  }

  /** Cuts what is under way with one server: whoever watches there goes on elsewhere. */
  cut(server: string): void {
    const known = this.#byServer.get(server);
    this.#byServer.delete(server);
    for (const one of Object.values(known ?? {})) one.destroy().catch(() => {});
  }

  /** Cuts what is under way, for good. */
  async destroy(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#byServer.values()].flatMap((known) => Object.values(known));
    this.#byServer.clear();
    await Promise.all(all.map((one) => one.destroy()));
  }

  #dispatcher(tls: Credentials['tls'], connections: number | null): Dispatcher {
    const options = dispatcherOptions(this.#config, tls);
    const common = {
      allowH2: false,
      pipelining: 1,
      connections,
      keepAliveTimeout: 30_000,
      // Linux: probed after 15 idle seconds, then each second; ten unanswered ones cut the connection.
      connect: {
        ...tls,
        timeout: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        keepAliveInitialDelay: 15_000,
      },
    };
    switch (options.type) {
      case 'agent':
      case 'none':
        return new Agent(common);
      case 'proxy':
        return new ProxyAgent({ ...common, uri: options.uri, requestTls: tls });
      case 'socks':
        throw new KubeconfigError(
          `proxy-url ${options.uri}: SOCKS proxies are not supported, wanted http or https`,
        );
    }
  }
}

/** Lets what is under way end by itself; a failure to close harms nobody. */
function closeAll(dispatchers: Record<Purpose, Dispatcher>): void {
  for (const dispatcher of Object.values(dispatchers)) dispatcher.close().catch(() => {});
}
