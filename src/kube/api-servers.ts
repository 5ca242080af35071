import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Kube } from './client.ts';

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
/** Controllers come and go by the day; whoever asks for this has one that answers. */
const LOOK_MS = 60_000;
const RETRY_MS = 10_000;

/** What is read of an EndpointSlice. */
interface Slice {
  readonly addressType?: string;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean };
      }[]
    | null;
}

/**
 * Keeps {@link Kube.learnServers} up to date with the endpoints of the Service `kubernetes`, which the API
 * servers themselves keep: a kubeconfig names one address alone. Never rejects.
 */
export async function followApiServers(kube: Kube, log: Log, signal: AbortSignal): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    let pauseMs = LOOK_MS;
    try {
      const urls = await readApiServers(kube, signal);
      kube.learnServers(urls);
      if (urls.join() !== told) log.info({ servers: urls }, 'API servers of the cluster');
      told = urls.join();
    } catch (thrown) {
      // What was known is kept. Without any the one of the kubeconfig is all there is, as before.
      if (!signal.aborted) log.warn({ error: messageOf(thrown) }, 'API servers not listed');
      pauseMs = RETRY_MS;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}

/** @returns URLs, sorted. @throws as {@link Kube.request} does */
export async function readApiServers(kube: Kube, signal?: AbortSignal): Promise<string[]> {
  const query = { labelSelector: 'kubernetes.io/service-name=kubernetes' };
  const list = await kube.request<{ items?: readonly Slice[] | null }>('GET', SLICES, {
    query,
    signal,
  });
  return urlsOf(list.items ?? []);
}

export function urlsOf(slices: readonly Slice[]): string[] {
  const urls = slices.flatMap(({ addressType, ports, endpoints }) => {
    const port = (ports?.find(({ name }) => name === 'https') ?? ports?.[0])?.port;
    if (port === undefined || addressType === 'FQDN') return [];
    return (endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses)
      .map((host) => `https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  });
  return [...new Set(urls)].sort();
}
