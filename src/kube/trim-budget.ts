import type { BudgetFacts } from '../plans/facts.ts';
import type { RawObject } from './raw.ts';

/** What is kept of a PodDisruptionBudget. */
export interface TrimmedBudget extends BudgetFacts {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  /** How many pods may be evicted now. */
  readonly disruptionsAllowed: number;
}

interface RawBudget extends RawObject {
  readonly status?: {
    readonly expectedPods?: number;
    readonly desiredHealthy?: number;
    readonly disruptionsAllowed?: number;
  };
}

export function trimBudget(raw: unknown): TrimmedBudget {
  const { metadata, status } = raw as RawBudget;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    resourceVersion: metadata.resourceVersion,
    expectedPods: status?.expectedPods ?? 0,
    desiredHealthy: status?.desiredHealthy ?? 0,
    disruptionsAllowed: status?.disruptionsAllowed ?? 0,
  };
}
