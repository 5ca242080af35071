import type { Action, ControlNodeFacts } from './facts.ts';

/** So long the Lease is left to others: a candidate that stands by looks at it every 0.7 s. */
export const HAND_OVER_MS = 3_000;

/**
 * Whether k0s of the host that the leader runs on is about to be restarted. The leader steps aside before:
 * its API server goes away with it, and on a host where one unit runs both, so does the leader.
 * @param ownHost what that host is called: as its ControlNode, or else as its Node
 */
export function appliesOwnHost(
  actions: readonly Action[],
  ownHost: string,
  controlNodes: ReadonlyMap<string, Pick<ControlNodeFacts, 'nodeName'>>,
): boolean {
  const own = controlNodeCalled(ownHost, controlNodes);
  return actions.some(
    (action) =>
      action.kind === 'order' &&
      action.role === 'controller' &&
      action.name === own &&
      action.order.goal === 'apply' &&
      // A bundle restarts nothing.
      action.order.artifact.kind === 'k0s',
  );
}

/** k0s writes names small; who sets a name by hand, or the kernel, need not. */
function controlNodeCalled(
  host: string,
  controlNodes: ReadonlyMap<string, Pick<ControlNodeFacts, 'nodeName'>>,
): string | undefined {
  const wanted = host.toLowerCase();
  const all = [...controlNodes];
  const byName = all.find(([name]) => name.toLowerCase() === wanted);
  return (byName ?? all.find(([, { nodeName }]) => nodeName?.toLowerCase() === wanted))?.[0];
}

/**
 * Whether nobody was there to take the Lease that was handed over. Each who takes it counts its transitions
 * up by one.
 * @param handedOver the transitions with which it was given back; undefined where it never was
 */
export function isAlone(handedOver: number | undefined, transitions: number): boolean {
  return handedOver !== undefined && transitions === handedOver + 1;
}
