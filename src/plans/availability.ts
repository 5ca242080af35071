import type { NodeFacts } from './facts.ts';

/**
 * Whether a worker does its work, whoever keeps it from that: a cordon of ours is a slot, counted apart.
 * @param isOurs the node carries our own mark
 */
export function isAvailable(
  node: Pick<NodeFacts, 'ready' | 'unschedulable'> | undefined,
  isOurs: boolean,
): boolean {
  return node !== undefined && node.ready === 'True' && (!node.unschedulable || isOurs);
}

export function isCordonedByOthers(
  node: Pick<NodeFacts, 'unschedulable' | 'cordon'> | undefined,
): boolean {
  return node?.unschedulable === true && node.cordon?.ours !== true;
}
