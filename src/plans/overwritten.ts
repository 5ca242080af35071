import type { Goal } from '../signals/order.ts';
import { type ApiCheck, describeMissing } from './api-check.ts';
import type { Action, PlanFacts } from './facts.ts';
import type { Hold } from './hold.ts';

/** What tells a run that is under way from a Plan that somebody else has left half-run, and where its lists are. */
const IDENTITY: ReadonlySet<string> = new Set([
  'status.runID',
  'status.frozenSpec',
  'status.membership',
]);

const VERDICTS: ReadonlySet<Goal> = new Set(['commit', 'undo', 'cancel']);

/**
 * Whether a status that is written now would lose what makes it ours. Then it is not written: what was stored
 * before stays as it is beneath such a definition, and is read again in whole when ours is back.
 */
export function losesRuns(missingFields: readonly string[]): boolean {
  return missingFields.some((field) => IDENTITY.has(field));
}

/** What the definition of Plans lacks, by whichever of the two that look at it has found something. */
export function lackingFields(
  lost: readonly string[] | undefined,
  check: ApiCheck | undefined,
): readonly string[] {
  const missing = check?.kind === 'known' ? check.missingFields : undefined;
  return [lost, missing].find((fields) => fields !== undefined && fields.length > 0) ?? [];
}

/**
 * The definition of Plans was written over: no further node is begun, for what a run has to remember of it
 * would be lost with the leader. Nodes that were begun are brought to their end; their orders and reports are
 * on objects of other kinds.
 */
export function overwrittenHold(
  facts: Pick<PlanFacts, 'lostFields' | 'apiCheck'>,
): Hold | undefined {
  const missing = lackingFields(facts.lostFields, facts.apiCheck);
  if (missing.length === 0) return undefined;
  return { kind: 'gate', reason: 'KindsOverwritten', message: describeMissing(missing) };
}

/** Whether it brings what was begun to its end, by what the world shows alone. */
export function isVerdict(action: Action): boolean {
  if (action.kind === 'order') return VERDICTS.has(action.order.goal);
  return action.kind === 'uncordon' || action.kind === 'removeSoftTaint';
}
