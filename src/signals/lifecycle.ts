import type { Goal } from './order.ts';
import type { SignalPhase } from './report.ts';

/** After these nothing more happens by itself, and the order may be removed. */
const SETTLED = new Set<SignalPhase>(['Committed', 'Undone', 'Cancelled', 'Failed', 'Refused']);

export function isSettled(phase: SignalPhase): boolean {
  return SETTLED.has(phase);
}

/** The goals that may follow a goal within one order. */
const NEXT_GOALS: Readonly<Record<Goal, readonly Goal[]>> = {
  stage: ['apply', 'cancel'],
  apply: ['commit', 'undo'],
  commit: [],
  undo: [],
  cancel: [],
};

/** @returns whether an order that said `from` may be rewritten to say `to` */
export function mayFollow(from: Goal, to: Goal): boolean {
  return NEXT_GOALS[from].includes(to);
}

/**
 * What an agent that stands at `phase` does about a goal.
 * - `obey`: begin or go on with it
 * - `done`: it has been achieved, report so again
 * - `late`: it can no longer be obeyed; the report says where the node stands instead
 *
 * Of a bundle an undo is a call-back: there is nothing to put back, and once it is being delivered it is.
 *
 * The rows that matter: a commit after `Undoing` is late for ever (the node has decided alone), and an
 * undo after `Committed` is late as well (that is a rollback, a run of its own).
 */
export function judgeGoal(phase: SignalPhase | undefined, goal: Goal): 'obey' | 'done' | 'late' {
  if (phase === undefined) return goal === 'cancel' || goal === 'undo' ? 'done' : 'obey';
  switch (goal) {
    case 'stage':
      return phase === 'Downloading' ? 'obey' : phase === 'Staged' ? 'done' : 'late';
    case 'apply':
      if (phase === 'Downloading' || phase === 'Staged' || phase === 'Applying') return 'obey';
      return phase === 'OnTrial' || phase === 'Committed' ? 'done' : 'late';
    case 'commit':
      if (phase === 'OnTrial' || phase === 'Held') return 'obey';
      return phase === 'Committed' ? 'done' : 'late';
    case 'undo':
      if (phase === 'Applying' || phase === 'OnTrial' || phase === 'Held') return 'obey';
      if (phase === 'Undoing') return 'obey';
      // it has overtaken the apply that it belongs to: nothing was touched, so it ends as Cancelled
      if (phase === 'Downloading' || phase === 'Staged') return 'obey';
      return phase === 'Undone' || phase === 'Cancelled' || phase === 'Failed' ? 'done' : 'late';
    case 'cancel':
      if (phase === 'Downloading' || phase === 'Staged') return 'obey';
      return isSettled(phase) ? 'done' : 'late';
  }
}
