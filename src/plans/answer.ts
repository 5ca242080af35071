import type { StoredPlanStatus } from '../api/plan.ts';
import type { Reason } from '../api/reasons.ts';

/** What comes of one request: it is done with the very write that answers it, or refused. */
export type Answer =
  | {
      readonly result: 'Done';
      readonly reason: Reason;
      readonly message: string;
      readonly status: StoredPlanStatus;
    }
  | { readonly result: 'Refused'; readonly reason: Reason; readonly message: string };

export function refused(reason: Reason, message: string): Answer {
  return { result: 'Refused', reason, message };
}

export function done(reason: Reason, message: string, status: StoredPlanStatus): Answer {
  return { result: 'Done', reason, message, status };
}
