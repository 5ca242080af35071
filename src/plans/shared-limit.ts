import { countOf } from '../api/count-or-percent.ts';
import type { PlanFacts } from './facts.ts';
import type { Target } from './target.ts';

/** What other Plans leave of the workers that may be away at once. */
export interface SharedLimit {
  /** Workers of others that are away already. */
  readonly taken: ReadonlySet<string>;
  /** Those of others that are under way: what counts for a node that is down, and costs nothing more. */
  readonly inFlight: ReadonlySet<string>;
  /** How many may be away of all Plans together. */
  readonly limit: number;
  readonly because: string;
}

/**
 * S3 across Plans: of the workers of all Plans under way no more are away than `maxUnavailable` of the cluster
 * allows (the layers below a Plan's own), or, where none says it, than the Plan with the widest limit may take
 * alone.
 * @param limit this Plan's own
 * @returns undefined where no other Plan has anything away: then its own limit holds alone
 */
export function sharedLimit(
  workers: readonly { readonly target: Pick<Target, 'name'> }[],
  limit: number,
  { others, policy, nodes }: Pick<PlanFacts, 'others' | 'policy' | 'nodes'>,
): SharedLimit | undefined {
  if (others.inFlight.size === 0 && others.workers.size === 0) return undefined;
  const own = new Set(workers.map(({ target }) => target.name));
  const inFlight = new Set([...others.inFlight].filter((name) => !own.has(name)));
  const taken = new Set(inFlight);
  for (const name of others.workers) {
    const node = nodes.get(name);
    const isAway = node !== undefined && (node.ready !== 'True' || node.unschedulable);
    if (isAway && !own.has(name)) taken.add(name);
  }
  if (taken.size === 0) return undefined;
  const { maxUnavailable } = policy.layer;
  if (maxUnavailable === undefined) {
    const most = Math.max(limit, others.limit);
    return { taken, inFlight, limit: most, because: `limit ${most} of the widest of these Plans` };
  }
  const existing = new Set([...own, ...others.workers].filter((name) => nodes.has(name))).size;
  // Never none: a percentage of few workers would let nothing begin.
  const allowed = Math.max(1, countOf(maxUnavailable, existing));
  return {
    taken,
    inFlight,
    limit: allowed,
    because: `limit ${allowed} by the cluster's maxUnavailable ${maxUnavailable}`,
  };
}
