import { isSettled } from '../signals/lifecycle.ts';
import type { Action, ControlNodeFacts, NodeFacts } from './facts.ts';
import { controllerOfNode } from './hybrid.ts';
import { runOf } from './target.ts';

export interface Leftovers {
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  /** Those of them that carry something of a run that is not under way; undefined: nobody has sorted them out. */
  readonly left?: readonly NodeFacts[] | undefined;
  readonly controlNodes: ReadonlyMap<string, ControlNodeFacts>;
  /** Runs that are under way, by id; their orders are their own Plan's business. */
  readonly activeRuns: ReadonlySet<string>;
  readonly epoch: number;
}

/**
 * Brings to rest what runs have left behind: those of a deleted Plan, and the last orders of an ended one.
 * What is staged is called back, what is on trial is undone, our cordons are lifted, and an order is
 * removed once its report is settled. Soft taints of runs that are no more go at once.
 */
export function tidy(world: Leftovers): Action[] {
  const actions: Action[] = [];
  for (const node of world.left ?? world.nodes.values()) {
    const host = controllerOfNode(node.name, world) ?? node;
    actions.push(...tidyOrder('worker', node, world), ...tidyMarks(node, host, world));
  }
  for (const node of world.controlNodes.values()) {
    actions.push(...tidyOrder('controller', node, world));
  }
  return actions;
}

function tidyOrder(
  role: 'controller' | 'worker',
  host: NodeFacts | ControlNodeFacts,
  world: Leftovers,
): Action[] {
  const { name, order: stored, orderText } = host;
  if (stored.kind !== 'valid' || orderText === undefined) return [];
  const order = stored.value;
  if (world.activeRuns.has(order.run)) return [];
  const signal = host.report.kind === 'valid' ? host.report.value.signal : undefined;
  if (signal?.id === order.id && isSettled(signal.phase)) {
    return [{ kind: 'removeOrder', role, name, replaces: orderText }];
  }
  const goal =
    order.goal === 'stage'
      ? 'cancel'
      : // A controller across minor versions is not put back by anybody but a person.
        order.goal === 'apply' && order.undo === 'binary'
        ? 'undo'
        : undefined;
  if (goal === undefined) return [];
  const rewritten = { ...order, goal, epoch: world.epoch } as const;
  return [{ kind: 'order', role, name, order: rewritten, replaces: orderText }];
}

/**
 * Our mark stays while the order that it is for is still being obeyed; the node is not whole before.
 * @param host where the orders of that machine go
 */
function tidyMarks(
  node: NodeFacts,
  host: NodeFacts | ControlNodeFacts,
  world: Leftovers,
): Action[] {
  const { name, cordon, softTaint } = node;
  const isLeft = softTaint !== undefined && !world.activeRuns.has(softTaint);
  const goesAlone: Action[] = isLeft ? [{ kind: 'removeSoftTaint', name, run: softTaint }] : [];
  if (cordon === undefined) return goesAlone;
  const { orderId } = cordon;
  const order = host.order.kind === 'valid' ? host.order.value : undefined;
  if (world.activeRuns.has(runOf(orderId))) return goesAlone;
  const signal = host.report.kind === 'valid' ? host.report.value.signal : undefined;
  const obeyed =
    order?.id === orderId &&
    order.goal !== 'stage' &&
    order.goal !== 'cancel' &&
    !(signal?.id === orderId && isSettled(signal.phase));
  return obeyed
    ? goesAlone
    : [{ kind: 'uncordon', name, orderId, softTaint: isLeft ? softTaint : undefined }];
}
