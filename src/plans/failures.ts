import { type CountOrPercent, countOf } from '../api/count-or-percent.ts';
import type { CommandStatus, Role } from '../api/plan.ts';
import type { FailureOutcome } from '../api/policy-failure.ts';
import type { Hold } from './hold.ts';

/** One target of a command, and whether it has failed, or is being put back. */
export interface Outcome {
  readonly role: Role;
  readonly inTrouble: boolean;
}

interface FailureRules {
  readonly maxFailures: CountOrPercent;
  readonly onFailure: FailureOutcome;
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

/** What follows from the failures of a command. */
export type Verdict =
  | { readonly kind: 'go' }
  /** The command ends: nothing new is touched, and what can be called back is. */
  | { readonly kind: 'stop' }
  /** Nothing new is touched until a person decides. */
  | { readonly kind: 'hold'; readonly hold: Hold };

/**
 * @param inTrouble whether the target at that place has failed, or is being put back
 * @param failure of the command as a whole, such as a gate
 */
export function judgeFailures(
  targets: readonly { readonly role: Role; readonly name: string }[],
  inTrouble: (at: number) => boolean,
  kind: 'k0s' | 'airgap',
  { maxFailures, onFailure }: FailureRules,
  failure: CommandStatus['failure'],
): Verdict {
  // Of thousands, at every look: nothing to count.
  if (failure === undefined && !targets.some((_, at) => inTrouble(at))) return { kind: 'go' };
  const outcomes = targets.map(({ role, name }, at) => ({ role, name, inTrouble: inTrouble(at) }));
  const borne = onFailure === 'Continue' ? '100%' : maxFailures;
  if (failure === undefined && !isPastFailures(outcomes, kind, borne)) return { kind: 'go' };
  if (onFailure !== 'Pause') return { kind: 'stop' };
  const names = outcomes.filter((one) => one.inTrouble).map(({ name }) => name);
  const what = failure?.message ?? `${names.join(', ')} failed`;
  const message = `held, as the policy says (onFailure: Pause): ${what}; retry, abort or rollback`;
  return { kind: 'hold', hold: { reason: 'HeldAfterFailure', message, kind: 'brake' } };
}
