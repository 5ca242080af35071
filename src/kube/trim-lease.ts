import type { RawLease } from './raw.ts';

/** What is kept of a Node's Lease: that it changed, not when by anybody's clock. */
export interface TrimmedLease {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly resourceVersion: string;
  readonly renewTime: string | undefined;
}

export function trimLease(raw: unknown): TrimmedLease {
  const { metadata, spec } = raw as RawLease;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    resourceVersion: metadata.resourceVersion,
    renewTime: spec?.renewTime ?? undefined,
  };
}
