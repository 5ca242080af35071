import { type CountOrPercent, countOf } from '../api/count-or-percent.ts';
import type { Role } from '../api/plan.ts';

/** One target of a command, and whether it has failed, or is being put back. */
export interface Outcome {
  readonly role: Role;
  readonly inTrouble: boolean;
}

/**
 * Whether more has failed than the policy bears, so that nothing new is touched (S6). A controller that fails
 * is always too much: what is left of them is what the cluster stands on.
 */
export function isPastFailures(
  outcomes: readonly Outcome[],
  kind: 'k0s' | 'airgap',
  maxFailures: CountOrPercent,
): boolean {
  const troubled = outcomes.filter(({ inTrouble }) => inTrouble);
  if (kind === 'k0s' && troubled.some(({ role }) => role === 'controller')) return true;
  // A bundle takes nothing away: a controller that receives one is a target like any other.
  const all = kind === 'airgap' ? outcomes : outcomes.filter(({ role }) => role === 'worker');
  // A percentage is rounded down: who says 10 % of five nodes bears no failure.
  return troubled.length > countOf(maxFailures, all.length);
}
