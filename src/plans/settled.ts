import { isReason, REASONS, type Reason } from '../api/reasons.ts';
import type { Order } from '../signals/order.ts';
import type { Signal } from '../signals/report.ts';
import type { Course } from './course.ts';
import { giveBack, kept, type Step, say, why } from './step.ts';
import { isCalledBack, type Target } from './target.ts';

/**
 * The end of an order as the node reports it, whatever was last asked of it: a node may confirm an update by
 * its own policy, before anybody has told it to.
 * @param order undefined: it went with the cordon once it was carried out, or somebody has removed it
 * @returns undefined while the order is being obeyed
 */
export function settled(
  target: Target,
  order: Order | undefined,
  course: Course,
): Step | undefined {
  const { signal } = target;
  if (signal === undefined) return undefined;
  if (signal.phase === 'Committed') return committed(target, order, signal, course);
  if (order === undefined) return undefined;
  switch (signal.phase) {
    case 'Undone':
      // Why we ordered the undo is known to us alone.
      return {
        phase: 'Undone',
        ...(isOurUndo(target, order) ? kept(target) : reported(signal, 'UndoneByOrder')),
        actions: giveBack(target),
      };
    case 'Failed':
    case 'Refused':
      return {
        phase: 'Failed',
        ...reported(signal, signal.phase === 'Refused' ? 'OrderRefused' : fallbackOf(order)),
        actions: [
          ...giveBack(target),
          ...(order.goal === 'stage' ? say(target, 'cancel', course) : []),
        ],
      };
    case 'Cancelled':
      // It never heard of the apply that the undo has overtaken: nothing was touched, and yet it is overdue.
      return isOurUndo(target, order)
        ? { phase: 'Failed', ...kept(target), actions: giveBack(target) }
        : { phase: 'Skipped', ...why('RunStopped'), actions: giveBack(target) };
    default:
      return undefined;
  }
}

function committed(
  target: Target,
  order: Order | undefined,
  signal: Signal,
  { kind, version: wanted }: Course,
): Step {
  const actions = giveBack(target);
  if (kind === 'airgap') {
    const file = signal.staged?.fileName;
    const message = `${file ?? `the bundle ${wanted}`} lies among the images of k0s`;
    return { phase: 'Committed', reason: 'Updated', message, actions };
  }
  const version = signal.running?.version ?? wanted;
  const isUndone = order === undefined ? target.status.phase === 'Undoing' : order.goal === 'undo';
  if (!isUndone) {
    return { phase: 'Committed', reason: 'Updated', message: `runs ${version}`, actions };
  }
  // Judged and found wanting, while the node's own policy found it good: a commit is not taken back.
  const cause = target.status.phase === 'Undoing' ? kept(target) : {};
  return {
    phase: 'Failed',
    reason: cause.reason ?? 'HealthTimeout',
    message: `${cause.message ?? 'not healthy in time'}; the host had confirmed it by its own policy before it was told to undo, and runs ${version}`,
    actions,
  };
}

function isOurUndo(target: Target, order: Order): boolean {
  return (
    order.goal === 'undo' &&
    !isCalledBack(order) &&
    target.status.phase === 'Undoing' &&
    target.status.reason !== undefined
  );
}

function fallbackOf(order: Order): Reason {
  return order.artifact.kind === 'airgap' ? 'DeliveryFailed' : 'SwapFailed';
}

function reported(signal: Signal, fallback: Reason): { reason: Reason; message: string } {
  return {
    reason: isReason(signal.reason) ? signal.reason : fallback,
    message: signal.message ?? REASONS[fallback],
  };
}
