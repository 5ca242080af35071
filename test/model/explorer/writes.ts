import type { Action } from '../../../src/plans/facts.ts';
import { formatOrder, type Order } from '../../../src/signals/order.ts';
import type { Host, State } from './state.ts';

const texts = new WeakMap<Order, string>();

function textOf(order: Order): string {
  let text = texts.get(order);
  if (text === undefined) {
    text = formatOrder(order);
    texts.set(order, text);
  }
  return text;
}

/**
 * What the API server makes of one write: each tests for what was judged, as in src/kube.
 * @returns undefined where the world has moved on, so that nothing is written
 */
export function written(host: Host, action: Action): Host | undefined {
  if (!host.exists) return undefined;
  switch (action.kind) {
    case 'order':
      if (host.order !== action.replaces) return undefined;
      return { ...host, order: textOf(action.order) };
    case 'removeOrder':
      return host.order === action.replaces ? { ...host, order: undefined } : undefined;
    case 'cordon': {
      if (host.mark?.split('/')[0] === action.orderId) return host;
      const isForeign =
        host.unschedulable && (host.mark === undefined || host.mark.endsWith('/kept'));
      const mark = isForeign ? `${action.orderId}/kept` : action.orderId;
      // Where the world is not as hoped the rest is left to the next look: see src/kube/cordon.ts.
      const isAsHoped = !host.unschedulable && host.mark === undefined;
      const { apply } = action;
      const isTold = apply !== undefined && isAsHoped && host.order === apply.replaces;
      const order = isTold ? textOf(apply.order) : host.order;
      return { ...host, mark, unschedulable: true, order };
    }
    case 'uncordon': {
      if (host.mark?.split('/')[0] !== action.orderId) return undefined;
      const stays = host.mark.endsWith('/kept') && host.unschedulable;
      const isDone = action.order !== undefined && host.order === action.order;
      const order = isDone ? undefined : host.order;
      return { ...host, mark: undefined, unschedulable: stays, order };
    }
    case 'evict':
      return host.stuck || host.mark === undefined ? host : { ...host, pods: 0 };
    default:
      return undefined;
  }
}

/** The state with one host exchanged. */
export function withHost(state: State, host: Host): State {
  return { ...state, hosts: state.hosts.map((one) => (one.name === host.name ? host : one)) };
}
