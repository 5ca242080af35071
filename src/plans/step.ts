import type { TargetPhase, TargetStatus } from '../api/plan.ts';
import { isReason, REASONS, type Reason } from '../api/reasons.ts';
import { mayFollow } from '../signals/lifecycle.ts';
import type { Goal } from '../signals/order.ts';
import type { Course } from './course.ts';
import type { Action, NewOrder } from './facts.ts';
import type { Start } from './start.ts';
import { runOf, type Target } from './target.ts';

/** Where a target stands after one look at it, and what is to be done about it now. */
export interface Step {
  readonly phase: TargetPhase;
  readonly reason?: Reason;
  readonly message?: string;
  /** When the phase ends by itself. */
  readonly deadlineMs?: number;
  /** Pods that hold its drain up, the most telling first. */
  readonly blockedBy?: TargetStatus['blockedBy'];
  /** Its order is gone and will not be obeyed again: the next one has a number of its own. */
  readonly anew?: true;
  readonly actions: readonly Action[];
}

/** Rewrites the order's goal, where that goal may still follow; at any other time it says nothing. */
export function say(target: Target, goal: Goal, course: Course): Action[] {
  const said = rewritten(target, goal, course);
  if (said === undefined || target.host === undefined) return [];
  return [{ kind: 'order', role: target.role, name: target.host.name, ...said }];
}

/** @returns undefined where that goal may not follow any more */
function rewritten({ order, host }: Target, goal: Goal, { epoch }: Course): NewOrder | undefined {
  if (order === undefined || host === undefined || !mayFollow(order.goal, goal)) return undefined;
  return { order: { ...order, goal, epoch }, replaces: host.orderText };
}

/**
 * Takes a staged worker out of service, to be emptied; or to be updated at once, in the same write, where it is
 * known that no pod has to go.
 */
export function takeOut(target: Target, course: Course): Pick<Start, 'phase' | 'actions'> {
  const { name, orderId, node } = target;
  const softTaint = node?.softTaint === course.runID ? { softTaint: node.softTaint } : {};
  const cordon = { kind: 'cordon', name, orderId, ...softTaint } as const;
  const apply = node?.toGo === 0 ? rewritten(target, 'apply', course) : undefined;
  return apply === undefined
    ? { phase: 'Draining', actions: [cordon] }
    : { phase: 'Applying', actions: [{ ...cordon, apply }] };
}

/**
 * Removes our mark, and with it the cordon where that was ours, and our soft taint. The order goes in the same
 * write where the node has carried it out for good: its report alone tells of that from then on.
 */
export function giveBack({ marked, orderId, node, order, signal, host }: Target): Action[] {
  if (!marked || node === undefined) return [];
  const softTaint = node.softTaint === runOf(orderId) ? node.softTaint : undefined;
  const isKept = order?.goal === 'apply' || order?.goal === 'commit';
  const isDone = host === node && isKept && signal?.phase === 'Committed';
  const done = isDone ? { order: host.orderText } : {};
  return [{ kind: 'uncordon', name: node.name, orderId, softTaint, ...done }];
}

/** Takes back what has cost nothing yet: a download, staged files, and our own cordon. */
export function callBack(target: Target, course: Course): Step {
  return {
    phase: 'Staged',
    reason: 'WaitsForSettling',
    message: 'called back before anything was taken away',
    actions: [...giveBack(target), ...say(target, recallOf(course), course)],
  };
}

/** A bundle is ordered to be delivered at once, so that only an undo may follow: nothing is there to be undone. */
export function recallOf(course: Course): Goal {
  return course.kind === 'airgap' ? 'undo' : 'cancel';
}

/** What status says already of why the target stands where it does. */
export function kept(target: Target): Pick<Step, 'reason' | 'message' | 'blockedBy'> {
  const { reason, message, blockedBy } = target.status;
  // Of all that are at their end, at every look: one object, and none between.
  const said: { -readonly [K in 'reason' | 'message' | 'blockedBy']?: Step[K] } = {};
  if (blockedBy !== undefined) said.blockedBy = blockedBy;
  if (isReason(reason)) said.reason = reason;
  if (message !== undefined) said.message = message;
  return said;
}

export function why(reason: Reason): { reason: Reason; message: string } {
  return { reason, message: REASONS[reason] };
}

export function fail(reason: Reason, message: string): Step {
  return { phase: 'Failed', reason, message, actions: [] };
}

export function seconds(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}
