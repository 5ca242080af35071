import type { ApiError } from '../kube/api-error.ts';
import type { Refusal } from './judge/drain-facts.ts';

/** `The disruption budget web needs 5 healthy pods and has 5 currently` */
const BUDGET = /^The disruption budget (\S+) needs (\d+) healthy pods and has (\d+) currently/;

/**
 * Why an eviction was refused, in one sentence that does not name the pod, and by which budget.
 * @see k8s pkg/registry/core/pod/storage/eviction.go
 */
export function explainRefusal(refusal: ApiError): Pick<Refusal, 'budget' | 'message'> {
  const cause = refusal.details?.causes?.find(
    ({ reason }) => reason === 'DisruptionBudget',
  )?.message;
  const [, budget, needed, healthy] = BUDGET.exec(cause ?? '') ?? [];
  if (budget !== undefined) {
    const sum = `needs ${needed} healthy pods, has ${healthy}`;
    return { budget, message: `budget ${budget} allows no disruption now (${sum})` };
  }
  const busy = `the API server asks to wait (${refusal.message})`;
  const message = cause ?? (refusal.status === 429 ? busy : refusal.message);
  return { budget: undefined, message };
}
