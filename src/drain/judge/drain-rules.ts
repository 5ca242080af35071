import type { Policy, PolicyLayer } from '../../api/policy.ts';
import type { DrainOrder, DrainRule } from '../../api/policy-drain.ts';
import type { PolicyFlaw } from '../../api/policy-flaws.ts';
import { matches, parseSelector } from '../../targets/selector.ts';

/** Which pods go, and how: the part of a policy that a drain needs. */
export interface DrainRules {
  /** Takes the place of what each pod says; undefined: what it says. */
  readonly graceSeconds: number | undefined;
  readonly emptyDir: DrainRule;
  readonly unmanaged: DrainRule;
  /** Label selector of pods that stay; undefined: none does. */
  readonly skipPods: string | undefined;
  readonly order: DrainOrder;
}

export function drainRulesOf(policy: Policy): DrainRules {
  const { drainGraceMs } = policy;
  return {
    graceSeconds: drainGraceMs === undefined ? undefined : Math.ceil(drainGraceMs / 1000),
    emptyDir: policy.drainEmptyDir,
    unmanaged: policy.drainUnmanaged,
    skipPods: policy.drainSkipPods,
    order: policy.drainOrder,
  };
}

/** @returns whether a pod stays on the node. What cannot be parsed lets nothing stay. */
export function staysBy({
  skipPods,
}: DrainRules): (labels: Readonly<Record<string, string>>) => boolean {
  const selector = skipPods === undefined ? undefined : parseSelector(skipPods);
  if (selector === undefined || 'invalid' in selector) return () => false;
  return (labels) => matches(selector, labels);
}

/** What a schema cannot tell of the rules of a merged policy. */
export function drainFlaws({ drain }: PolicyLayer): readonly PolicyFlaw[] {
  const selector = drain?.skipPods ? parseSelector(drain.skipPods) : [];
  return 'invalid' in selector ? [{ path: 'drain.skipPods', message: selector.invalid }] : [];
}
