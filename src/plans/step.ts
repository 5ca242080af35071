import type { TargetPhase, TargetStatus } from '../api/plan.ts';
import { isReason, REASONS, type Reason } from '../api/reasons.ts';
import { mayFollow } from '../signals/lifecycle.ts';
import type { Goal } from '../signals/order.ts';
import type { Course } from './course.ts';
import type { Action } from './facts.ts';
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
  const { order, host } = target;
  if (order === undefined || host === undefined || !mayFollow(order.goal, goal)) return [];
  return [
    {
      kind: 'order',
      role: target.role,
      name: host.name,
      order: { ...order, goal, epoch: course.epoch },
      replaces: host.orderText,
    },
  ];
}

/** Removes our mark, and with it the cordon where that was ours, and our soft taint. */
export function giveBack({ marked, orderId, node }: Target): Action[] {
  if (!marked || node === undefined) return [];
  const softTaint = node.softTaint === runOf(orderId) ? node.softTaint : undefined;
  return [{ kind: 'uncordon', name: node.name, orderId, softTaint }];
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
