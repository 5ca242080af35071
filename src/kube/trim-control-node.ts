import { ANNOTATION } from '../api/meta.ts';
import type { RawControlNode } from './raw.ts';
import { type TrimmedTarget, trimSignals } from './trim-signals.ts';

/** What is kept of a ControlNode. */
export interface TrimmedControlNode extends TrimmedTarget {
  readonly k0sVersion: string | undefined;
  /** Where its API server answers; undefined where its status does not say. */
  readonly internalIp: string | undefined;
  /** What its kubelet is called, where it has one. */
  readonly nodeName: string;
  /** k0s's annotation; undefined where it says neither of the two. */
  readonly mode: 'controller' | 'controller+worker' | undefined;
}

export function trimControlNode(raw: unknown, previous?: TrimmedControlNode): TrimmedControlNode {
  const { metadata, status } = raw as RawControlNode;
  const address = (wanted: string) =>
    status?.addresses?.find(({ type }) => type === wanted)?.address;
  const mode = metadata.annotations?.[ANNOTATION.mode];
  return {
    ...trimSignals(metadata, previous),
    k0sVersion: status?.k0sVersion,
    internalIp: address('InternalIP'),
    nodeName: address('Hostname') || metadata.labels?.['kubernetes.io/hostname'] || metadata.name,
    mode: mode === 'controller' || mode === 'controller+worker' ? mode : undefined,
  };
}
