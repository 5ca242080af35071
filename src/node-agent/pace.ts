/** How far a download is, against a clock that began with it; both move on together. */
export interface Pace {
  readonly sinceMs: number;
  readonly bytes: number;
}

/** What a slow stretch may be made up for afterwards; beyond it the limit would be none. */
const CREDIT_MS = 1000;
/** Shorter pauses are not worth a timer. */
const LEAST_PAUSE_MS = 10;

export function paceFrom(nowMs: number): Pace {
  return { sinceMs: nowMs, bytes: 0 };
}

/**
 * Counts bytes that came, and says how long to wait before the next are read, so that the whole keeps to
 * the limit. Meanwhile the server is held back by TCP itself.
 */
export function paced(
  { sinceMs, bytes }: Pace,
  cameBytes: number,
  nowMs: number,
  bytesPerSecond: number,
): { readonly pace: Pace; readonly pauseMs: number } {
  const sum = bytes + cameBytes;
  const aheadMs = sinceMs + (sum / bytesPerSecond) * 1000 - nowMs;
  if (aheadMs < -CREDIT_MS) {
    return { pace: { sinceMs: nowMs - CREDIT_MS, bytes: 0 }, pauseMs: 0 };
  }
  return { pace: { sinceMs, bytes: sum }, pauseMs: aheadMs < LEAST_PAUSE_MS ? 0 : aheadMs };
}
