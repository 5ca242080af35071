import type { RawLease } from './raw.ts';

/** What is kept of a Node's Lease: that it changed, not when by anybody's clock. */
export interface TrimmedLease {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly resourceVersion: string;
  readonly renewTime: string | undefined;
  /** What it was before; undefined where nobody saw that. */
  readonly renewedBefore: string | undefined;
}

export function trimLease(raw: unknown, previous?: TrimmedLease): TrimmedLease {
  const { metadata, spec } = raw as RawLease;
  const renewTime = spec?.renewTime ?? undefined;
  const isRenewal = previous?.renewTime !== renewTime;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    resourceVersion: metadata.resourceVersion,
    renewTime,
    renewedBefore: isRenewal ? previous?.renewTime : previous?.renewedBefore,
  };
}
