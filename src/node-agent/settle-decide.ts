import type { Failure } from './failure.ts';
import {
  afterBoot,
  isOfThisBoot,
  type Journal,
  type Now,
  type OpenSignal,
  spanFrom,
} from './journal.ts';
import type { Layout } from './layout.ts';

/** So many boots within one trial are no accident. */
export const BOOTS_TOO_MANY = 3;

/** What is known before k0s is started. Digests are asked for only when something hangs on them. */
export interface SettleFacts {
  readonly journal: Journal;
  readonly now: Now;
  readonly paths: Pick<Layout, 'binary' | 'undo'>;
  /** sha256 of the live binary; null where there is none, absent before it has been read. */
  readonly live?: string | null;
  /** sha256 of the one that an undo puts back; null where there is none, absent before it has been read. */
  readonly kept?: string | null;
}

/**
 * One thing to do before k0s starts, after which it is decided again. Each is one journal entry or one
 * rename: after a cut the same facts lead here again.
 */
export type SettleStep =
  | { readonly do: 'measure'; readonly which: 'live' | 'kept' }
  | { readonly do: 'write'; readonly journal: Journal; readonly why: string }
  /** Renames the kept binary over the live one. Nothing is started. */
  | { readonly do: 'putBack' }
  | { readonly do: 'done'; readonly message: string; readonly bad?: true };

/**
 * Settles what a reboot has cut short, as far as it must be settled before k0s starts: a whole, known binary
 * is in place; what is being undone starts as what it was; a release that sends the host from boot to boot
 * is sent back. All else is left to the agent, and nothing is begun.
 */
export function decideSettle(facts: SettleFacts): SettleStep {
  const { signal } = facts.journal;
  if (signal === undefined || signal.order.artifact.kind !== 'k0s') return done('nothing is open');
  switch (signal.phase) {
    case 'Applying':
    case 'OnTrial':
      return countBoot(facts, signal) ?? judgeBoots(facts, signal) ?? requireKnown(facts, signal);
    case 'Held':
      return requireKnown(facts, signal);
    case 'Undoing':
      return putBack(facts, signal);
    default:
      return done(`nothing to do in phase ${signal.phase}`);
  }
}

/** What is left of the trial, by the new clock; the agent finds it done. */
function countBoot({ journal, now }: SettleFacts, signal: OpenSignal): SettleStep | undefined {
  const { trial } = signal;
  if (trial === undefined || isOfThisBoot(trial, now)) return undefined;
  const counted = afterBoot(trial, now);
  return write(journal, { ...signal, trial: counted }, `boot ${counted.boots} within the trial`);
}

function judgeBoots(facts: SettleFacts, signal: OpenSignal): SettleStep | undefined {
  if (!hasBootedTooOften(signal)) return undefined;
  if (signal.restart === undefined) {
    // cut between the swap and the entry that says so: then only the digest tells
    if (facts.live === undefined) return { do: 'measure', which: 'live' };
    if (facts.live !== signal.staged?.sha256) return undefined;
  }
  return turnBack(facts, signal, tooManyBoots(signal));
}

/** Whether the host was booted again and again within the trial. */
export function hasBootedTooOften({ trial }: OpenSignal): boolean {
  return trial !== undefined && trial.boots >= BOOTS_TOO_MANY;
}

export function tooManyBoots({ order, trial }: OpenSignal): Failure {
  return {
    class: 'Artifact',
    reason: 'HostReboots',
    message: `the host was booted ${trial?.boots} times since k0s ${order.artifact.version} was put in place`,
  };
}

/** S4: what k0s is started from is one of the two files that the journal knows. */
function requireKnown(facts: SettleFacts, signal: OpenSignal): SettleStep {
  const { live, paths } = facts;
  const { previous, staged } = signal;
  if (live === undefined) return { do: 'measure', which: 'live' };
  if (live !== null && (live === staged?.sha256 || live === previous?.sha256)) {
    return done(`a known binary is in place, in phase ${signal.phase}`);
  }
  const message = `wanted sha256 ${staged?.sha256} or ${previous?.sha256} at ${paths.binary}, found ${live ?? 'no file'}`;
  if (signal.order.undo === 'never' && signal.restart !== undefined) {
    // the stored data may have moved on with the new version: a person has to look
    return { do: 'done', message: `${message}; it does not go back by itself`, bad: true };
  }
  // only if there is something to go back to
  if (facts.kept === undefined) return { do: 'measure', which: 'kept' };
  if (previous === undefined || facts.kept !== previous.sha256) return lost(facts, signal, message);
  return turnBack(facts, signal, { class: 'Environment', reason: 'SwapFailed', message });
}

function turnBack(facts: SettleFacts, signal: OpenSignal, failure: Failure): SettleStep {
  const { journal, now, live } = facts;
  const hasRun = signal.restart !== undefined || live === signal.staged?.sha256;
  if (signal.order.undo === 'never' && hasRun) {
    return write(journal, { ...signal, phase: 'Held', failure }, failure.message);
  }
  const undoing = spanFrom(now, signal.order.durations.confirmMs);
  return write(journal, { ...signal, phase: 'Undoing', failure, undoing }, failure.message);
}

function putBack(facts: SettleFacts, signal: OpenSignal): SettleStep {
  const { previous } = signal;
  if (previous === undefined)
    return lost(facts, signal, 'the journal names no binary to go back to');
  if (facts.live === undefined) return { do: 'measure', which: 'live' };
  if (facts.live === previous.sha256) return done(`${previous.version} is back in place`);
  if (facts.kept === undefined) return { do: 'measure', which: 'kept' };
  if (facts.kept === previous.sha256) return { do: 'putBack' };
  return lost(facts, signal, `${signal.order.artifact.version} is still in place`);
}

/** The agent comes to the same, and tells the orchestrator. */
function lost({ kept, paths }: SettleFacts, { previous }: OpenSignal, what: string): SettleStep {
  const wanted = previous && `wanted sha256 ${previous.sha256} (${previous.version})`;
  const found = wanted && `; ${wanted} at ${paths.undo}, found ${kept ?? 'no file'}`;
  return { do: 'done', message: `${what}${found ?? ''}`, bad: true };
}

function write(journal: Journal, signal: OpenSignal, why: string): SettleStep {
  return { do: 'write', journal: { ...journal, signal }, why };
}

function done(message: string): SettleStep {
  return { do: 'done', message };
}
