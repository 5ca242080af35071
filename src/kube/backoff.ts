/** How long to wait before a thing is tried again. */
export interface Backoff {
  /** Milliseconds for the next wait: doubled each time up to the cap, then half of it left to chance. */
  next(): number;
  /** It went well: the next wait is short again. */
  reset(): void;
}

/** @param random 0 to 1; spreads the many that were cut off at the same moment */
export function createBackoff(
  baseMs: number,
  capMs: number,
  random: () => number = Math.random,
): Backoff {
  let failures = 0;
  return {
    next() {
      const fullMs = Math.min(capMs, baseMs * 2 ** failures);
      failures = Math.min(failures + 1, 30);
      return Math.round(fullMs * (0.5 + random() / 2));
    },
    reset() {
      failures = 0;
    },
  };
}
