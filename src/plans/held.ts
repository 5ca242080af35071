import type { StoredPlanStatus } from '../api/plan.ts';
import { isUnderWay } from './run.ts';

/** Whether a run waits for a person to say what becomes of it after a failure. */
export function isHeld(status: StoredPlanStatus | undefined): boolean {
  return (
    isUnderWay(status) &&
    status.aborted === undefined &&
    status.conditions?.some(
      ({ type, status: is, reason }) =>
        type === 'Waiting' && is === 'True' && reason === 'HeldAfterFailure',
    ) === true
  );
}
