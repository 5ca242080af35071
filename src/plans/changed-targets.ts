import type { TargetStatus } from '../api/plan.ts';

export interface ChangedTarget {
  /** Undefined where it was not among them. */
  readonly was: TargetStatus | undefined;
  readonly now: TargetStatus;
}

/**
 * Those of a list that are other objects than in the one before. Of thousands few change between two looks: the
 * rest is not even read, and names are looked up only where the list has not kept its order.
 */
export function changedTargets(
  before: readonly TargetStatus[] = [],
  after: readonly TargetStatus[] = [],
): ChangedTarget[] {
  let byName: Map<string, TargetStatus> | undefined;
  const changed: ChangedTarget[] = [];
  after.forEach((now, at) => {
    const there = before[at];
    if (there === now) return;
    if (there?.name === now.name) {
      changed.push({ was: there, now });
      return;
    }
    byName ??= new Map(before.map((one) => [one.name, one]));
    const was = byName.get(now.name);
    if (was !== now) changed.push({ was, now });
  });
  return changed;
}
