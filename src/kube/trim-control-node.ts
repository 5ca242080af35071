import type { RawControlNode } from './raw.ts';
import { type TrimmedTarget, trimSignals } from './trim-signals.ts';

/** What is kept of a ControlNode. */
export interface TrimmedControlNode extends TrimmedTarget {
  readonly k0sVersion: string | undefined;
  /** Where its API server answers; undefined where its status does not say. */
  readonly internalIp: string | undefined;
}

export function trimControlNode(raw: unknown, previous?: TrimmedControlNode): TrimmedControlNode {
  const { metadata, status } = raw as RawControlNode;
  return {
    ...trimSignals(metadata, previous),
    k0sVersion: status?.k0sVersion,
    internalIp: status?.addresses?.find(({ type }) => type === 'InternalIP')?.address,
  };
}
