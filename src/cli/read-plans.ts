import type { Kube } from '../kube/client.ts';
import type { RawObject } from '../kube/raw.ts';
import { PLAN_TARGETS, PLANS } from '../kube/target-path.ts';
import { type TrimmedPlan, trimPlan } from '../plans/trim-plan.ts';
import { type TrimmedPlanTargets, trimPlanTargets } from '../plans/trim-plan-targets.ts';
import { unpackStatus } from '../plans/unpack-status.ts';
import { list } from './preview-list.ts';

/**
 * All Plans, each with its whole status. A run that moves on between two lists leaves that with what stands in
 * the Plan itself. Throws as {@link Kube.request} does.
 */
export async function readPlans(kube: Kube): Promise<TrimmedPlan[]> {
  return withTargets(kube, await list(kube, PLANS));
}

/** @param stored Plans as they are stored */
export async function withTargets(
  kube: Kube,
  stored: readonly RawObject[],
): Promise<TrimmedPlan[]> {
  const plans = stored.map((raw) => trimPlan(raw));
  // Few runs are that large: of the others nothing is asked.
  if (plans.every(({ status }) => status?.membership === undefined)) return plans;
  const chunks = new Map<string, TrimmedPlanTargets>(
    (await list(kube, PLAN_TARGETS)).map((raw) => [raw.metadata.name, trimPlanTargets(raw)]),
  );
  return plans.map((plan) => {
    const whole = unpackStatus(plan, plan.status, (name) => chunks.get(name));
    return whole.kind === 'whole' ? { ...plan, status: whole.status } : plan;
  });
}
