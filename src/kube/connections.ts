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

/** Requests beyond this many wait their turn: a burst of writes must not become a burst of handshakes. */
const REQUEST_CONNECTIONS = 16;

/**
 * The connections to the API server, made anew when the credentials change.
 *
 * client-node's own KubeConfig makes a new undici Agent, and with it a TLS handshake, for every single
 * request; that is why only its reading of kubeconfigs is used here.
 *
 * HTTP/1.1 on purpose: over HTTP/2 one stalled connection would hold all watches and requests at once,
 * and undici sends no pings that would notice it.
 */
export class Connections {
  readonly #config: KubeConfig;
  #isClosed = false;
  #current: { tls: Credentials['tls']; byPurpose: Record<Purpose, Dispatcher> } | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  async open(purpose: Purpose): Promise<{ dispatcher: Dispatcher; credentials: Credentials }> {
    const credentials = await readCredentials(this.#config);
    if (this.#isClosed) throw new Error('the client was closed');
    if (!this.#current || !sameTls(this.#current.tls, credentials.tls)) {
      const old = this.#current;
      this.#current = {
        tls: credentials.tls,
        byPurpose: {
          request: this.#dispatcher(credentials.tls, REQUEST_CONNECTIONS),
          watch: this.#dispatcher(credentials.tls, null),
        },
      };
      if (old) closeAll(old.byPurpose);
    }
    return { dispatcher: this.#current.byPurpose[purpose], credentials };
  }

  /** Cuts what is under way, for good. */
  async destroy(): Promise<void> {
    this.#isClosed = true;
    const old = this.#current;
    this.#current = undefined;
    if (old) await Promise.all(Object.values(old.byPurpose).map((d) => d.destroy()));
  }

  #dispatcher(tls: Credentials['tls'], connections: number | null): Dispatcher {
    const options = dispatcherOptions(this.#config, tls);
    const common = {
      allowH2: false,
      pipelining: 1,
      connections,
      keepAliveTimeout: 30_000,
      // Linux: probed after 15 idle seconds, then each second; ten unanswered ones cut the connection.
      connect: { ...tls, timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 15_000 },
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
