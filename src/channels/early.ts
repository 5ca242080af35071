import { createHash } from 'node:crypto';

/**
 * Whether a cluster is of the share that goes first. Always the same for the same cluster, and one that is of a
 * share is of every larger one.
 * @param clusterId such as `kube-system:<uid>`
 * @param share of a hundred
 */
export function isEarly(clusterId: string, share: number): boolean {
  const place = createHash('sha256').update(`early:${clusterId}`).digest().readUInt32BE() / 2 ** 32;
  return place * 100 < share;
}
