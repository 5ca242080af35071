import type { z } from 'zod';
import { type PolicyLayer, policySchema, withDefaults } from './policy.ts';
import { hookFlaws } from './policy-hook-flaws.ts';

/** Why a policy cannot be met. */
export interface PolicyFlaw {
  /** Of the field, from the layer on: `gate.timeout`; empty for the whole. */
  readonly path: string;
  /** What was wanted, and what was found. */
  readonly message: string;
}

/** A layer that was read, or why it cannot be. */
export type ReadLayer =
  | { readonly kind: 'layer'; readonly layer: PolicyLayer }
  | { readonly kind: 'flaws'; readonly flaws: readonly PolicyFlaw[] };

/** Reads one layer as it is stored, in a file or in the API. */
export function readPolicyLayer(raw: unknown): ReadLayer {
  const result = policySchema.safeParse(raw);
  return result.success
    ? { kind: 'layer', layer: result.data }
    : { kind: 'flaws', flaws: result.error.issues.map(flawOf) };
}

function flawOf({ path, message }: z.core.$ZodIssue): PolicyFlaw {
  return { path: path.join('.'), message };
}

/** What the fields of a merged policy say against each other; each alone is judged by its schema. */
export function policyFlaws(layer: PolicyLayer): readonly PolicyFlaw[] {
  const policy = withDefaults(layer);
  const flaws: PolicyFlaw[] = [];
  if (policy.backupTimeoutMs === 0) {
    flaws.push({
      path: 'backup.timeout',
      message: 'wanted longer than 0s; to make none, set mode: Never',
    });
  }
  if (policy.drainGraceMs === 0) {
    flaws.push({
      path: 'drain.gracePeriod',
      message: 'wanted longer than 0s: at 0s a pod is forgotten while it still runs',
    });
  }
  if (policy.gateStableMs >= policy.gateTimeoutMs) {
    flaws.push({
      path: 'gate.stable',
      message:
        `${seconds(policy.gateStableMs)} must be shorter than gate.timeout ` +
        `(${seconds(policy.gateTimeoutMs)}): nothing could ever be healthy in time`,
    });
  }
  if (policy.gateTimeoutMs >= policy.confirmTimeoutMs) {
    flaws.push({
      path: 'gate.timeout',
      message:
        `${seconds(policy.gateTimeoutMs)} must be shorter than confirmTimeout ` +
        `(${seconds(policy.confirmTimeoutMs)}): a node must hear the verdict before it gives up waiting`,
    });
  }
  flaws.push(...hookFlaws(policy.hooks));
  if (policy.limits === 'Override' && policy.maxUnavailable === undefined) {
    flaws.push({
      path: 'limits',
      message: 'Override wants maxUnavailable, found none: nothing would bound the update',
    });
  }
  return flaws;
}

/** @param where the layer is: `spec.policy` */
export function describeFlaws(where: string, flaws: readonly PolicyFlaw[]): string {
  return flaws
    .map(
      ({ path, message }) =>
        `${[where, path].filter(Boolean).join('.') || 'the whole'}: ${message}`,
    )
    .join('; ');
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
