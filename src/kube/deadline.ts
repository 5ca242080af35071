/** A time limit joined with the caller's wish to stop. */
export interface Deadline {
  /** Aborted by whichever comes first. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly passed: () => boolean;
  /** The time limit no longer holds; the caller's signal still does. */
  lift(): void;
  /** Takes back timer and listener, and aborts what is left of the request. */
  end(): void;
}

/** Made once: a DOMException for each request that has ended well costs more than the request's own parsing. */
const ENDED = new Error('the request has ended');

/**
 * To be ended by whoever started it. Not AbortSignal.any: what that makes hangs on to a long-lived signal
 * for longer than the request lives.
 */
export function startDeadline(timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(outer?.reason);
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    controller.abort();
  }, timeoutMs);
  if (outer?.aborted) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    timeoutMs,
    passed: () => passed,
    lift: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
      controller.abort(ENDED);
    },
  };
}
