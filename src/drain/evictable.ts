import type { RawPod } from '../kube/raw.ts';
import type { DrainPod } from './judge/drain-facts.ts';

/** What is kept of a Pod: whether it has to go, what rules may say of it, and how far it has gone. */
export interface TrimmedPod extends Omit<DrainPod, 'isOverdue' | 'refusal'> {
  readonly resourceVersion: string;
  /** Where it runs. */
  readonly node: string;
  readonly mustGo: boolean;
}

const MIRROR = 'kubernetes.io/config.mirror';

/**
 * Whether a Pod has to leave a node before k0s is restarted there.
 * - Mirror Pods stand for files on the node; only the kubelet can end them.
 * - A DaemonSet's Pods would be put back at once, cordon or not.
 * - Finished Pods run nothing any more.
 * All others go, as with k0s, unless a rule of the policy says otherwise.
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
    node: pod.spec?.nodeName ?? '',
    mustGo: mustGo(pod),
    labels: metadata.labels ?? {},
    priority: pod.spec?.priority ?? 0,
    hasEmptyDir: hasEmptyDir(pod),
    owner: ownerOf(pod),
    endsByMs: metadata.deletionTimestamp ? Date.parse(metadata.deletionTimestamp) : undefined,
    finalizers: metadata.finalizers ?? [],
  };
}

export function hasEmptyDir({ spec }: RawPod): boolean {
  return spec?.volumes?.some(({ emptyDir }) => emptyDir != null) ?? false;
}

/** @returns the controller that would make it anew, such as `ReplicaSet/web-6f5` */
export function ownerOf({ metadata }: RawPod): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner === undefined ? undefined : `${owner.kind}/${owner.name}`;
}
