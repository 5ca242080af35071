import type { PolicyLayer } from '../api/policy.ts';
import { type PolicyFlaw, policyFlaws } from '../api/policy-flaws.ts';
import { drainFlaws } from '../drain/judge/drain-rules.ts';
import { gateFlaws } from '../gates/gate-flaws.ts';
import { windowFlaws } from '../windows/window-flaws.ts';

/** Why updates cannot be done as a merged policy says: what can be known before any world is looked at. */
export function layerFlaws(layer: PolicyLayer): readonly PolicyFlaw[] {
  return [...policyFlaws(layer), ...drainFlaws(layer), ...windowFlaws(layer), ...gateFlaws(layer)];
}
