import type { Reason } from '../api/reasons.ts';
import type { UpdateCourse } from './course.ts';
import type { PlanFacts } from './facts.ts';

/** Points behind which the first target of a run is touched. */
const BEFORE_FIRST_TOUCH = ['BeforeRun', 'BeforeControllers', 'BeforeWorkers', 'BeforeBatch'];

/** As a Passage that is not open. */
type NoPassage =
  | {
      readonly kind: 'closed';
      readonly reason: Reason;
      readonly message: string;
      readonly untilMs: number;
      readonly actions: readonly [];
    }
  | { readonly kind: 'failed'; readonly reason: Reason; readonly message: string };

/**
 * What was there before the run has to be known before a node is touched: afterwards it is too late.
 * @returns undefined where that is so, or nobody will ask
 */
export function baselinePassage(
  point: { readonly kind: string },
  { policy, sightedSinceMs }: Pick<UpdateCourse, 'policy' | 'sightedSinceMs'>,
  { baseline, nowMs, plan }: Pick<PlanFacts, 'baseline' | 'nowMs' | 'plan'>,
): NoPassage | undefined {
  if (baseline.kind !== 'missing' || !BEFORE_FIRST_TOUCH.includes(point.kind)) return undefined;
  const beganMs = Date.parse(plan.status?.startedAt ?? '') || nowMs;
  // Who has just begun to lead has not had the time to read it.
  const untilMs = Math.max(beganMs, sightedSinceMs) + policy.workloadsTimeoutMs;
  return nowMs < untilMs
    ? {
        kind: 'closed',
        reason: 'WaitsForBaseline',
        message: baseline.message,
        untilMs,
        actions: [],
      }
    : { kind: 'failed', reason: 'BaselineMissing', message: baseline.message };
}
