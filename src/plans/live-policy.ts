import type { PolicyLayer } from '../api/policy.ts';
import { mergePolicies } from '../api/policy-merge.ts';
import type { PlanFacts } from './facts.ts';
import { layerFlaws } from './layer-flaws.ts';

/** What of the facts a merge needs: also for Plans that are not being judged. */
export type PolicyFacts = Pick<PlanFacts, 'policy' | 'nowMs'> & {
  readonly plan: Pick<PlanFacts['plan'], 'spec' | 'status'>;
};

/** A Plan's own layer as it is now, and not as it was when its run began. */
export function ownPolicy({ spec, status }: PolicyFacts['plan']): PolicyLayer {
  // An edit that cannot be read changes nothing for the run that is under way.
  return ('invalid' in spec ? status?.frozenSpec?.policy : spec.policy) ?? {};
}

/** All layers as they are now. */
export function livePolicy({ policy, plan }: PolicyFacts): PolicyLayer {
  return mergePolicies(policy.layer, ownPolicy(plan));
}

/** What a Plan's own layer makes impossible. Of a policy of the cluster that is broken, the Plan knows nothing. */
export function ownFlaws(facts: PolicyFacts) {
  return layerFlaws(facts.policy.flaw === undefined ? livePolicy(facts) : ownPolicy(facts.plan));
}
