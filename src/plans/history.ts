import { KEPT_TRANSITIONS, type Transition } from '../api/history.ts';
import type { PlanStatus, StoredPlanStatus } from '../api/plan.ts';
import { eventsBetween, type PlanEvent } from './events.ts';

/** Who acts, and from whose word. */
export interface Actors {
  /** The orchestrator, as it holds the Lease. */
  readonly orchestrator: string;
  /** Who wrote the spec that begins to run: `kubectl-client-side-apply at 2026-03-01T22:00:00.000Z`. */
  readonly appliedBy: string | undefined;
  readonly nowMs: number;
}

/** What only a node finds out and acts upon by itself. */
const BY_NODE = new Set([
  'ConfirmTimeout',
  'ProcessExits',
  'HostReboots',
  'WrongVersionRuns',
  'SwapFailed',
]);

/** What a change of status is worth to be remembered: all that an Event is made of, with who brought it about. */
export function transitionsBetween(
  before: StoredPlanStatus | undefined,
  after: PlanStatus,
  actors: Actors,
): Transition[] {
  const at = new Date(actors.nowMs).toISOString();
  const run = after.runID === undefined ? {} : { run: after.runID };
  return eventsBetween(before, after).map((event) => ({
    at,
    ...run,
    reason: event.reason,
    message: messageOf(event, actors),
    by: actorOf(event, actors),
  }));
}

/** The last of them go into the status itself, so that they are stored with what they tell of. */
export function withHistory(status: PlanStatus, news: readonly Transition[]): PlanStatus {
  if (news.length === 0) return status;
  return { ...status, history: [...(status.history ?? []), ...news].slice(-KEPT_TRANSITIONS) };
}

function messageOf({ reason, message }: PlanEvent, { appliedBy }: Actors): string {
  return reason === 'Started' && appliedBy !== undefined
    ? `${message}; the spec was written with ${appliedBy}`
    : message;
}

function actorOf({ asker, target }: PlanEvent, { orchestrator }: Actors): string {
  if (asker !== undefined) return asker;
  if (target?.reason !== undefined && BY_NODE.has(target.reason)) return `node ${target.name}`;
  return orchestrator;
}
