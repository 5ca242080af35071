import type { PlanStatus, TargetPhase, TargetStatus } from '../../src/api/plan.ts';
import { NEW, OLD, START_MS } from './builders.ts';

export const RUN = '01234567-1';
export const RUN_STARTED_AT = new Date(START_MS).toISOString();

/** A worker as its turn has left it. */
export function workerIn(at: number, phase: TargetPhase, minutes = 0): TargetStatus {
  const name = `w-${String(at).padStart(5, '0')}`;
  const now = new Date(START_MS + minutes * 60_000).toISOString();
  const base = { name, phase, lastUpdatedTimestamp: now, previousVersion: OLD, attempts: 1 };
  const begun = { ...base, startedAt: now, batch: 1 };
  switch (phase) {
    case 'Pending':
      return { ...base, state: 'SignalPending', lastUpdatedTimestamp: RUN_STARTED_AT };
    case 'Downloading':
    case 'Staged':
      return { ...base, state: 'SignalSent' };
    case 'Committed':
      return { ...begun, state: 'SignalCompleted', reason: 'Updated', message: `runs ${NEW}` };
    case 'Skipped':
      return { ...base, state: 'SignalCompleted', reason: 'AlreadyUpdated', message: 'ran it' };
    case 'Failed':
    case 'Undone':
      return {
        ...begun,
        state: 'SignalApplyFailed',
        reason: 'ProcessExits',
        message: `k0s ${NEW} exited 3 times since it was put in place`,
      };
    case 'Held':
    case 'Undoing':
      return {
        ...begun,
        state: 'SignalSent',
        reason: 'HealthTimeout',
        message: 'not healthy in 5 m',
      };
    default:
      return { ...begun, state: 'SignalSent', deadline: now };
  }
}

/** A run over these workers, without controllers. */
export function aLargeRun(workers: readonly TargetStatus[]): PlanStatus {
  return {
    state: 'SchedulableWait',
    runID: RUN,
    observedGeneration: 1,
    startedAt: RUN_STARTED_AT,
    progress: { done: 0, total: workers.length, text: `0/${workers.length}` },
    frozenSpec: { id: 'spring', timestamp: 'now', commands: [] },
    commands: [{ id: 0, state: 'SchedulableWait', k0supdate: { workers: [...workers] } }],
  };
}
