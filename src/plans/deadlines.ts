import type { TargetPhase } from '../api/plan.ts';
import type { Course } from './course.ts';
import type { Target } from './target.ts';

/** After a time of blindness: how long agents have to reach the API server again and report. */
const CATCH_UP_MS = 30_000;

/** A report may be this many heartbeats old before its agent counts as gone. */
export const STALE_AFTER_HEARTBEATS = 2.5;

/**
 * How long an agent that comes from time to time may take to be heard of: what is waited for from it is never
 * overdue sooner.
 * @returns 0 for one that watches, and answers at once
 */
function patienceMs({ host }: Target): number {
  const agent = host?.report.kind === 'valid' ? host.report.value.agent : undefined;
  return agent?.mode === 'poll' ? agent.heartbeatMs * STALE_AFTER_HEARTBEATS : 0;
}

/** How long the agent of this target may take to answer an order at all. */
export function acknowledgeMs(target: Target, course: Course): number {
  return Math.max(course.policy.acknowledgeTimeoutMs, patienceMs(target));
}

/** How long the agent of this target may take to report that it did what was its last to do. */
export function settleMs(target: Target, course: Course): number {
  return Math.max(course.policy.settleTimeoutMs, patienceMs(target));
}

/** How long a node of this target may take to be seen healthy. */
export function gateMs(target: Target, course: Course): number {
  return Math.max(course.policy.gateTimeoutMs, patienceMs(target));
}

/** No deadline passes for want of seeing: neither while nobody led, nor while the API server was away. */
export function atLeastSighted(target: Target, deadlineMs: number, course: Course): number {
  const catchUpMs = Math.max(CATCH_UP_MS, patienceMs(target));
  return Math.max(deadlineMs, course.sightedSinceMs + catchUpMs);
}

/** When the phase began, by the clock of the orchestrator; now, where it has just begun. */
export function sinceMs(target: Target, phase: TargetPhase, course: Course): number {
  return target.status.phase === phase
    ? Date.parse(target.status.lastUpdatedTimestamp)
    : course.nowMs;
}

/** When the phase ends by itself. */
export function deadlineOf(target: Target, phase: TargetPhase, course: Course): number {
  const { policy } = course;
  const boundMs: Partial<Record<TargetPhase, number>> = {
    // Where an order of another run is in the way: a trial, its undo, and the report of it.
    Pending: 2 * policy.confirmTimeoutMs + settleMs(target, course),
    Downloading: acknowledgeMs(target, course) + policy.downloadTimeoutMs,
    Draining: policy.drainTimeoutMs,
    Applying:
      acknowledgeMs(target, course) +
      (target.order?.backup?.withinMs ?? 0) +
      policy.confirmTimeoutMs,
    OnTrial: gateMs(target, course),
  };
  const deadlineMs = sinceMs(target, phase, course) + (boundMs[phase] ?? settleMs(target, course));
  return atLeastSighted(target, deadlineMs, course);
}
