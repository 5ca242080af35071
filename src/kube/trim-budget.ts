import type { BudgetFacts } from '../plans/facts.ts';
import type { ObjectSelector } from '../targets/object-selector.ts';
import type { RawObject } from './raw.ts';

/** What is kept of a PodDisruptionBudget. */
export interface TrimmedBudget extends BudgetFacts {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly selector: ObjectSelector | undefined;
}

interface RawBudget extends RawObject {
  readonly spec?: { readonly selector?: ObjectSelector };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly expectedPods?: number;
    readonly desiredHealthy?: number;
    readonly disruptionsAllowed?: number;
  };
}

export function trimBudget(raw: unknown): TrimmedBudget {
  const { metadata, spec, status } = raw as RawBudget;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    resourceVersion: metadata.resourceVersion,
    expectedPods: status?.expectedPods ?? 0,
    desiredHealthy: status?.desiredHealthy ?? 0,
    disruptionsAllowed: isCounted(metadata.generation, status?.observedGeneration)
      ? (status?.disruptionsAllowed ?? 0)
      : undefined,
    selector: spec?.selector,
  };
}

/** Of a budget that was made or changed a moment ago, status speaks of nothing yet. */
function isCounted(generation = 1, observed = 0): boolean {
  return observed >= generation;
}
