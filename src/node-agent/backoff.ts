/** Waits between attempts: doubling from the first to the cap, and never the same on two hosts. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly capMs: number;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
}

/** @returns how long to wait after so many failures in a row (1 is the first): half to all of the step */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const stepMs = Math.min(options.capMs, options.firstMs * 2 ** Math.min(30, failures - 1));
  return Math.round(stepMs * (0.5 + 0.5 * options.random()));
}
