import { isSettled, judgeGoal } from '../signals/lifecycle.ts';
import type { Order } from '../signals/order.ts';
import type { ConfirmRules } from './agent-policy.ts';
import type { Failure } from './failure.ts';
import { isOfThisBoot, type Journal, type Now, type OpenSignal } from './journal.ts';
import type { Addressed, OrderView } from './order-view.ts';
import { hasBootedTooOften, tooManyBoots } from './settle-decide.ts';
import { judgeTrial, type TrialView } from './trial.ts';

/** Everything that the choice of the next step depends on. */
export interface AgentFacts {
  readonly now: Now;
  readonly journal: Journal;
  readonly order: OrderView;
  /** What was seen of the running k0s, and when last; undefined before the first look. */
  readonly trial:
    | {
        readonly view: TrialView;
        readonly seenAtMs: number;
        /** Since when one process has been healthy at every look. */
        readonly healthySinceMs: number | undefined;
      }
    | undefined;
  /** Whether files of an order that has been settled may still lie about. */
  readonly untidy: boolean;
  /** Who confirms an update, by the host's own policy. */
  readonly confirm: ConfirmRules;
  /** Going back has been tried by this very process, and has failed. */
  readonly undoFailed: boolean;
}

/**
 * What the agent does next. Each is one journal entry, or one step followed by one: after a crash the same
 * facts lead here again, and the step looks before it acts.
 */
export type Next =
  /** A new order; whatever was staged for another one is dropped. */
  | { readonly do: 'begin'; readonly order: Order }
  /** The order says more than we have accepted: a later goal, a higher epoch. */
  | { readonly do: 'accept'; readonly order: Order }
  | { readonly do: 'stage' }
  | { readonly do: 'backup' }
  | { readonly do: 'apply' }
  /** Put a staged image bundle where k0s looks for it. */
  | { readonly do: 'deliver' }
  | { readonly do: 'swap' }
  | { readonly do: 'restart' }
  /** Look at the running k0s. */
  | { readonly do: 'check' }
  /** The host was started anew: what is left of a deadline is measured by the new clock. */
  | { readonly do: 'remeasure' }
  | { readonly do: 'commit' }
  | { readonly do: 'hold'; readonly failure: Failure }
  | { readonly do: 'turnBack'; readonly failure: Failure }
  | { readonly do: 'undo' }
  /** The undo itself could not be done in time. */
  | { readonly do: 'giveUp' }
  | { readonly do: 'cancel' }
  | { readonly do: 'tidy' }
  | { readonly do: 'forget' }
  /** Until the order changes, or `forMs` have passed. */
  | { readonly do: 'wait'; readonly forMs?: number };

/** Between two looks at a k0s on trial: often at first, when it matters. */
const EAGER_CHECK_MS = 250;
const CALM_CHECK_MS = 1000;
const EAGER_FOR_MS = 15_000;

/**
 * Chooses the next step from the journal and the newest order. Local duties come first: a trial's deadline
 * and an undo never wait for the API.
 */
export function decide(facts: AgentFacts): Next {
  const { journal, order } = facts;
  const { signal } = journal;
  if (signal === undefined) {
    if (facts.untidy) return { do: 'tidy' };
    return mayBegin(journal, order) ? { do: 'begin', order: order.order } : { do: 'wait' };
  }
  if (isSettled(signal.phase)) {
    if (facts.untidy) return { do: 'tidy' };
    // What was kept is told until there is another order: the orchestrator takes that one away before it has
    // written down what came of it.
    if (order.kind === 'absent' && signal.phase !== 'Committed') return { do: 'forget' };
    return followUp(journal, signal, order);
  }
  switch (signal.phase) {
    case 'Downloading':
    case 'Staged':
      return beforeTheSwap(facts, signal);
    case 'Applying':
      return applying(facts, signal);
    case 'OnTrial':
    case 'Held':
      return onTrial(facts, signal);
    case 'Undoing':
      return undoing(facts, signal);
    default:
      return { do: 'wait' };
  }
}

const ORDERED: Failure = {
  reason: 'UndoneByOrder',
  message: 'the orchestrator ordered the undo',
};

function beforeTheSwap(facts: AgentFacts, signal: OpenSignal): Next {
  const { journal, order } = facts;
  if (order.kind === 'absent') {
    return { do: 'cancel' };
  }
  if (order.kind === 'valid' && mayBegin(journal, order))
    return { do: 'begin', order: order.order };
  const accepted = acceptance(journal, signal, order);
  if (accepted) return accepted;
  // an undo may overtake the apply that it belongs to: nothing has been touched, so there is nothing to put back
  if (signal.goal === 'cancel' || signal.goal === 'undo') {
    return { do: 'cancel' };
  }
  if (signal.phase === 'Downloading') {
    return isOfThisBoot(signal.staging, facts.now) ? { do: 'stage' } : { do: 'remeasure' };
  }
  if (signal.goal !== 'apply') return { do: 'wait' };
  const unsaved = signal.order.backup !== undefined && signal.backup === undefined;
  return unsaved && signal.order.artifact.kind === 'k0s' ? { do: 'backup' } : { do: 'apply' };
}

/** The deadline holds here as well: a host that can neither finish the swap nor restart k0s turns back. */
function applying(facts: AgentFacts, signal: OpenSignal): Next {
  // one rename, which takes nothing from anybody: it is done, whatever is asked meanwhile
  if (signal.order.artifact.kind === 'airgap') return { do: 'deliver' };
  const accepted = acceptance(facts.journal, signal, facts.order);
  if (accepted) return accepted;
  if (signal.goal === 'undo') return { do: 'turnBack', failure: ORDERED };
  const { trial } = signal;
  if (trial !== undefined && !isOfThisBoot(trial, facts.now)) return { do: 'remeasure' };
  if (trial !== undefined && facts.now.uptimeMs >= trial.endMs) {
    const what = signal.restart === undefined ? 'put in place' : 'started';
    const failure: Failure = {
      class: 'Environment',
      reason: 'SwapFailed',
      message: `${signal.order.artifact.version} could not be ${what} in time`,
    };
    return signal.order.undo === 'never' && signal.restart !== undefined
      ? { do: 'hold', failure }
      : { do: 'turnBack', failure };
  }
  return signal.restart === undefined ? { do: 'swap' } : { do: 'restart' };
}

/**
 * Going back is tried for as long as a trial lasts; then a person is needed, and is told so. A host that was
 * stopped or starved for all that time has not tried anything yet.
 */
function undoing(facts: AgentFacts, signal: OpenSignal): Next {
  const { undoing: span } = signal;
  if (span === undefined) return { do: 'undo' };
  if (!isOfThisBoot(span, facts.now)) return { do: 'remeasure' };
  const isOver = facts.now.uptimeMs >= span.endMs && facts.undoFailed;
  return isOver ? { do: 'giveUp' } : { do: 'undo' };
}

function onTrial(facts: AgentFacts, signal: OpenSignal): Next {
  const { journal, order, now } = facts;
  // a person who orders something else has judged what is held
  if (signal.phase === 'Held' && mayBegin(journal, order)) {
    return { do: 'begin', order: order.order };
  }
  const accepted = acceptance(journal, signal, order);
  if (accepted) return accepted;
  if (signal.goal === 'commit') return { do: 'commit' };
  if (signal.goal === 'undo') return { do: 'turnBack', failure: ORDERED };
  if (signal.phase === 'Held') return lookAgain(facts, CALM_CHECK_MS);
  const { trial } = signal;
  if (trial !== undefined && !isOfThisBoot(trial, now)) return { do: 'remeasure' };
  const view = facts.trial?.view;
  const failure = judgeBoots(signal) ?? judgeTrial(signal, view) ?? expired(signal, now, view);
  if (failure !== undefined) {
    return signal.order.undo === 'never' ? { do: 'hold', failure } : { do: 'turnBack', failure };
  }
  if (isConfirmedHere(facts, signal)) return { do: 'commit' };
  const ageMs = trial === undefined ? 0 : now.uptimeMs - trial.startMs;
  const leftMs = trial === undefined ? CALM_CHECK_MS : trial.endMs - now.uptimeMs;
  return lookAgain(facts, Math.min(ageMs < EAGER_FOR_MS ? EAGER_CHECK_MS : CALM_CHECK_MS, leftMs));
}

/** Where nothing settles the host before k0s starts, it is seen here. */
function judgeBoots(signal: OpenSignal): Failure | undefined {
  return hasBootedTooOften(signal) ? tooManyBoots(signal) : undefined;
}

/** By what was seen, not by what has passed since; well before the deadline, whatever the policy says. */
function isConfirmedHere({ confirm, trial }: AgentFacts, signal: OpenSignal): boolean {
  if (confirm.by !== 'local' || trial?.healthySinceMs === undefined) return false;
  const wantedMs = Math.min(confirm.afterMs, signal.order.durations.confirmMs / 2);
  return trial.seenAtMs - trial.healthySinceMs >= wantedMs;
}

function lookAgain({ trial, now }: AgentFacts, paceMs: number): Next {
  if (trial === undefined) return { do: 'check' };
  const dueInMs = trial.seenAtMs + paceMs - now.uptimeMs;
  return dueInMs <= 0 ? { do: 'check' } : { do: 'wait', forMs: dueInMs };
}

function expired(signal: OpenSignal, now: Now, view: TrialView | undefined): Failure | undefined {
  const { trial } = signal;
  if (trial === undefined || now.uptimeMs < trial.endMs) return undefined;
  const seconds = Math.round(signal.order.durations.confirmMs / 1000);
  const state = view === undefined ? '' : `; last seen: ${view.message}`;
  return {
    class: 'Artifact',
    reason: 'ConfirmTimeout',
    message: `nobody confirmed ${signal.order.artifact.version} within ${seconds} s of its restart${state}`,
  };
}

/** Whether a valid order is news to this host, and its goal one to begin with. */
function mayBegin(
  journal: Journal,
  order: OrderView,
): order is { readonly kind: 'valid'; readonly order: Order } {
  if (order.kind !== 'valid') return false;
  const { id, epoch, goal } = order.order;
  if (id === journal.signal?.order.id || epoch < journal.epoch) return false;
  if (journal.settled.some((settled) => settled.id === id)) return false;
  // a bundle has no second order that could be taken for the first
  const mayApply = journal.lost === undefined || order.order.artifact.kind === 'airgap';
  return goal === 'stage' || (goal === 'apply' && mayApply);
}

function followUp(journal: Journal, signal: OpenSignal, order: OrderView): Next {
  if (mayBegin(journal, order)) return { do: 'begin', order: order.order };
  return acceptance(journal, signal, order) ?? { do: 'wait' };
}

/** A goal or epoch of the order under way that has not been written down yet, and may be. */
function acceptance(journal: Journal, signal: OpenSignal, view: OrderView): Next | undefined {
  if (view.kind !== 'valid' || view.order.id !== signal.order.id) return undefined;
  const { order } = view;
  if (order.epoch < journal.epoch) return undefined;
  const news = order.goal !== signal.goal || order.epoch > signal.epoch;
  return news && !isLate(signal, order) ? { do: 'accept', order } : undefined;
}

function isLate(signal: OpenSignal, order: Order): boolean {
  if (judgeGoal(signal.phase, order.goal) === 'late') return true;
  // an order read late must not take back what has been accepted since
  return RANK[order.goal] < RANK[signal.goal];
}

const RANK = { stage: 0, apply: 1, commit: 2, undo: 2, cancel: 2 } as const;

/** What the report says of an order beyond the journal's own signal. */
export type Answer =
  | { readonly kind: 'none' }
  /** Why the order has no effect on the signal that is under way. */
  | { readonly kind: 'remark'; readonly message: string }
  /** The order was not obeyed at all. */
  | { readonly kind: 'refuse'; readonly order: Addressed; readonly failure: Failure }
  /** An order that this host has settled and forgotten. */
  | { readonly kind: 'recall'; readonly order: Order; readonly phase: OpenSignal['phase'] };

/**
 * What to tell the writer of an order that `decide` does nothing about. While a signal is open the report
 * stays with it, and the answer is a remark on it: a refusal would hide a node on trial.
 */
export function answerTo(journal: Journal, view: OrderView): Answer {
  if (view.kind === 'unheard' || view.kind === 'absent') return { kind: 'none' };
  const { signal } = journal;
  if (view.kind === 'invalid') {
    const { addressed } = view;
    if (addressed === undefined) return { kind: 'none' };
    const open = signal !== undefined && !isSettled(signal.phase);
    if (open || addressed.id === signal?.order.id) {
      return { kind: 'remark', message: `the order cannot be read: ${view.message}` };
    }
    return refusal(addressed, `the order cannot be read: ${view.message}`);
  }
  const { order } = view;
  const fenced =
    order.epoch < journal.epoch
      ? `its epoch ${order.epoch} is below ${journal.epoch}, which this host has obeyed: it was written by a leader of before`
      : undefined;
  if (signal?.order.id === order.id) {
    if (fenced) return { kind: 'remark', message: `goal ${order.goal} refused: ${fenced}` };
    if (order.goal !== signal.goal && isLate(signal, order)) {
      return {
        kind: 'remark',
        message: `goal ${order.goal} came too late: this host is ${signal.phase}`,
      };
    }
    return { kind: 'none' };
  }
  if (signal !== undefined && !isSettled(signal.phase)) {
    const why =
      fenced ?? `this host is ${signal.phase} with ${signal.order.id} and settles that first`;
    return { kind: 'remark', message: `order ${order.id} is not obeyed: ${why}` };
  }
  if (fenced) return refusal(order, fenced);
  const settled = journal.settled.find(({ id }) => id === order.id);
  if (settled) return { kind: 'recall', order, phase: settled.phase as OpenSignal['phase'] };
  if (mayBegin(journal, view)) return { kind: 'none' };
  if (judgeGoal(undefined, order.goal) === 'done') {
    return { kind: 'recall', order, phase: 'Cancelled' };
  }
  return refusal(
    order,
    journal.lost === undefined
      ? `goal ${order.goal}: nothing of this order was ever begun on this host`
      : `goal ${order.goal}: what this host knew of it was unreadable and lies in ${journal.lost}; an order that begins with stage is obeyed`,
  );
}

function refusal(order: Addressed, message: string): Answer {
  const failure: Failure = { class: 'Environment', reason: 'OrderRefused', message };
  return { kind: 'refuse', order, failure };
}
