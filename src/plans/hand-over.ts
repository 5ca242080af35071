import type { Action } from './facts.ts';

/** So long the Lease is left to others: a candidate that stands by looks at it every 0.7 s. */
export const HAND_OVER_MS = 3_000;

/**
 * Whether k0s of the host that the leader runs on is about to be restarted. The leader steps aside before:
 * its API server goes away with it, and on a host where one unit runs both, so does the leader.
 * @param ownHost name of the ControlNode of that host
 */
export function appliesOwnHost(actions: readonly Action[], ownHost: string): boolean {
  return actions.some(
    (action) =>
      action.kind === 'order' &&
      action.role === 'controller' &&
      action.name === ownHost &&
      action.order.goal === 'apply',
  );
}

/**
 * Whether nobody was there to take the Lease that was handed over. Each who takes it counts its transitions
 * up by one.
 * @param handedOver the transitions with which it was given back; undefined where it never was
 */
export function isAlone(handedOver: number | undefined, transitions: number): boolean {
  return handedOver !== undefined && transitions === handedOver + 1;
}
