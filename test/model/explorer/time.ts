import type { StoredPlanStatus, TargetStatus } from '../../../src/api/plan.ts';
import type { Journal, OpenSignal, Span } from '../../../src/node-agent/journal.ts';

/**
 * The present. It never moves: when time passes, everything else moves into the past. So two states that
 * differ only in when they came about are one.
 */
export const NOW_MS = Date.parse('2026-01-01T12:00:00Z');
export const UPTIME_MS = 1_000_000;
/** Longer ago than any deadline is long. */
const LONG_AGO_MS = 600_000;
const NOW = new Date(NOW_MS).toISOString();
const NO_SPAN: Span = { bootId: '', startMs: 0, endMs: 0, boots: 0 };

/** What of a status a judgement may depend on: no words for people, and no times that nothing is measured by. */
export function essence(status: StoredPlanStatus): StoredPlanStatus {
  const { commands, conditions: _, waitsFor: _waits, progress: _progress, ...rest } = status;
  const { opensAt: _opens, targetVersion: _version, requestResults, ...lasting } = rest;
  return {
    ...lasting,
    ...(rest.startedAt === undefined ? {} : { startedAt: NOW }),
    ...(rest.finishedAt === undefined ? {} : { finishedAt: NOW }),
    ...(requestResults === undefined
      ? {}
      : {
          requestResults: requestResults.map((one) => ({ ...one, message: '', at: NOW })),
        }),
    ...(commands == null
      ? {}
      : {
          commands: commands.map(({ description: _description, ...command }) => ({
            ...command,
            ...(command.startedAt === undefined ? {} : { startedAt: NOW }),
            ...(command.backup === undefined
              ? {}
              : { backup: { ...command.backup, takenAt: NOW } }),
            ...(command.k0supdate === undefined
              ? {}
              : {
                  k0supdate: {
                    controllers: (command.k0supdate.controllers ?? []).map(essenceOf),
                    workers: (command.k0supdate.workers ?? []).map(essenceOf),
                  },
                }),
            ...(command.airgapupdate === undefined
              ? {}
              : { airgapupdate: { workers: (command.airgapupdate.workers ?? []).map(essenceOf) } }),
          })),
        }),
  };
}

const TIMELESS = new Set(['Committed', 'Undone', 'Skipped', 'Failed', 'Held']);

/** Only a first attempt may wait for its turn for ever: a later one may meet what was left of the one before. */
function isTimeless({ phase = 'Pending', attempts = 1 }: TargetStatus): boolean {
  return TIMELESS.has(phase) || (phase === 'Pending' && attempts === 1);
}

function essenceOf({ message: _, deadline: _deadline, ...target }: TargetStatus): TargetStatus {
  return isTimeless(target) ? { ...target, lastUpdatedTimestamp: NOW } : target;
}

/** Every time of day in a status, so much longer ago. */
export function olderStatus(
  status: StoredPlanStatus | undefined,
  byMs: number,
): StoredPlanStatus | undefined {
  if (status === undefined) return undefined;
  const target = (one: TargetStatus) =>
    isTimeless(one)
      ? one
      : { ...one, lastUpdatedTimestamp: olderText(one.lastUpdatedTimestamp, byMs) };
  return {
    ...status,
    ...(status.commands == null
      ? {}
      : {
          commands: status.commands.map((command) => ({
            ...command,
            ...(command.batch === undefined
              ? {}
              : {
                  batch: {
                    ...command.batch,
                    startedAt: NOW,
                    ...(command.batch.settledAt === undefined
                      ? {}
                      : { settledAt: olderText(command.batch.settledAt, byMs) }),
                  },
                }),
            ...(command.k0supdate === undefined
              ? {}
              : {
                  k0supdate: {
                    controllers: (command.k0supdate.controllers ?? []).map(target),
                    workers: (command.k0supdate.workers ?? []).map(target),
                  },
                }),
            ...(command.airgapupdate === undefined
              ? {}
              : { airgapupdate: { workers: (command.airgapupdate.workers ?? []).map(target) } }),
          })),
        }),
  };
}

function olderText(text: string, byMs: number): string {
  return new Date(olderMs(Date.parse(text), byMs)).toISOString();
}

export function olderMs(atMs: number, byMs: number): number {
  return Math.max(atMs - byMs, NOW_MS - LONG_AGO_MS);
}

/** By the host's own clock. What nothing is measured by any more is left out. */
export function olderJournal(journal: Journal, byMs: number): Journal {
  return journal.signal === undefined
    ? journal
    : { ...journal, signal: essentialSpans(journal.signal, byMs) };
}

export function essentialSpans(signal: OpenSignal, byMs = 0): OpenSignal {
  const { phase, staging, trial, undoing } = signal;
  const moved = (span: Span, matters: boolean): Span =>
    matters ? { ...span, startMs: span.startMs - byMs, endMs: span.endMs - byMs } : NO_SPAN;
  return {
    ...signal,
    staging: moved(staging, phase === 'Downloading'),
    ...(trial === undefined
      ? {}
      : { trial: moved(trial, phase === 'Applying' || phase === 'OnTrial') }),
    ...(undoing === undefined ? {} : { undoing: moved(undoing, phase === 'Undoing') }),
  };
}
