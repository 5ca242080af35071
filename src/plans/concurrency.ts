import { countOf } from '../api/count-or-percent.ts';
import type { TargetSpec } from '../api/plan.ts';
import type { Policy } from '../api/policy.ts';
import type { Target } from './target.ts';

/** What bounds how many targets are under way at once, and in whose words. */
export interface Concurrency {
  readonly limit: number;
  readonly because: string;
}

/** How many workers of a `k0supdate` may be unavailable at once. */
export function workersAtOnce(
  spec: TargetSpec | undefined,
  policy: Policy,
  workers: readonly Pick<Target, 'node'>[],
): Concurrency {
  const said = spec?.limits.concurrent ?? 1;
  if (policy.maxUnavailable === undefined) return { limit: said, because: `limit ${said}` };
  const existing = workers.filter(({ node }) => node !== undefined).length;
  // Never none: a percentage of few workers would let nothing begin.
  const allowed = Math.max(1, countOf(policy.maxUnavailable, existing));
  if (policy.limits === 'Smaller' && said <= allowed) {
    return { limit: said, because: `limit ${said}` };
  }
  const share = typeof policy.maxUnavailable === 'number' ? '' : ` (of ${existing})`;
  return {
    limit: allowed,
    because: `limit ${allowed} by the policy's maxUnavailable ${policy.maxUnavailable}${share}`,
  };
}

/** How many targets of an `airgapupdate` may download at once. */
export function deliveriesAtOnce(spec: TargetSpec, policy: Policy): Concurrency {
  const { downloadConcurrent } = policy;
  const limit =
    policy.limits === 'Override'
      ? downloadConcurrent
      : Math.min(spec.limits.concurrent, downloadConcurrent);
  return { limit, because: `limit ${limit}` };
}
