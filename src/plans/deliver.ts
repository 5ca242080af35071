import type { DeliveryCourse } from './course.ts';
import { deadlineOf, sinceMs } from './deadlines.ts';
import { orderAgain } from './order-again.ts';
import { settled } from './settled.ts';
import { calledBack, downloading } from './staging.ts';
import { fail, kept, type Step, say, seconds, why } from './step.ts';
import { isFinal, phaseOf, type Target } from './target.ts';

/**
 * Judges one target of an `airgapupdate`. Its order says `apply` from the beginning: the agent fetches,
 * verifies, and puts the bundle where k0s looks for it. Nothing is taken away from the node for that, so
 * there is no drain, no trial and no verdict.
 */
export function advanceDelivery(target: Target, course: DeliveryCourse): Step {
  const phase = phaseOf(target);
  if (isFinal(phase)) return { ...kept(target), phase, actions: [] };
  if (target.host === undefined) {
    return fail('NodeVanished', `Node ${target.name} was deleted while it was under way`);
  }
  const ended = settled(target, target.order, course);
  if (ended !== undefined) return ended;
  if (target.order === undefined) {
    const isNew = phase === 'Downloading' && (course.hold !== undefined || course.stopping);
    if (phase === 'Pending' || phase === 'Staged' || isNew) {
      return course.stopping
        ? { phase: 'Skipped', ...why('RunStopped'), actions: [] }
        : { phase: 'Pending', actions: [] };
    }
    return orderAgain(target, phase, 'apply', course);
  }
  switch (phase) {
    case 'Downloading':
      return downloading(target, course);
    case 'Applying':
      return delivering(target, course);
    default:
      return calledBack(target, course);
  }
}

/** One rename, which takes nothing from anybody: it is waited for even where the run stops. */
function delivering(target: Target, course: DeliveryCourse): Step {
  const deadlineMs = deadlineOf(target, 'Applying', course);
  if (course.nowMs < deadlineMs) {
    return {
      phase: 'Applying',
      reason: 'WaitsForDelivery',
      message: "the bundle is being put among k0s's images",
      deadlineMs,
      actions: [],
    };
  }
  const tookMs = deadlineMs - sinceMs(target, 'Applying', course);
  return {
    ...fail('DeliveryFailed', `verified, and not delivered within ${seconds(tookMs)}`),
    actions: say(target, 'undo', course),
  };
}
