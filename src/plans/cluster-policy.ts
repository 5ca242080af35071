import { UPDATE_POLICY } from '../api/meta.ts';
import type { PolicyLayer } from '../api/policy.ts';
import { describeFlaws } from '../api/policy-flaws.ts';
import { mergePolicies } from '../api/policy-merge.ts';
import { layerFlaws } from './layer-flaws.ts';
import type { TrimmedUpdatePolicy } from './trim-update-policy.ts';

const NAME = `UpdatePolicy/${UPDATE_POLICY}`;

/** The layers that hold for every Plan. */
export interface ClusterPolicy {
  /** Merged: the file of the orchestrator, and UpdatePolicy/default over it. */
  readonly layer: PolicyLayer;
  /** Why it cannot be met, with the object and the path of the field. Nothing new is begun then. */
  readonly flaw: string | undefined;
  /** Which layer says `paused`, and who wrote it there; undefined while none does. */
  readonly pausedBy: string | undefined;
}

/** @param stored undefined where there is no UpdatePolicy */
export function clusterPolicy(
  file: PolicyLayer,
  stored: TrimmedUpdatePolicy | undefined,
): ClusterPolicy {
  const layer = mergePolicies(file, stored?.layer ?? {});
  // The file alone was judged when it was read: what is wrong now came with the object.
  const flaws = stored?.flaws.length ? stored.flaws : layerFlaws(layer);
  return {
    layer,
    flaw: flaws.length === 0 ? undefined : describeFlaws(`${NAME} spec`, flaws),
    pausedBy: pausedBy(file, stored),
  };
}

function pausedBy(file: PolicyLayer, stored: TrimmedUpdatePolicy | undefined): string | undefined {
  if (stored?.layer.paused === true) {
    const who = stored.pausedBy === undefined ? '' : `, set with ${stored.pausedBy}`;
    return `${NAME} says spec.paused: true${who}`;
  }
  return file.paused === true ? "the orchestrator's own policy file says paused: true" : undefined;
}
