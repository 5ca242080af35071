import { describeFlaws } from '../api/policy-flaws.ts';
import type { Reason } from '../api/reasons.ts';
import { describeInstant } from '../windows/wall-time.ts';
import { windowAt } from '../windows/window-at.ts';
import { describeAsked } from './asked.ts';
import { livePolicy, ownFlaws, ownPolicy, type PolicyFacts } from './live-policy.ts';

/** Why nothing new may be begun at this moment, whatever there is to do. */
export interface Hold {
  readonly reason: Reason;
  readonly message: string;
  /**
   * - `brake`: nothing new is begun on any node; one that is being emptied is given back
   * - `gate`: no further node is begun; those that were begun are brought to their end
   */
  readonly kind: 'brake' | 'gate';
  /** When the next window opens, and so when to look again; epoch milliseconds. */
  readonly opensAtMs?: number;
}

/** Read anew at every look, also while a run is under way. */
export function holdOf(facts: PolicyFacts): Hold | undefined {
  const { flaw, pausedBy } = facts.policy;
  const paused = facts.plan.status?.paused;
  const brake =
    (paused && describeAsked(paused)) ??
    pausedBy ??
    (ownPolicy(facts.plan).paused === true ? 'the Plan says spec.policy.paused: true' : undefined);
  if (brake !== undefined) {
    return { kind: 'brake', reason: 'Paused', message: `paused: ${brake}` };
  }
  if (flaw !== undefined) return { kind: 'gate', reason: 'InvalidPolicy', message: flaw };
  // An edit of a Plan whose run is under way; of one that has not begun, it is refused.
  const flaws = ownFlaws(facts);
  if (flaws.length > 0) {
    return { kind: 'gate', reason: 'InvalidPolicy', message: describeFlaws('spec.policy', flaws) };
  }
  return closed(facts);
}

function closed(facts: PolicyFacts): Hold | undefined {
  const { windows = [], freezes = [] } = livePolicy(facts);
  if (windows.length === 0 && freezes.length === 0) return undefined;
  const state = windowAt(windows, freezes, facts.nowMs);
  if (state.kind === 'open') return undefined;
  const { freeze, opensAtMs, timeZone } = state;
  const next =
    opensAtMs === undefined
      ? 'no window opens any more'
      : `the next window opens ${describeInstant(opensAtMs, timeZone)}`;
  const why =
    freeze === undefined
      ? 'no window is open'
      : `freeze ${freeze.name} holds${freeze.reason ? ` (${freeze.reason})` : ''}`;
  return {
    kind: 'gate',
    reason: freeze === undefined ? 'WaitsForWindow' : 'Frozen',
    message: `${why}; ${next}`,
    ...(opensAtMs === undefined ? {} : { opensAtMs }),
  };
}
