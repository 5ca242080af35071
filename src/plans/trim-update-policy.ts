import type { FollowLayer } from '../api/follow.ts';
import type { PolicyLayer } from '../api/policy.ts';
import { type PolicyFlaw, readPolicyLayer } from '../api/policy-flaws.ts';
import type { Trust } from '../api/trust.ts';
import {
  type UpdatePolicyStatus,
  updatePolicySchema,
  updatePolicyStatusSchema,
} from '../api/update-policy.ts';
import { readFollow, readTrust } from '../channels/follow-flaws.ts';

/** What is kept of the UpdatePolicy. */
export interface TrimmedUpdatePolicy {
  readonly name: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly layer: PolicyLayer;
  /** Why the stored spec cannot be read; the layer then holds nothing but `paused`. */
  readonly flaws: readonly PolicyFlaw[];
  /** How channels are followed, and whom their servers have to convince. */
  readonly channels: FollowLayer;
  readonly trust: Trust;
  /** Why one of those two cannot be read: no channel is followed then. Plans know nothing of it. */
  readonly channelFlaws: readonly PolicyFlaw[];
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
  const { channels, trust, ...ofPlans } = (spec ?? {}) as Record<string, unknown>;
  const read = readPolicyLayer(ofPlans);
  const follow = readFollow(channels, 'channels');
  const trusted = readTrust(trust, 'trust');
  const readStatus = updatePolicyStatusSchema.safeParse(status);
  return {
    name: metadata.name,
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation,
    layer: read.kind === 'layer' ? read.layer : brakeOf(spec),
    flaws: read.kind === 'layer' ? [] : read.flaws,
    channels: follow.kind === 'read' ? follow.value : {},
    trust: trusted.kind === 'read' ? trusted.value : {},
    channelFlaws: [follow, trusted].flatMap((part) => (part.kind === 'flaws' ? part.flaws : [])),
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
