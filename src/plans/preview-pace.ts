import type { Policy } from '../api/policy.ts';

/** How long things take in a preview: assumptions, and printed as such. Milliseconds. */
export interface Pace {
  readonly downloadMs: number;
  readonly backupMs: number;
  readonly drainMs: number;
  readonly restartMs: number;
  /** From the restart until the API server of a controller has proved itself. */
  readonly controllerHealthMs: number;
  /** From the restart until the kubelet of a worker has: two renewals of its Lease. */
  readonly workerHealthMs: number;
  /** Until a node has answered a commit. */
  readonly answerMs: number;
  /** Until the Job of a hook or a gate has succeeded. */
  readonly jobMs: number;
}

const LEASE_RENEWAL_MS = 10_000;

/** Of ordinary hosts and a link of some 50 Mbit/s; what the policy asks for at least is never undercut. */
export function assumedPace({ gateStableMs }: Pick<Policy, 'gateStableMs'>): Pace {
  return {
    downloadMs: 60_000,
    backupMs: 30_000,
    drainMs: 60_000,
    restartMs: 10_000,
    controllerHealthMs: Math.max(15_000, gateStableMs + 1_000),
    workerHealthMs: 2 * LEASE_RENEWAL_MS,
    answerMs: 1_000,
    jobMs: 30_000,
  };
}
