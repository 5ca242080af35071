import {
  type CommandStatus,
  isTerminalState,
  type PlanSpec,
  type PlanStatus,
  type StoredPlanStatus,
} from '../api/plan.ts';

/** The status of a run of ours that has begun and not ended. */
export type RunningStatus = PlanStatus & {
  readonly runID: string;
  readonly frozenSpec: PlanSpec;
  readonly commands: CommandStatus[];
};

export function isUnderWay(status: StoredPlanStatus | undefined): status is RunningStatus {
  return (
    status?.runID !== undefined &&
    status.frozenSpec !== undefined &&
    status.commands != null &&
    !isTerminalState(status.state)
  );
}

/**
 * What of a status must be stored before anything follows from it, as one text to compare. Everything else
 * can be observed again; these cannot, once the orders that told of them have been replaced:
 * a digest that was pinned, a backup that was made, what was quarantined, a command that has ended, and those
 * that a rollback has added.
 */
export function lastingOf(status: StoredPlanStatus | undefined): string {
  return JSON.stringify([
    status?.rollback?.at,
    status?.commands?.map(({ pinned, backup, state, rollback, quarantined }) => [
      pinned,
      backup?.path,
      state === 'Completed',
      rollback,
      quarantined,
    ]) ?? [],
  ]);
}

/** What of a status is about the Plan and not about one run: what people asked, and a pause. */
export function outlivesRun({
  paused,
  requestResults,
}: StoredPlanStatus = {}): Pick<StoredPlanStatus, 'paused' | 'requestResults'> {
  return {
    ...(paused === undefined ? {} : { paused }),
    ...(requestResults === undefined ? {} : { requestResults }),
  };
}
