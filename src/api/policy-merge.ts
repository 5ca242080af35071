import { type FrozenPolicy, frozenPolicySchema, type PolicyLayer } from './policy.ts';

/**
 * Lays one policy over another, field by field; a list replaces the one below as a whole. `paused` alone is
 * not overruled: who pulls the brake must not be undone by a layer that knows nothing of it.
 */
export function mergePolicies(below: PolicyLayer, above: PolicyLayer): PolicyLayer {
  const merged: PolicyLayer = overlay(below, above);
  return below.paused === true ? { ...merged, paused: true } : merged;
}

function overlay<T extends object>(below: T, above: T): T {
  const merged = { ...below } as Record<string, unknown>;
  for (const [name, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const under = merged[name];
    merged[name] = isObject(under) && isObject(value) ? overlay(under, value) : value;
  }
  return merged as T;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of a merged policy is frozen when a run begins. */
export function frozenPart(policy: PolicyLayer): FrozenPolicy {
  const kept = Object.entries(policy).filter(([name]) => name in frozenPolicySchema.shape);
  return Object.fromEntries(kept);
}
