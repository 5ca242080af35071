import type { GateSpec } from '../api/policy-gates.ts';

/** A run that is under way, as far as its gates need to know it. Times in epoch milliseconds. */
export interface GatedRun {
  readonly plan: { readonly name: string; readonly uid: string };
  readonly runID: string;
  /** Of the policy that the run has frozen. */
  readonly gates: readonly GateSpec[];
  readonly workloads: 'Gate' | 'Off';
  readonly ignoreNamespaces: readonly string[];
  /** A target of it may have been taken from its users already: too late for a look at how it was before. */
  readonly touched: boolean;
  /** Nodes that it is emptying or restarting at this moment. */
  readonly nodesUnderWay: readonly string[];
  /** When a target came to its end last: an answer from before that says nothing of it. */
  readonly settledAtMs: number;
}

/** Whether what was there before the run is known. */
export type BaselineState =
  /** No gate of the policy asks for it. */
  | { readonly kind: 'notNeeded' }
  | { readonly kind: 'stored' }
  /** Not yet, or it cannot be had; the message says why. */
  | { readonly kind: 'missing'; readonly message: string };
