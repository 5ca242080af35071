/** As many writes at once as a run begins with, and never more: some connections are left for all the rest. */
export const MOST_AT_ONCE = 12;
/** An answer that takes longer than this is one of a server that has too much to do. */
const SLOW_MS = 1_000;
/** For so long it is told that the API server has asked for patience. */
const TOLD_FOR_MS = 10_000;
/** Where it does not say how long it wants to be left alone. */
const REST_MS = 1_000;
export const LONGEST_REST_MS = 60_000;

/**
 * How many writes go to the API server at once: one more after as many good answers as there may be, half as many
 * when it refuses for having too much to do (429) or answers slowly. Requests that were sent before the last
 * change tell nothing new of it. Times by one clock, in milliseconds.
 *
 * The same rule as TCP's (additive increase, multiplicative decrease), which leaves room for others who follow it.
 */
export class Pace {
  #limit = MOST_AT_ONCE;
  #good = 0;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  get limit(): number {
    return this.#limit;
  }

  /** How long nothing is to be sent; 0: now. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#restUntilMs - nowMs);
  }

  /** Whether what waits, waits for the API server as well. */
  isSlowed(nowMs: number): boolean {
    return this.restMs(nowMs) > 0 || nowMs < this.#refusedAtMs + TOLD_FOR_MS;
  }

  answered(sentAtMs: number, nowMs: number): void {
    if (nowMs - sentAtMs > SLOW_MS) {
      this.#cut(sentAtMs, nowMs);
      return;
    }
    if (++this.#good < this.#limit) return;
    this.#good = 0;
    this.#limit = Math.min(MOST_AT_ONCE, this.#limit + 1);
  }

  /** @param retryAfterMs as the API server has asked for */
  refused(sentAtMs: number, nowMs: number, retryAfterMs: number | undefined): void {
    const restMs = Math.min(LONGEST_REST_MS, Math.max(REST_MS, retryAfterMs ?? 0));
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + restMs);
    this.#refusedAtMs = nowMs;
    this.#cut(sentAtMs, nowMs);
  }

  #cut(sentAtMs: number, nowMs: number): void {
    if (sentAtMs < this.#cutAtMs) return;
    this.#cutAtMs = nowMs;
    this.#good = 0;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }
}
