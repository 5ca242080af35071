import { isTerminalState, type PlanStatus, type StoredPlanStatus } from '../api/plan.ts';
import { type FailedRelease, KEPT_FAILURES } from '../api/update-config.ts';
import { targetsOf } from '../plans/progress.ts';
import type { TrimmedPlan } from '../plans/trim-plan.ts';

const HOUR_MS = 3_600_000;
const LONGEST_MS = 24 * HOUR_MS;

/** Where a Plan stands, as far as the next one is concerned. */
export type PlanStanding =
  /** Nothing of it is under way, nor will be. */
  | 'ended'
  /** k0s's own has left it: nothing ever becomes of it by an edit. */
  | 'leftover'
  | 'underWay';

export function standingOf({ status, generation, deleted }: TrimmedPlan): PlanStanding {
  if (deleted || !isTerminalState(status?.state)) return 'underWay';
  if (status?.observedGeneration === undefined) return 'leftover';
  return status.observedGeneration >= generation ? 'ended' : 'underWay';
}

/** What a Plan that has failed says of the release that it brought. */
export function failureOf(
  version: string,
  attempt: number,
  status: StoredPlanStatus | undefined,
  nowMs: number,
): FailedRelease {
  const at = status?.finishedAt ?? new Date(nowMs).toISOString();
  const said =
    status?.conditions?.find((one) => one.type === 'Failed' && one.status === 'True') ??
    status?.conditions?.find((one) => one.type === 'Accepted' && one.status === 'False');
  const waitMs = Math.min(LONGEST_MS, HOUR_MS * 2 ** Math.min(attempt - 1, 10));
  return {
    version,
    attempts: attempt,
    at,
    reason: said?.reason ?? status?.state ?? 'Failed',
    message: (said?.message ?? 'its Plan has failed').slice(0, 500),
    undone: wasUndone(status),
    // Whoever had it put back, or ended, does not want it back in an hour.
    ...(isByPerson(status) ? {} : { retryAt: new Date(Date.parse(at) + waitMs).toISOString() }),
  };
}

/** The newest first; one for each version. */
export function withFailure(
  failures: readonly FailedRelease[],
  failure: FailedRelease,
): FailedRelease[] {
  return [failure, ...failures.filter(({ version }) => version !== failure.version)].slice(
    0,
    KEPT_FAILURES,
  );
}

function isByPerson(status: StoredPlanStatus | undefined): boolean {
  return status?.rollback?.by !== undefined || status?.aborted !== undefined;
}

function wasUndone(status: StoredPlanStatus | undefined): boolean {
  const commands: PlanStatus['commands'] = status?.commands;
  return (
    status?.rollback !== undefined ||
    (commands ?? []).some((command) => targetsOf(command).some(({ phase }) => phase === 'Undone'))
  );
}
