import type { Signal } from '../signals/report.ts';
import type { Journal, OpenSignal } from './journal.ts';
import type { Answer } from './steps.ts';
import type { TrialView } from './trial.ts';

export interface ReportedFacts {
  readonly journal: Journal;
  readonly answer: Answer;
  readonly trial: TrialView | undefined;
  readonly progress: { readonly done: number; readonly total?: number } | undefined;
  readonly trouble: string | undefined;
}

/** What the agent tells of its order. While a signal is open nothing else is told in its place. */
export function signalOf(facts: ReportedFacts): Signal | undefined {
  const { answer, journal } = facts;
  if (answer.kind === 'refuse') {
    const { id, attempt, epoch, goal } = answer.order;
    return { id, attempt, epoch, goal, phase: 'Refused', ...answer.failure };
  }
  if (answer.kind === 'recall') {
    const { id, attempt, epoch, goal } = answer.order;
    return {
      id,
      attempt,
      epoch,
      goal,
      phase: answer.phase,
      message: `${answer.phase}: settled before, or never begun, on this host`,
    };
  }
  return journal.signal && ofJournal(journal.signal, facts);
}

function ofJournal(signal: OpenSignal, facts: ReportedFacts): Signal {
  const { order, phase, failure, staged, backup, previous, restart, gapMs } = signal;
  const message = [failure?.message, facts.trouble, remarkOf(facts)].filter(Boolean).join('; ');
  const { trial, progress } = facts;
  return {
    id: order.id,
    attempt: order.attempt,
    epoch: signal.epoch,
    goal: signal.goal,
    phase,
    ...(failure?.class && { class: failure.class }),
    ...(failure && { reason: failure.reason }),
    ...(message && { message }),
    ...(phase === 'Downloading' && progress && { bytes: progress }),
    ...(staged && { staged }),
    ...(backup && { backup }),
    ...(previous && { previous }),
    ...(trial && runsNewBinary(phase) && { running: runningOf(trial) }),
    ...(restart?.wallMs !== undefined && { restartedAt: new Date(restart.wallMs).toISOString() }),
    ...(gapMs !== undefined && { gapMs: Math.round(gapMs * 10) / 10 }),
  };
}

function runsNewBinary(phase: Signal['phase']): boolean {
  return phase === 'OnTrial' || phase === 'Held' || phase === 'Undoing' || phase === 'Committed';
}

function remarkOf({ answer }: ReportedFacts): string | undefined {
  return answer.kind === 'remark' ? answer.message : undefined;
}

function runningOf(view: TrialView): NonNullable<Signal['running']> {
  return {
    ...(view.version !== undefined && { version: view.version }),
    ...(view.sha256 !== undefined && { sha256: view.sha256 }),
    ...(view.pid !== undefined && { pid: view.pid }),
    exits: view.exits,
    healthy: view.healthy,
    ...(!view.healthy && { message: view.message }),
  };
}
