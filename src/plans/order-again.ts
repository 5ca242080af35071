import type { TargetPhase } from '../api/plan.ts';
import type { Goal } from '../signals/order.ts';
import type { Course } from './course.ts';
import { deadlineOf } from './deadlines.ts';
import { give, isBusyElsewhere } from './give-order.ts';
import { fail, kept, type Step } from './step.ts';
import type { Target } from './target.ts';

/**
 * Somebody has removed the order of a target that is under way. What was intended is said again, and the agent
 * answers with where it stands; where it cannot be said, that is waited for no longer than its answer would be.
 */
export function orderAgain(target: Target, phase: TargetPhase, goal: Goal, course: Course): Step {
  const actions = give(target, goal, course);
  const deadlineMs = deadlineOf(target, phase, course);
  if (actions.length > 0) return { ...kept(target), phase, deadlineMs, actions };
  const message = `its order is gone, and cannot be given again: ${obstacleOf(target, course)}`;
  return course.nowMs >= deadlineMs
    ? fail('NoReport', message)
    : { phase, reason: 'WaitsForReport', message, deadlineMs, actions: [] };
}

function obstacleOf(target: Target, course: Course): string {
  const { foreignOrder, host } = target;
  if (isBusyElsewhere(target)) return `the host obeys order ${foreignOrder?.id} of another run`;
  return course.kind === 'k0s' && course.rollback
    ? `the host does not have ${course.version} any more`
    : `the Plan has no artifact for the platform ${host?.platform ?? 'of a host that tells none'}`;
}
