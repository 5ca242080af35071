import type { PlanFacts } from './facts.ts';
import type { Hold } from './hold.ts';
import { nameList } from './name-list.ts';

/** Which Plans go first, and the place of this one among all that wait for each other: `Plan a runs first; 2nd of 3`. */
export function queueMessage({
  plansBefore,
  others,
}: Pick<PlanFacts, 'plansBefore' | 'others'>): string {
  const place = plansBefore.length + 1;
  return `Plan ${nameList(plansBefore)} runs first; ${ordinal(place)} of ${place + others.behind.length}`;
}

/** A run that was overtaken while it was held begins nothing before the other one has ended. */
export function overtaken(facts: PlanFacts): Hold | undefined {
  if (facts.plansBefore.length === 0) return undefined;
  return { kind: 'gate', reason: 'WaitsForOtherPlan', message: queueMessage(facts) };
}

function ordinal(place: number): string {
  const isTeen = place % 100 > 10 && place % 100 < 14;
  const ending = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][place % 10] ?? 'th');
  return `${place}${ending}`;
}
