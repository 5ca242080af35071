import { inOrder } from '../targets/order.ts';
import type { UpdateCourse } from './course.ts';

/**
 * Who comes first of those that could be begun: what is down, and then by name; of those that are put back, as
 * the rollback has listed them.
 */
export function asListed<T extends { readonly name: string; readonly ready: boolean }>(
  { rollback }: Pick<UpdateCourse, 'rollback'>,
  targets: readonly T[],
): T[] {
  if (!rollback) return inOrder(targets);
  return targets.toSorted((a, b) => Number(a.ready) - Number(b.ready));
}
