import { createHash } from 'node:crypto';

/** When a channel is asked again. All of it in milliseconds. */
export interface PollPace {
  /** Between two polls, on average. */
  readonly intervalMs: number;
  /** Waits after failures grow up to this. */
  readonly longestBackoffMs: number;
}

/** k0s asks every 10 minutes as well, on the dot. */
export const DEFAULT_PACE: PollPace = { intervalMs: 600_000, longestBackoffMs: 3_600_000 };

export interface PollPast {
  /** Of this cluster: `kube-system:<uid>`. Spreads the polls, and is the same after a change of leaders. */
  readonly clusterId: string;
  /** Of server and channel. */
  readonly channel: string;
  /** When the last poll began. */
  readonly lastMs: number;
  /** How many in a row have failed; 0 after an answer, whatever it said. */
  readonly failures: number;
  /** What the server asked for in `Retry-After`, counted from the end of the last poll. */
  readonly retryAtMs?: number | undefined;
}

export interface FirstPoll extends Pick<PollPast, 'clusterId' | 'channel'> {
  readonly startedMs: number;
}

/** A server may ask for patience, but not for ever. */
export const LONGEST_RETRY_AFTER_MS = 86_400_000;

/**
 * When the next poll is due. Each is the interval after the last, give or take a quarter, drawn from
 * cluster, channel and the last poll: clusters that were started together drift apart, and the same facts
 * always give the same moment. Failures in a row double the wait, up to `longestBackoffMs`, a quarter more or
 * less: a server that is in trouble is never asked more often than one that is well. What it has asked for
 * is kept, and stretched by up to an eighth (at least by a quarter of the interval), so that those whom it
 * told the same do not come back at once.
 */
export function nextPollMs(past: PollPast, pace: PollPace): number {
  const share = draw(past);
  const dueMs = past.lastMs + around(waitMs(past.failures, pace), share);
  if (past.retryAtMs === undefined) return dueMs;
  const askedMs = Math.max(0, Math.min(past.retryAtMs - past.lastMs, LONGEST_RETRY_AFTER_MS));
  const spreadMs = Math.max(askedMs / 8, pace.intervalMs / 4);
  return Math.max(dueMs, past.lastMs + Math.round(askedMs + share * spreadMs));
}

/**
 * When the first poll is due after a start: within five quarters of an interval, always at the same place for
 * the same cluster and start. Drawn so that the polls of many clusters that were started in one moment, as
 * after a power cut, are spread evenly from the very first on: as if they had been polling for ever.
 */
export function firstPollMs(
  { clusterId, channel, startedMs }: FirstPoll,
  { intervalMs }: PollPace,
): number {
  const share = draw({ clusterId, channel, lastMs: startedMs });
  // what is left of a wait of 0.75 to 1.25 intervals, looked at in any moment
  const left = share < 0.75 ? share : 1.25 - Math.sqrt(1 - share);
  return startedMs + Math.round(left * intervalMs);
}

/**
 * What `Retry-After` asks for: seconds, or an HTTP date.
 * @param nowMs when the answer came
 * @returns the moment; undefined where the header is absent or cannot be read
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return nowMs + Number(text) * 1000;
  // of the three forms of RFC 9110 only the one that anybody sends
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function waitMs(failures: number, { intervalMs, longestBackoffMs }: PollPace): number {
  if (failures === 0) return intervalMs;
  const doubledMs = intervalMs * 2 ** Math.min(failures - 1, 30);
  return Math.max(intervalMs, Math.min(longestBackoffMs, doubledMs));
}

function around(ms: number, share: number): number {
  return Math.round(ms * (0.75 + share / 2));
}

/** 0 to 1, evenly, and always the same for the same cluster, channel and poll. */
function draw({ clusterId, channel, lastMs }: Pick<PollPast, 'clusterId' | 'channel' | 'lastMs'>) {
  const digest = createHash('sha256')
    .update(JSON.stringify([clusterId, channel, lastMs]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
