import {
  type CommandStatus,
  isTerminalState,
  type Role,
  type StoredPlanStatus,
  type TargetPhase,
  type TargetStatus,
} from '../api/plan.ts';
import { changedTargets } from '../plans/changed-targets.ts';
import { type Sample, sample } from './catalogue.ts';
import { reasonLabel } from './world-samples.ts';

const ENDED_BADLY = new Set<TargetPhase | undefined>(['Failed', 'Undone', 'Held']);

/**
 * What a change of a Plan's status counts. Both are of one process, one after the other, so that a leader
 * that takes over counts nothing twice: it begins with what is stored.
 * @param before undefined where the Plan had no status
 */
export function changeSamples(
  before: StoredPlanStatus | undefined,
  after: StoredPlanStatus,
): Sample[] {
  const isSameRun = before?.runID === after.runID;
  return [
    ...endSamples(isSameRun ? before : undefined, after),
    ...rollbackSamples(isSameRun ? before : undefined, after),
    ...targetSamples(isSameRun ? before : undefined, after),
  ];
}

function endSamples(before: StoredPlanStatus | undefined, after: StoredPlanStatus): Sample[] {
  if (!isTerminalState(after.state) || isTerminalState(before?.state)) return [];
  const failed = after.conditions?.find(
    ({ type, status }) => type === 'Failed' && status === 'True',
  );
  const isBack = after.conditions?.some(
    ({ type, status }) => type === 'RolledBack' && status === 'True',
  );
  const result = after.state === 'Completed' ? 'Completed' : isBack ? 'RolledBack' : 'Failed';
  const seconds = secondsBetween(after.startedAt, after.finishedAt);
  return [
    sample('autopilot_runs_total', { result }, 1),
    ...(result === 'Completed'
      ? []
      : [sample('autopilot_run_failures_total', { reason: reasonLabel(failed?.reason) }, 1)]),
    ...(seconds === undefined
      ? []
      : [sample('autopilot_run_duration_seconds', { result }, seconds)]),
  ];
}

function rollbackSamples(before: StoredPlanStatus | undefined, after: StoredPlanStatus): Sample[] {
  if (after.rollback === undefined || before?.rollback !== undefined) return [];
  const by = after.rollback.by === undefined ? 'policy' : 'person';
  return [sample('autopilot_rollbacks_total', { by }, 1)];
}

function targetSamples(before: StoredPlanStatus | undefined, after: StoredPlanStatus): Sample[] {
  const earlier = new Map(before?.commands?.map((command) => [command.id, command]));
  return (after.commands ?? []).flatMap((command) => {
    const was = earlier.get(command.id);
    const moves = (role: Role, list: (of: CommandStatus) => TargetStatus[] | undefined) =>
      changedTargets(was && list(was), list(command))
        .filter((one) => one.was?.phase !== one.now.phase)
        .flatMap((one) => moveSamples(role, one.was, one.now));
    return [
      ...moves('controller', ({ k0supdate }) => k0supdate?.controllers),
      ...moves('worker', ({ k0supdate }) => k0supdate?.workers),
      // Those that receive a bundle are told as workers, as the API has them.
      ...moves('worker', ({ airgapupdate }) => airgapupdate?.workers),
    ];
  });
}

/** A target has left one phase for another. */
function moveSamples(role: Role, was: TargetStatus | undefined, now: TargetStatus): Sample[] {
  const { phase } = now;
  const samples: Sample[] = [];
  const seconds = secondsBetween(was?.lastUpdatedTimestamp, now.lastUpdatedTimestamp);
  if (was?.phase !== undefined && seconds !== undefined) {
    samples.push(sample('autopilot_phase_duration_seconds', { role, phase: was.phase }, seconds));
  }
  if (was?.phase === 'Downloading') {
    const result = phase === 'Failed' ? 'failed' : phase === 'Skipped' ? 'called_back' : 'done';
    samples.push(sample('autopilot_downloads_total', { result }, 1));
  }
  if (was?.phase === 'Draining') {
    samples.push(sample('autopilot_drains_total', { result: drainResult(now) }, 1));
  }
  if (phase === 'Undoing') samples.push(sample('autopilot_undos_total', { role }, 1));
  if (ENDED_BADLY.has(phase)) {
    const reason = reasonLabel(now.reason);
    samples.push(sample('autopilot_target_failures_total', { role, reason }, 1));
  }
  return samples;
}

function drainResult({ phase, reason }: TargetStatus): string {
  if (phase === 'Failed' || phase === 'Skipped' || phase === 'Pending' || phase === 'Staged') {
    return reason === 'DrainTimeout' ? 'timeout' : 'given_up';
  }
  return 'done';
}

/** @returns undefined where one is not told; never negative: two leaders have two clocks */
function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  const ms = Date.parse(to) - Date.parse(from);
  return Number.isNaN(ms) ? undefined : Math.max(0, ms) / 1000;
}
