import type { PolicyLayer } from '../api/policy.ts';
import { type PolicyFlaw, readPolicyLayer } from '../api/policy-flaws.ts';
import {
  type UpdatePolicyStatus,
  updatePolicySchema,
  updatePolicyStatusSchema,
} from '../api/update-policy.ts';

/** What is kept of the UpdatePolicy. */
export interface TrimmedUpdatePolicy {
  readonly name: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly layer: PolicyLayer;
  /** Why the stored spec cannot be read; the layer then holds nothing but `paused`. */
  readonly flaws: readonly PolicyFlaw[];
  /** Who wrote `spec.paused` last, as the API server keeps it: `kubectl-edit at 2026-03-01T22:00:00Z`. */
  readonly pausedBy: string | undefined;
  readonly status: UpdatePolicyStatus | undefined;
}

interface ManagedField {
  readonly manager?: string;
  readonly time?: string;
  readonly fieldsV1?: { readonly 'f:spec'?: { readonly 'f:paused'?: unknown } };
}

const metadataOnly = updatePolicySchema.pick({ metadata: true });

/** A spec that cannot be read does not hide the brake: whoever pulled that is heard in any case. */
export function trimUpdatePolicy(raw: unknown): TrimmedUpdatePolicy {
  const { metadata } = metadataOnly.parse(raw);
  const { spec, status } = raw as { spec?: unknown; status?: unknown };
  const read = readPolicyLayer(spec ?? {});
  const readStatus = updatePolicyStatusSchema.safeParse(status);
  return {
    name: metadata.name,
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation,
    layer: read.kind === 'layer' ? read.layer : brakeOf(spec),
    flaws: read.kind === 'layer' ? [] : read.flaws,
    pausedBy: writerOfPaused(metadata.managedFields),
    status: readStatus.success ? readStatus.data : undefined,
  };
}

function brakeOf(spec: unknown): PolicyLayer {
  return (spec as { paused?: unknown }).paused === true ? { paused: true } : {};
}

function writerOfPaused(managedFields: unknown): string | undefined {
  if (!Array.isArray(managedFields)) return undefined;
  const owner = (managedFields as ManagedField[]).findLast(
    ({ fieldsV1 }) => fieldsV1?.['f:spec']?.['f:paused'] !== undefined,
  );
  if (owner?.manager === undefined) return undefined;
  return owner.time === undefined ? owner.manager : `${owner.manager} at ${owner.time}`;
}
