import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import type { RawList, RawPod } from '../kube/raw.ts';
import type { Log } from '../log.ts';
import { budgetSight, labelSelectorOf, type RawBudgetView } from './budget-sight.ts';
import type { BudgetSight } from './judge/drain-facts.ts';

/** The least between two looks at one budget: each is two requests. */
const PAUSE_MS = 10_000;
/** Of a budget over thousands of pods, the first ones tell enough. */
const MOST_PODS = 500;

/** Looks at budgets that hold a drain up, and at their pods. */
export class BudgetSightClient {
  readonly #kube: Kube;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #onSight: (namespace: string) => void;
  readonly #known = new Map<string, { readonly atMs: number; readonly sight?: BudgetSight }>();

  /** @param onSight called when {@link get} says something new of a budget of that namespace */
  constructor(kube: Kube, log: Log, signal: AbortSignal, onSight: (namespace: string) => void) {
    this.#kube = kube;
    this.#log = log;
    this.#signal = signal;
    this.#onSight = onSight;
  }

  get(namespace: string, budget: string): BudgetSight | undefined {
    return this.#known.get(`${namespace}/${budget}`)?.sight;
  }

  /** Looks, unless it did a moment ago. What fails is tried again when the next one asks. */
  ask(namespace: string, budget: string): void {
    const key = `${namespace}/${budget}`;
    const before = this.#known.get(key);
    const nowMs = performance.now();
    if (before !== undefined && nowMs < before.atMs + PAUSE_MS) return;
    this.#known.set(key, { ...before, atMs: nowMs });
    this.#look(namespace, budget).then(
      (sight) => {
        this.#known.set(key, sight === undefined ? { atMs: nowMs } : { atMs: nowMs, sight });
        if (JSON.stringify(sight) !== JSON.stringify(before?.sight)) this.#onSight(namespace);
      },
      (thrown) => {
        if (!this.#signal.aborted)
          this.#log.debug({ budget: key, error: messageOf(thrown) }, 'not looked at');
      },
    );
  }

  /** No drain is under way any more. */
  forget(): void {
    this.#known.clear();
  }

  /** Lists with selectors: there is no right to get a single one, and none is needed. */
  async #look(namespace: string, name: string): Promise<BudgetSight | undefined> {
    const budgets = await this.#kube.request<RawList<RawBudgetView>>(
      'GET',
      `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
      { query: { fieldSelector: `metadata.name=${name}` }, signal: this.#signal },
    );
    const budget = budgets.items?.[0];
    const labelSelector = budget && labelSelectorOf(budget);
    if (budget === undefined || labelSelector === undefined) return undefined;
    const pods = await this.#kube.request<RawList<RawPod>>(
      'GET',
      `/api/v1/namespaces/${namespace}/pods`,
      { query: { labelSelector, limit: `${MOST_PODS}` }, signal: this.#signal },
    );
    return budgetSight(budget, pods.items ?? []);
  }
}
