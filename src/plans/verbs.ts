import { isTerminalState } from '../api/plan.ts';
import type { Asked } from '../api/requests.ts';
import { type Answer, done, refused } from './answer.ts';
import { describeAsked } from './asked.ts';
import type { PlanFacts } from './facts.ts';
import { holdOf } from './hold.ts';
import { isUnderWay } from './run.ts';

/** Holds the Plan as the kill switch does, until somebody asks to resume; over the end of a run as well. */
export function pause(facts: PlanFacts, by: string): Answer {
  const status = facts.plan.status ?? {};
  if (status.paused !== undefined) {
    return done('Paused', `was paused already: ${describeAsked(status.paused)}`, status);
  }
  if (hasEnded(facts)) {
    return refused('NotRunning', 'the run has ended, so that there is nothing to pause');
  }
  return done('Paused', 'paused: nothing new is begun, and what was swapped is judged to its end', {
    ...status,
    paused: asked(facts, by),
  });
}

export function resume(facts: PlanFacts): Answer {
  const { paused, ...status } = facts.plan.status ?? {};
  const hold = holdOf({ ...facts, plan: { ...facts.plan, status } });
  if (paused === undefined) {
    const instead = hold?.reason === 'Paused' ? `; it is held elsewhere: ${hold.message}` : '';
    return refused('NotPaused', `nobody has paused this Plan by a request${instead}`);
  }
  const still = hold === undefined ? '' : `; it is still held: ${hold.message}`;
  return done('Resumed', `goes on${still}`, status);
}

/** Stops the run as a failure does, so that it ends by the same way. */
export function abort(facts: PlanFacts, by: string): Answer {
  const { status } = facts.plan;
  if (!isUnderWay(status)) {
    const why = hasEnded(facts)
      ? 'the run has ended'
      : 'the Plan has not begun; delete it, or pause it';
    return refused('NotRunning', `${why}: there is nothing to abort`);
  }
  if (status.aborted !== undefined) {
    return done('Aborted', `was aborted already: ${describeAsked(status.aborted)}`, status);
  }
  return done(
    'Aborted',
    'ends: nothing new is begun, what is staged is called back, what was swapped is judged to its end',
    { ...status, aborted: asked(facts, by) },
  );
}

/** Nothing is under way, and nothing would begin by itself. */
function hasEnded({ plan }: PlanFacts): boolean {
  const { state, observedGeneration } = plan.status ?? {};
  return (
    isTerminalState(state) &&
    (observedGeneration === undefined || observedGeneration >= plan.generation)
  );
}

function asked(facts: PlanFacts, by: string): Asked {
  return { by, at: new Date(facts.nowMs).toISOString() };
}
