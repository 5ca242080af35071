import type { StoredPlanStatus } from '../api/plan.ts';
import { isTerminalState } from '../api/plan.ts';
import { isUnderWay } from './run.ts';

/** What of a Plan tells whose it is. */
export interface Origin {
  readonly generation: number;
  readonly status: StoredPlanStatus | undefined;
  /** When its spec was last written, by the API server's clock; undefined: now. */
  readonly appliedAtMs?: number | undefined;
  /** The last generation that `autopilot adopt` has left to k0s; undefined: it was not asked. */
  readonly adopted?: number | undefined;
}

/** Begun by k0s and not ended: it has a state, and nothing that we write beside it. */
export function isLeftHalfRun({ status }: Pick<Origin, 'status'>): boolean {
  const state = status?.state ?? '';
  return state !== '' && !isTerminalState(state) && !isUnderWay(status);
}

/** The newest generation that has run, or that nobody wants to run any more; undefined: none is known. */
export function lastRun({ status, adopted }: Origin): number | undefined {
  return status?.observedGeneration ?? adopted;
}

/**
 * Whether a Plan was there before us and nobody has said that it may run: k0s may have carried it out, or have
 * been kept from it for a reason. An edit since is a word of its own.
 */
export function isFromBefore(plan: Origin, installedAtMs: number | undefined): boolean {
  const { generation, status, appliedAtMs = Number.POSITIVE_INFINITY, adopted } = plan;
  if (status?.runID !== undefined || status?.observedGeneration !== undefined) return false;
  if (adopted !== undefined) return adopted >= generation;
  return installedAtMs !== undefined && appliedAtMs < installedAtMs;
}
