import type { BatchStatus, RunFailure, TargetPhase } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';
import type { Goal } from '../signals/order.ts';
import type { Action } from './facts.ts';
import { occupiesSlot, type Standing, type Target } from './target.ts';

/** What a target is given to do, or that it is left out, and its phase from then on. */
export interface Start {
  readonly target: Target;
  readonly phase: TargetPhase;
  readonly reason?: Reason;
  readonly message?: string;
  /** Of a worker that is begun. */
  readonly batch?: number;
  readonly actions: readonly Action[];
}

/** Why the next target is not begun, or the command not ended. */
export interface Wait {
  readonly reason: Reason;
  readonly message: string;
  /** When to look again even if nothing changes; epoch milliseconds. */
  readonly untilMs?: number;
}

export interface Schedule {
  readonly starts: readonly Start[];
  /** While there is one, the command is not over, even where all of its targets are at their end. */
  readonly wait: Wait | undefined;
  /** When more may be begun although nothing has changed. */
  readonly untilMs?: number;
  /** What a wait needs, such as to begin a Job. */
  readonly actions?: readonly Action[];
  /** The batch of workers under way, or the last one; undefined: as it was. */
  readonly batch?: BatchStatus | undefined;
  /** The command does not go on any more. */
  readonly failure?: Omit<RunFailure, 'at'> & { readonly reason: Reason };
  /** Names of workers that are next, whose pods the schedule wants to know of. */
  readonly lookAhead?: readonly string[];
}

const TAKES_AWAY = new Set<Goal>(['apply', 'commit', 'undo']);

/** Whether a target has reported that it keeps what this run has brought; its order may be gone since. */
export function hasCommitted({ signal }: Target): boolean {
  return signal?.phase === 'Committed';
}

/** Whether something was taken away from a target in this run, given back since or not. */
export function isBegun({ target, phase }: Standing): boolean {
  if (occupiesSlot(target, phase) || hasCommitted(target)) return true;
  return target.order !== undefined && TAKES_AWAY.has(target.order.goal);
}
