/** How the orchestrator is, as its probes are told. Times in milliseconds of one monotonic clock. */
export interface Pulse {
  readonly nowMs: number;
  /** All watches are alive. */
  readonly isSynced: boolean;
  /** When it last had a word with the Lease, whatever came of it. */
  readonly electionAtMs: number;
  /** When it last looked at the Plans; undefined while it stands by. */
  readonly lookAtMs: number | undefined;
}

export interface Answer {
  readonly ok: boolean;
  /** One line for a person. */
  readonly text: string;
}

/**
 * Longer than any request, renewal or pause of a loop that turns: a request gives up after 10 s, and so does a
 * leader that cannot renew.
 */
export const STUCK_AFTER_MS = 60_000;

/** Whether it can be relied upon, leading or standing by alike: that of two one stands by is no trouble. */
export function readyz({ isSynced }: Pulse): Answer {
  return isSynced
    ? { ok: true, text: 'ok' }
    : { ok: false, text: 'not synced: a watch of the API server is not alive' };
}

/**
 * Whether its loops turn; if not, only a new start helps. An API server that is away stops no loop, so that it
 * is no reason to be killed.
 */
export function livez({ nowMs, electionAtMs, lookAtMs }: Pulse): Answer {
  const stuck = [
    ['the election', electionAtMs] as const,
    ...(lookAtMs === undefined ? [] : [['the look at the Plans', lookAtMs] as const]),
  ].filter(([, atMs]) => nowMs - atMs > STUCK_AFTER_MS);
  if (stuck.length === 0) return { ok: true, text: 'ok' };
  const told = stuck.map(([what, atMs]) => {
    const seconds = Math.round((nowMs - atMs) / 1000);
    return `${what} has not turned for ${seconds} s`;
  });
  return { ok: false, text: told.join('; ') };
}
