/** What is written together comes one by one: so long is waited for the rest of it. */
export const SETTLE_MS = 20;

export interface LookTimerPorts {
  /** Milliseconds of the monotonic clock. */
  readonly nowMs: () => number;
  /** Must not throw. @returns for how long to rest after it, milliseconds */
  readonly look: () => number;
}

/** Calls for a look when something has changed, though not before the one before has been rested from. */
export class LookTimer {
  readonly #ports: LookTimerPorts;
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = 0;
  #restedAtMs = 0;

  constructor(ports: LookTimerPorts) {
    this.#ports = ports;
  }

  get isRested(): boolean {
    return this.#ports.nowMs() >= this.#restedAtMs;
  }

  wake(): void {
    const nowMs = this.#ports.nowMs();
    const atMs = Math.max(nowMs + SETTLE_MS, this.#restedAtMs);
    if (this.#timer !== undefined && this.#dueAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#dueAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const restMs = this.#ports.look();
      this.#restedAtMs = this.#ports.nowMs() + restMs;
    }, atMs - nowMs);
  }

  /** Somebody waits for it: there is no more rest before this one. */
  hurry(): void {
    this.#restedAtMs = 0;
    this.wake();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
