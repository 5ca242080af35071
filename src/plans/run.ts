import {
  type CommandStatus,
  isTerminalState,
  type PlanSpec,
  type PlanStatus,
  type StoredPlanStatus,
} from '../api/plan.ts';
import { targetsOf } from './progress.ts';

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
 * a digest that was pinned, a backup that was made, a batch that was opened or has settled, a Job that was
 * begun or has ended, a node that others had cordoned, a further attempt
 * (whose orders nobody else would know for ours), what was quarantined, what a rollback has added, and a
 * command that has failed or ended.
 */
export function lastingOf(status: StoredPlanStatus | undefined): string {
  return JSON.stringify([
    status?.rollback?.at,
    status?.commands?.map((command) => [
      command.pinned,
      command.backup?.path,
      command.state === 'Completed',
      command.batch?.number,
      command.batch?.settledAt,
      command.failure?.reason,
      command.rollback,
      command.quarantined,
      command.jobs?.map(({ name, result }) => [name, result]),
      targetsOf(command).flatMap(({ name, cordoned, attempts = 1 }) =>
        cordoned === true || attempts > 1 ? [[name, cordoned, attempts]] : [],
      ),
    ]) ?? [],
  ]);
}

/** How far a run has come, as one text to compare: what ends one part of it, and lets another begin. */
export function turnOf(status: StoredPlanStatus): string {
  return JSON.stringify(
    status.commands?.map(({ state, batch, failure, rollback }) => [
      state === 'Completed' || (rollback === true && state === 'ApplyFailed'),
      batch?.number,
      batch?.settledAt,
      failure?.reason,
    ]),
  );
}

/** What of a status is about the Plan and not about one run: what people asked, a pause, and what became of it. */
export function outlivesRun({
  paused,
  requestResults,
  history,
}: StoredPlanStatus = {}): Pick<StoredPlanStatus, 'paused' | 'requestResults' | 'history'> {
  return {
    ...(history === undefined ? {} : { history }),
    ...(paused === undefined ? {} : { paused }),
    ...(requestResults === undefined ? {} : { requestResults }),
  };
}
