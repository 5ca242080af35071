import { ANNOTATION } from '../../../src/api/meta.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { startInformer } from '../../../src/kube/informer.ts';
import type { RawNode, RawObject } from '../../../src/kube/raw.ts';
import { parseOrder } from '../../../src/signals/order.ts';
import { silentLog } from '../silent-log.ts';

interface RawBudget extends RawObject {
  readonly status?: { readonly currentHealthy?: number; readonly desiredHealthy?: number };
}

/** One order that a node was seen with. */
interface SeenOrder {
  readonly attempt: number;
  /** How often it was told to apply it: once for each time that the word came anew. */
  applied: number;
}

/** Watches all Nodes from outside, and remembers what must never have been. */
export class Onlooker {
  /** By the node and the id of the order. */
  readonly #orders = new Map<string, SeenOrder>();
  readonly #goals = new Map<string, string>();
  readonly #cordoned = new Set<string>();
  readonly #stop = new AbortController();
  readonly #kube: Kube;
  /** The most nodes that were ever unschedulable at once. */
  mostCordoned = 0;
  /** The fewest healthy pods that any budget ever had beyond those that it wants; below 0: it was broken. */
  fewestSpare = Number.POSITIVE_INFINITY;

  constructor(kube: Kube) {
    this.#kube = kube;
  }

  async start(): Promise<void> {
    const informer = startInformer({
      kube: this.#kube,
      log: silentLog,
      signal: this.#stop.signal,
      path: '/api/v1/nodes',
      trim: (raw) => {
        const { metadata, spec } = raw as RawNode;
        const { name, resourceVersion } = metadata;
        this.#see(name, spec?.unschedulable === true, metadata.annotations?.[ANNOTATION.order]);
        return { name, resourceVersion };
      },
    });
    const budgets = startInformer({
      kube: this.#kube,
      log: silentLog,
      signal: this.#stop.signal,
      path: '/apis/policy/v1/poddisruptionbudgets',
      trim: (raw) => {
        const { metadata, status } = raw as RawBudget;
        const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
        this.fewestSpare = Math.min(this.fewestSpare, currentHealthy - desiredHealthy);
        return metadata;
      },
    });
    await Promise.all([informer.synced(), budgets.synced()]);
  }

  /** Forgets what was, before another run. */
  forget(): void {
    this.#orders.clear();
    this.mostCordoned = this.#cordoned.size;
    this.fewestSpare = Number.POSITIVE_INFINITY;
  }

  /** How many nodes were ever ordered anything. */
  get ordered(): number {
    return new Set([...this.#orders.keys()].map((key) => key.split(' ')[0])).size;
  }

  get applied(): number {
    return [...this.#orders.values()].reduce((sum, { applied }) => sum + applied, 0);
  }

  /** What must not have been: a second order for a node, a second attempt, an order that was applied twice. */
  get flaws(): string[] {
    const ofNode = new Map<string, number>();
    const flaws: string[] = [];
    for (const [key, { attempt, applied }] of this.#orders) {
      const [node = ''] = key.split(' ');
      ofNode.set(node, (ofNode.get(node) ?? 0) + 1);
      if (attempt > 1) flaws.push(`${key}: attempt ${attempt}`);
      if (applied > 1) flaws.push(`${key}: told to apply ${applied} times`);
    }
    for (const [node, orders] of ofNode) if (orders > 1) flaws.push(`${node}: ${orders} orders`);
    return flaws;
  }

  stop(): void {
    this.#stop.abort(new Error('the onlooker has seen enough'));
  }

  #see(node: string, isCordoned: boolean, text: string | undefined): void {
    if (isCordoned) this.#cordoned.add(node);
    else this.#cordoned.delete(node);
    this.mostCordoned = Math.max(this.mostCordoned, this.#cordoned.size);
    const order = parseOrder(text);
    if (order.kind !== 'valid') {
      this.#goals.delete(node);
      return;
    }
    const { id, attempt, goal } = order.value;
    const key = `${node} ${id}`;
    const known = this.#orders.get(key) ?? { attempt, applied: 0 };
    this.#orders.set(key, known);
    const word = `${id} ${goal}`;
    if (goal === 'apply' && this.#goals.get(node) !== word) known.applied++;
    this.#goals.set(node, word);
  }
}
