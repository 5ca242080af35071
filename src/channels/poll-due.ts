import type { UpdateConfigStatus } from '../api/update-config.ts';
import type { Look } from './answer.ts';
import { firstPollMs, nextPollMs, type PollPace } from './poll-schedule.ts';
import type { Schedule } from './schedule.ts';

export interface PollFacts {
  readonly schedule: Exclude<Schedule, { kind: 'invalid' }>;
  readonly pollMs: number;
  readonly clusterId: string;
  /** What tells the channels of one cluster apart. */
  readonly channel: string;
  readonly generation: number;
  /** Since when this leader has known this generation of the spec, epoch milliseconds. */
  readonly knownSinceMs: number;
  readonly look: Look | undefined;
  /** As it is stored. */
  readonly stored: UpdateConfigStatus | undefined;
  /** Looks in a row without an answer, the last one included. */
  readonly failures: number;
}

/** Somebody has just written the UpdateConfig, and waits; but a thousand clusters may have got it at once. */
const NEW_SPREAD_MS = 30_000;
const LONGEST_BACKOFF_MS = 3_600_000;
/** Everybody's cron says the same minute. */
const CRON_SPREAD_MS = 300_000;

/**
 * When the channel is looked at next, which may be over already. The same for the same facts: whoever asks again
 * is not put off.
 * @returns undefined where the cron never comes again
 */
export function pollDueMs(facts: PollFacts): number | undefined {
  const { schedule, clusterId, channel } = facts;
  const pace: PollPace = { intervalMs: facts.pollMs, longestBackoffMs: LONGEST_BACKOFF_MS };
  const look = facts.look?.generation === facts.generation ? facts.look : undefined;
  if (schedule.kind === 'cron') return cronDueMs(schedule, look, facts);
  if (look !== undefined) {
    const { atMs: lastMs, retryAtMs } = look;
    return nextPollMs({ clusterId, channel, lastMs, failures: facts.failures, retryAtMs }, pace);
  }
  const { stored, knownSinceMs } = facts;
  const isNew = stored?.lastCheck === undefined || stored.observedGeneration !== facts.generation;
  const plannedMs = Date.parse(stored?.nextCheckAt ?? '');
  // A new leader goes on where the one before it stood; what it finds overdue is of many clusters at once.
  if (!isNew && plannedMs > knownSinceMs) return plannedMs;
  const intervalMs = isNew ? Math.min(NEW_SPREAD_MS, pace.intervalMs) : pace.intervalMs;
  return firstPollMs({ clusterId, channel, startedMs: knownSinceMs }, { ...pace, intervalMs });
}

function cronDueMs(
  schedule: Extract<Schedule, { kind: 'cron' }>,
  look: Look | undefined,
  { clusterId, channel, knownSinceMs }: PollFacts,
): number | undefined {
  const nextMs = schedule.next(look?.atMs ?? knownSinceMs);
  if (nextMs === undefined) return undefined;
  const gapMs = (schedule.next(nextMs) ?? nextMs) - nextMs;
  const spreadMs = Math.min(CRON_SPREAD_MS, gapMs / 10);
  const dueMs = firstPollMs(
    { clusterId, channel, startedMs: nextMs },
    { intervalMs: spreadMs, longestBackoffMs: spreadMs },
  );
  return Math.max(dueMs, look?.retryAtMs ?? 0);
}
