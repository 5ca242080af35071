import type { AgentOptions, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { AutopilotError, messageOf } from '../errors.ts';

/** What proves to each other who we and the API server are. */
export interface Credentials {
  /** Authorization and impersonation; empty with a client certificate. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly servername?: string;
  };
}

export class KubeconfigError extends AutopilotError {
  readonly reason = 'InvalidKubeconfig';
  readonly retryable = false;
}

/**
 * Finds the configuration: the file that was named, else $KUBECONFIG, else the Pod's own ServiceAccount,
 * else ~/.kube/config.
 * @throws KubeconfigError when there is none, or it cannot be read
 */
export function loadKubeConfig(path: string | undefined, context?: string): KubeConfig {
  const config = new KubeConfig();
  const inPod = process.env.KUBERNETES_SERVICE_HOST && !process.env.KUBECONFIG;
  try {
    if (path !== undefined) config.loadFromFile(path);
    else if (inPod) config.loadFromCluster();
    else config.loadFromDefault();
  } catch (thrown) {
    throw new KubeconfigError(`cannot read the kubeconfig ${path ?? ''}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if (context !== undefined) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      const found = known.join(', ') || 'none';
      throw new KubeconfigError(`the kubeconfig has no context ${context}, found ${found}`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  // The last resort of client-node, http://localhost:8080, is nobody's API server.
  if (!cluster || cluster.server === 'http://localhost:8080') {
    throw new KubeconfigError(
      'no API server is configured: wanted --kubeconfig, $KUBECONFIG, a Pod with a ServiceAccount, or ~/.kube/config',
    );
  }
  // Who cannot tell the API server from somebody else gives that one its credentials, and the cluster's orders.
  if (cluster.skipTLSVerify) {
    throw new KubeconfigError(
      `the kubeconfig says insecure-skip-tls-verify of ${cluster.server}: certificates are always verified here; give certificate-authority-data instead`,
    );
  }
  if (!cluster.server.startsWith('https://')) {
    throw new KubeconfigError(`the kubeconfig names ${cluster.server}: wanted https://`);
  }
  return config;
}

/** Reads files and runs credential plugins anew, so that rotated tokens and certificates are taken up. */
export async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const found: RequestOptions & { headers?: Record<string, string> } = {};
  try {
    await config.applyToHTTPSOptions(found);
  } catch (thrown) {
    throw new KubeconfigError(`cannot use the kubeconfig: ${messageOf(thrown)}`, { cause: thrown });
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(found.headers ?? {})) headers[name] = String(value);
  if (found.auth) headers.Authorization = `Basic ${Buffer.from(found.auth).toString('base64')}`;
  return {
    headers,
    tls: {
      ...(found.ca === undefined ? {} : { ca: found.ca as Buffer }),
      ...(found.cert === undefined ? {} : { cert: found.cert as Buffer }),
      ...(found.key === undefined ? {} : { key: found.key as Buffer }),
      ...(found.servername === undefined ? {} : { servername: found.servername }),
    },
  };
}

/** @returns whether a connection made with one may go on being used with the other */
export function sameTls(a: Credentials['tls'], b: Credentials['tls']): boolean {
  return same(a.ca, b.ca) && same(a.cert, b.cert) && same(a.key, b.key);
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.equals(b));
}

/** The part of client-node's answer that needs its own types. */
export function dispatcherOptions(config: KubeConfig, tls: Credentials['tls']) {
  return config.createDispatcherOptions(config.getCurrentCluster(), tls as AgentOptions);
}
