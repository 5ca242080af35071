import type { ApiError } from '../kube/api-error.ts';
import type { TrimmedPod } from './evictable.ts';

/** `The disruption budget web needs 5 healthy pods and has 5 currently` */
const BUDGET = /^The disruption budget (\S+) needs (\d+) healthy pods and has (\d+) currently/;

/**
 * Why an eviction was refused, in one sentence that does not name the pod.
 * @see k8s pkg/registry/core/pod/storage/eviction.go
 */
export function explainRefusal(refusal: ApiError): string {
  const cause = refusal.details?.causes?.find(
    ({ reason }) => reason === 'DisruptionBudget',
  )?.message;
  const [, budget, needed, healthy] = BUDGET.exec(cause ?? '') ?? [];
  if (budget !== undefined) {
    return `budget ${budget} allows no disruption now (needs ${needed} healthy pods, has ${healthy})`;
  }
  if (cause) return cause;
  if (refusal.status === 429) return `the API server asks to wait (${refusal.message})`;
  return refusal.message;
}

/** Beyond the time that a pod was given to end, before it is called stuck: its node needs time to answer. */
const GRACE_MS = 10_000;

/**
 * @param serverNowMs by the API server's clock
 * @returns why a pod that was told to end may be still there; undefined while it still has time
 */
export function explainStuck(pod: TrimmedPod, serverNowMs: number | undefined): string | undefined {
  if (pod.endsByMs === undefined || serverNowMs === undefined) return undefined;
  const overdueMs = serverNowMs - pod.endsByMs;
  if (overdueMs < GRACE_MS) return undefined;
  const why =
    pod.finalizers.length > 0
      ? `finalizers hold it: ${pod.finalizers.join(', ')}`
      : 'the kubelet has not ended it';
  return `should have ended ${Math.round(overdueMs / 1000)} s ago, ${why}`;
}
