import type { CommandStatus, StoredPlanStatus, TargetStatus } from '../api/plan.ts';
import type { Policy } from '../api/policy.ts';

/** How long things take in a preview. Milliseconds. */
export interface Pace {
  /** Of how many updates in earlier runs it was taken; where there is none it is assumed. */
  readonly measured: { readonly controllers: number; readonly workers: number };
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
    measured: { controllers: 0, workers: 0 },
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

/**
 * As {@link assumedPace}, and from the turn of a node to its commit as long as that took in earlier runs: half
 * of them took longer. Of a worker the drain is what differs from cluster to cluster, of a controller how long
 * it takes to be healthy; the rest is left as assumed.
 * @param statuses of all Plans of the cluster
 */
export function measuredPace(
  policy: Pick<Policy, 'gateStableMs'>,
  statuses: readonly (StoredPlanStatus | undefined)[],
): Pace {
  const pace = assumedPace(policy);
  const commands = statuses.flatMap((status) => status?.commands ?? []);
  const controllers = tookMs(commands, 'controllers');
  const workers = tookMs(commands, 'workers');
  const controllerMs = median(controllers);
  const workerMs = median(workers);
  const { answerMs } = pace;
  const shortestMs = Math.min(controllerMs ?? Infinity, workerMs ?? Infinity);
  const restartMs = atMost(pace.restartMs, shortestMs - answerMs);
  const known = restartMs + answerMs;
  const workerHealthMs = atMost(pace.workerHealthMs, (workerMs ?? Infinity) - known);
  return {
    ...pace,
    measured: { controllers: controllers.length, workers: workers.length },
    restartMs,
    workerHealthMs,
    ...(controllerMs === undefined
      ? {}
      : { controllerHealthMs: Math.max(0, controllerMs - known) }),
    ...(workerMs === undefined ? {} : { drainMs: Math.max(0, workerMs - known - workerHealthMs) }),
  };
}

function atMost(ms: number, boundMs: number): number {
  return Math.max(0, Math.min(ms, boundMs));
}

/** Of each target that was updated, from its turn to its commit. */
function tookMs(commands: readonly CommandStatus[], role: 'controllers' | 'workers'): number[] {
  return commands
    .flatMap(({ k0supdate }): TargetStatus[] => k0supdate?.[role] ?? [])
    .flatMap(({ phase, startedAt, lastUpdatedTimestamp }) => {
      if (phase !== 'Committed' || startedAt === undefined) return [];
      const ms = Date.parse(lastUpdatedTimestamp) - Date.parse(startedAt);
      return ms > 0 ? [ms] : [];
    });
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
