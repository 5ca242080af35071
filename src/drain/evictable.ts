import type { RawPod } from '../kube/raw.ts';

/** What is kept of a Pod: whether it has to go, and how far it has gone. */
export interface TrimmedPod {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly uid: string;
  readonly mustGo: boolean;
  /** Told to end; by the API server's clock it should be gone by then. Epoch milliseconds. */
  readonly endsByMs: number | undefined;
  readonly finalizers: readonly string[];
}

const MIRROR = 'kubernetes.io/config.mirror';

/**
 * Whether a Pod has to leave a node before k0s is restarted there.
 * - Mirror Pods stand for files on the node; only the kubelet can end them.
 * - A DaemonSet's Pods would be put back at once, cordon or not.
 * - Finished Pods run nothing any more.
 * All others go, as with k0s: also those without a controller, and those with emptyDir volumes, whose
 * contents are lost (`kubectl drain --force --delete-emptydir-data --ignore-daemonsets`).
 */
export function mustGo(pod: RawPod): boolean {
  const { annotations, ownerReferences } = pod.metadata;
  if (annotations?.[MIRROR] !== undefined) return false;
  if (ownerReferences?.some((owner) => owner.controller && owner.kind === 'DaemonSet'))
    return false;
  return pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';
}

export function trimPod(raw: unknown): TrimmedPod {
  const pod = raw as RawPod;
  const { metadata } = pod;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    resourceVersion: metadata.resourceVersion,
    uid: metadata.uid,
    mustGo: mustGo(pod),
    endsByMs: metadata.deletionTimestamp ? Date.parse(metadata.deletionTimestamp) : undefined,
    finalizers: metadata.finalizers ?? [],
  };
}
