/** Below it a server that sends a byte now and then only pretends to go on. */
export const LEAST_BYTES_PER_SECOND = 1024;
/** So long it is measured before it is judged. */
export const SLOW_WINDOW_MS = 60_000;

/** What came while we waited for it; the time that we took ourselves (disk, rate limit) is not in it. */
export interface Window {
  readonly waitedMs: number;
  readonly bytes: number;
}

export const EMPTY_WINDOW: Window = { waitedMs: 0, bytes: 0 };

/** @returns the window as it goes on, or `slow` where a whole one brought too little */
export function measured(
  window: Window,
  waitedMs: number,
  bytes: number,
  lengthMs: number = SLOW_WINDOW_MS,
): Window | 'slow' {
  const sum = { waitedMs: window.waitedMs + waitedMs, bytes: window.bytes + bytes };
  if (sum.waitedMs < lengthMs) return sum;
  return sum.bytes < (LEAST_BYTES_PER_SECOND * sum.waitedMs) / 1000 ? 'slow' : EMPTY_WINDOW;
}
