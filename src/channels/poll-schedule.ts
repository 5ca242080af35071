import { createHash } from 'node:crypto';

/** When a channel is asked again. All of it in milliseconds. */
export interface PollPace {
  /** Between two polls, on average. */
  readonly intervalMs: number;
  /** Waits after failures grow up to this. */
  readonly longestBackoffMs: number;
}

/** k0s asks every 10 minutes; a day with a server that is away costs a cluster some 25 polls. */
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

/** A server may ask for patience, but not for ever. */
export const LONGEST_RETRY_AFTER_MS = 86_400_000;

/**
 * When the next poll is due. Each is the interval after the last, give or take a quarter, drawn from
 * cluster, channel and the last poll: clusters that were started together drift apart, and the same facts
 * always give the same moment. After failures the wait doubles, at most to `longestBackoffMs`, and
 * half of it is drawn; what the server asked for is kept, and stretched by up to an eighth (at least by
 * a quarter of the interval), so that those whom it told the same do not come back at once.
 */
export function nextPollMs(past: PollPast, pace: PollPace): number {
  const share = draw(past);
  const waitMs = past.failures === 0 ? around(pace.intervalMs, share) : backoff(past, pace, share);
  const dueMs = past.lastMs + waitMs;
  if (past.retryAtMs === undefined) return dueMs;
  const askedMs = Math.max(0, Math.min(past.retryAtMs - past.lastMs, LONGEST_RETRY_AFTER_MS));
  const spreadMs = Math.max(askedMs / 8, pace.intervalMs / 4);
  return Math.max(dueMs, past.lastMs + Math.round(askedMs + share * spreadMs));
}

/**
 * When the first poll is due after a start: anywhere within one interval, always at the same place for the
 * same cluster and start, so that a thousand clusters after a power cut do not ask at once.
 */
export function firstPollMs(
  {
    clusterId,
    channel,
    startedMs,
  }: Pick<PollPast, 'clusterId' | 'channel'> & { startedMs: number },
  pace: PollPace,
): number {
  return startedMs + Math.round(draw({ clusterId, channel, lastMs: startedMs }) * pace.intervalMs);
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

function around(intervalMs: number, share: number): number {
  return Math.round(intervalMs * (0.75 + share / 2));
}

/** The first retry comes early: most failures are short. */
function backoff({ failures }: PollPast, pace: PollPace, share: number): number {
  const firstMs = pace.intervalMs / 10;
  const fullMs = Math.min(pace.longestBackoffMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(fullMs * (0.5 + share / 2));
}

/** 0 to 1, evenly, and always the same for the same cluster, channel and poll. */
function draw({ clusterId, channel, lastMs }: Pick<PollPast, 'clusterId' | 'channel' | 'lastMs'>) {
  const digest = createHash('sha256')
    .update(JSON.stringify([clusterId, channel, lastMs]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
