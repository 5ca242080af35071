/** Beyond it Node's timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits. Returns early, without an error, when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER_MS));
    signal.addEventListener('abort', done, { once: true });
  });
}

/** A wait that news may end early. News that comes while nobody waits ends the next wait at once. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Returns after `ms`, when rung, or when aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      const stop = () => woken.abort();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await pause(ms, woken.signal);
      signal.removeEventListener('abort', stop);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}
