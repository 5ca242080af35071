import type { RawContainerStatus, RawObject, RawPod } from '../kube/raw.ts';
import { byName } from '../targets/order.ts';
import { ownerOf } from './evictable.ts';
import type { BudgetSight, UnhealthyPod } from './judge/drain-facts.ts';

export interface RawBudgetView extends RawObject {
  readonly spec?: { readonly selector?: RawSelector | null };
  readonly status?: {
    readonly expectedPods?: number;
    readonly desiredHealthy?: number;
    readonly currentHealthy?: number;
  };
}

interface RawSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[] | null;
      }[]
    | null;
}

/**
 * The selector of a budget as a list request takes it; empty: every pod of the namespace.
 * @returns undefined where there is none, which selects nothing
 */
export function labelSelectorOf({ spec }: RawBudgetView): string | undefined {
  const selector = spec?.selector;
  if (selector == null) return undefined;
  const labels = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values?.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values?.join(',')})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...labels, ...expressions].join(',');
}

/** @param pods that the budget selects */
export function budgetSight({ status }: RawBudgetView, pods: readonly RawPod[]): BudgetSight {
  const unhealthy = pods.flatMap((pod) => {
    const found = unhealthiness(pod);
    return found === undefined
      ? []
      : [{ ...found, name: pod.metadata.name, owner: ownerOf(pod) } satisfies Ranked];
  });
  return {
    needed: status?.desiredHealthy ?? 0,
    healthy: status?.currentHealthy ?? 0,
    expected: status?.expectedPods ?? 0,
    unhealthy: unhealthy
      .toSorted((a, b) => a.rank - b.rank || byName(a.name, b.name))
      .map(({ rank: _, ...pod }) => pod),
  };
}

interface Ranked extends UnhealthyPod {
  readonly rank: number;
}

const LONGEST_WHY = 250;

/** Why a budget does not count this pod as healthy; undefined: it does, or the pod has finished. */
function unhealthiness({
  metadata,
  spec,
  status,
}: RawPod): { rank: number; why: string } | undefined {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  if (metadata.deletionTimestamp !== undefined) return { rank: 4, why: 'is ending' };
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type);
  if (condition('Ready')?.status === 'True') return undefined;
  const scheduled = condition('PodScheduled');
  if (spec?.nodeName === undefined) {
    // What a preemption could do about it is the scheduler's own matter.
    const said = scheduled?.message
      ?.split(' preemption: ')[0]
      ?.slice(0, LONGEST_WHY)
      .replace(/[\s.]+$/, '');
    return said
      ? { rank: 0, why: `fits nowhere: ${said}` }
      : { rank: 3, why: 'waits to be scheduled' };
  }
  const stuck = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ].find(isStuck);
  if (stuck !== undefined) {
    const restarts = stuck.restartCount ? `, restarted ${stuck.restartCount} times` : '';
    return {
      rank: 1,
      why: `on ${spec.nodeName}: ${stuck.state?.waiting?.reason} (container ${stuck.name}${restarts})`,
    };
  }
  return status?.phase === 'Pending'
    ? { rank: 3, why: `is starting on ${spec.nodeName}` }
    : { rank: 2, why: `runs on ${spec.nodeName} and is not ready` };
}

/** It waits for more than for its turn. */
function isStuck({ state }: RawContainerStatus): boolean {
  const reason = state?.waiting?.reason;
  return reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(reason);
}
