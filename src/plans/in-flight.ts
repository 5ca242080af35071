import type { StoredPlanStatus } from '../api/plan.ts';
import { isUnderWay } from './run.ts';
import { isTaken } from './target.ts';

/**
 * Targets that a run has begun and not brought to their end, as its status tells: something was taken away from
 * them, or they obey an order that is not called back.
 */
export function inFlightOf(status: StoredPlanStatus | undefined): string[] {
  if (!isUnderWay(status)) return [];
  return status.commands.flatMap(({ k0supdate, airgapupdate }) => {
    const updated = [...(k0supdate?.controllers ?? []), ...(k0supdate?.workers ?? [])];
    const delivered = airgapupdate?.workers ?? [];
    return [
      ...updated.filter(({ phase }) => isTaken(phase)),
      // A bundle is delivered as soon as it is there, so that its download is not given up for another Plan.
      ...delivered.filter(({ phase }) => phase === 'Downloading' || isTaken(phase)),
    ].map(({ name }) => name);
  });
}

/**
 * By what is stored as well: an order of another Plan would replace the one that alone tells how what is stored
 * has ended.
 */
export function isInFlight({
  status,
  isStoredInFlight = false,
}: {
  readonly status: StoredPlanStatus | undefined;
  readonly isStoredInFlight?: boolean;
}): boolean {
  return isStoredInFlight || inFlightOf(status).length > 0;
}
