import type { FollowLayer } from '../api/follow.ts';
import { describeFlaws } from '../api/policy-flaws.ts';
import {
  type UpdateConfigSpec,
  type UpdateConfigStatus,
  updateConfigSchema,
  updateConfigSpecSchema,
  updateConfigStatusSchema,
} from '../api/update-config.ts';
import { readFollow } from './follow-flaws.ts';

/** What is kept of an UpdateConfig. */
export interface TrimmedUpdateConfig {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deleted: boolean;
  readonly finalizers: readonly string[];
  /** Or why it cannot be read, with the path of the field. */
  readonly spec: UpdateConfigSpec | { readonly invalid: string };
  readonly follow: FollowLayer;
  readonly status: UpdateConfigStatus | undefined;
}

const metadataOnly = updateConfigSchema.pick({ metadata: true });

/** A spec that cannot be read does not make the object unreadable: the user is told in its status. */
export function trimUpdateConfig(raw: unknown): TrimmedUpdateConfig {
  const { metadata } = metadataOnly.parse(raw);
  const { spec, status } = raw as { spec?: Record<string, unknown>; status?: unknown };
  const { follow: ownFollow, ...rest } = spec ?? {};
  const readSpec = updateConfigSpecSchema.omit({ follow: true }).safeParse(rest);
  const follow = readFollow(ownFollow, 'follow');
  const readStatus = updateConfigStatusSchema.safeParse(status);
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion ?? '',
    generation: metadata.generation,
    deleted: metadata.deletionTimestamp !== undefined,
    finalizers: (metadata.finalizers as readonly string[] | undefined) ?? [],
    spec:
      follow.kind === 'flaws'
        ? { invalid: describeFlaws('spec', follow.flaws) }
        : readSpec.success
          ? readSpec.data
          : { invalid: issueOf(readSpec.error.issues[0]) },
    follow: follow.kind === 'read' ? follow.value : {},
    // What cannot be read was not written by us: it is written anew.
    status: readStatus.success ? readStatus.data : undefined,
  };
}

function issueOf(issue: { path: PropertyKey[]; message: string } | undefined): string {
  return `${['spec', ...(issue?.path ?? [])].map(String).join('.')}: ${issue?.message ?? 'not valid'}`;
}
