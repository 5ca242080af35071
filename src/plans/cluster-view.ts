import type { ControlNodeFacts, NodeFacts } from './facts.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** What is told of the cluster to those who look on, and judge nothing; times in epoch milliseconds. */
export interface ClusterView {
  readonly nowMs: number;
  /** By the clock of the API server; undefined: not known. */
  readonly serverNowMs: number | undefined;
  readonly plans: readonly Pick<TrimmedPlan, 'createdAtMs' | 'status'>[];
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  readonly controlNodes: ReadonlyMap<string, ControlNodeFacts>;
  readonly quarantined: number;
  readonly isPaused: boolean;
  /** How many writes the API server bears at once. */
  readonly writesAtOnce: number;
}
