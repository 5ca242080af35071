import type { Kube } from '../../../src/kube/client.ts';
import { type Informer, startInformer } from '../../../src/kube/informer.ts';
import type { RawControlNode, RawNode, RawObject } from '../../../src/kube/raw.ts';
import { silentLog } from '../silent-log.ts';
import { type RawPod, type RawWorld, viewOf, type World } from './world.ts';

const PLANS = '/apis/autopilot.k0sproject.io/v1beta2/plans';
const CONTROL_NODES = '/apis/autopilot.k0sproject.io/v1beta2/controlnodes';

interface Kept<T> {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly resourceVersion: string;
  readonly raw: T;
}

export interface ObserverOptions {
  readonly kube: Kube;
  /** Labels of the workload whose replicas are counted. */
  readonly workload: { readonly namespace: string; readonly labels: string };
}

/**
 * Watches a cluster from outside and tells of every change in it, in the order in which the API server
 * tells of the changes of one kind.
 */
export class Observer {
  /** Of which Plan the hosts' phases are told. */
  planName: string | undefined;
  readonly #stop = new AbortController();
  readonly #nodes: Informer<Kept<RawNode>>;
  readonly #controlNodes: Informer<Kept<RawControlNode>>;
  readonly #plans: Informer<Kept<RawObject>>;
  readonly #pods: Informer<Kept<RawPod>>;
  readonly #listeners = new Set<(world: World) => void>();

  private constructor({ kube, workload }: ObserverOptions) {
    const start = <T extends RawObject>(path: string, query: Record<string, string> = {}) =>
      startInformer<Kept<T>>({
        kube,
        path,
        query,
        trim: (raw) => keep(raw as T),
        onChange: () => this.#tell(),
        log: silentLog,
        signal: this.#stop.signal,
        backoffCapMs: 500,
      });
    this.#nodes = start('/api/v1/nodes');
    this.#controlNodes = start(CONTROL_NODES);
    this.#plans = start(PLANS);
    this.#pods = start(`/api/v1/namespaces/${workload.namespace}/pods`, {
      labelSelector: workload.labels,
    });
  }

  static async start(options: ObserverOptions): Promise<Observer> {
    const observer = new Observer(options);
    await Promise.all(observer.#all().map((informer) => informer.synced()));
    return observer;
  }

  world(): World {
    const raw: RawWorld = {
      nodes: rawOf(this.#nodes),
      controlNodes: rawOf(this.#controlNodes),
      plans: rawOf(this.#plans),
      pods: rawOf(this.#pods),
    };
    return viewOf(raw, this.planName);
  }

  /** @returns how to stop being told */
  onChange(listener: (world: World) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits until the world is so, looking at every change.
   * @param what ends the sentence "waited for ..." when it does not come about
   */
  async until(
    what: string,
    isSo: (world: World) => boolean,
    { timeoutMs = 120_000, signal }: { timeoutMs?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<World> {
    const { promise, resolve, reject } = Promise.withResolvers<World>();
    const look = (world: World) => isSo(world) && resolve(world);
    const forget = this.onChange(look);
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => {
      const found = JSON.stringify(this.world().plan?.status ?? null, null, 1);
      reject(new Error(`waited ${timeoutMs / 1000} s for ${what}; the Plan's status is ${found}`));
    }, timeoutMs);
    try {
      signal?.throwIfAborted();
      look(this.world());
      return await promise;
    } finally {
      clearTimeout(timer);
      forget();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
    this.#stop.abort();
    await Promise.all(this.#all().map((informer) => informer.ended));
  }

  #all(): Informer<Kept<RawObject>>[] {
    return [this.#nodes, this.#controlNodes, this.#plans, this.#pods] as Informer<
      Kept<RawObject>
    >[];
  }

  #tell(): void {
    if (this.#listeners.size === 0) return;
    const world = this.world();
    for (const listener of this.#listeners) listener(world);
  }
}

function keep<T extends RawObject>(raw: T): Kept<T> {
  const { name, namespace, resourceVersion } = raw.metadata;
  return { name, namespace, resourceVersion, raw };
}

function rawOf<T>(informer: Informer<Kept<T>>): Map<string, T> {
  return new Map([...informer.values()].map(({ name, raw }) => [name, raw]));
}
