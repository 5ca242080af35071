import type { StoredPlanStatus } from '../api/plan.ts';
import { isTerminalState } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
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

/** Why a Plan that was there before us does not begin; undefined: its origin does not hold it. */
export function originHold(
  plan: Origin & { readonly name: string },
  installedAtMs: number | undefined,
): { readonly reason: Reason; readonly message: string } | undefined {
  const { name, status, generation } = plan;
  if (isTerminalState(status?.state)) return undefined;
  if (isLeftHalfRun(plan)) {
    const last = lastRun(plan);
    if (last !== undefined && last < generation) return undefined;
    const message = `k0s has begun it and left it as ${status?.state}; to see what is true of each node: autopilot adopt --check; to go on from there: autopilot adopt --run ${name}`;
    return { reason: 'LeftByK0s', message };
  }
  if (!isFromBefore(plan, installedAtMs)) return undefined;
  const message = `it is older than this installation and does not run by surprise; to run it: autopilot adopt --run ${name}, or edit it`;
  return { reason: 'NotAdopted', message };
}
