import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Generous: it is only reached when the test fails. */
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks again and again until the answer is neither false nor undefined nor an exception.
 * @returns the answer
 * @throws Error that names what was waited for and what was found at last
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  { timeoutMs = 60_000, everyMs = 100, signal }: EventuallyOptions = {},
): Promise<Exclude<Awaited<T>, false | undefined>> {
  const end = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) {
        return answer as Exclude<Awaited<T>, false | undefined>;
      }
      last = answer;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() >= end) {
      const found = last instanceof Error ? last.message : String(last);
      throw new Error(`waited ${timeoutMs / 1000} s for ${what}; at last: ${found}`, {
        cause: last,
      });
    }
    await delay(everyMs, undefined, signal && { signal });
  }
}
