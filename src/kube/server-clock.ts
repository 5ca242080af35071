/**
 * The API server's clock, as far as its answers tell. Ages of things that the API server has stamped are
 * taken with it, so that neither our own clock nor a node's is ever compared with another one.
 */
export interface ServerClock {
  /** Notes the Date header of an answer; `sent` and `received` as given by the monotonic clock. */
  record(dateHeader: string | undefined, sent: number, received: number): void;
  /** Epoch milliseconds by the API server, exact to about a second; undefined before the first answer. */
  nowMs(): number | undefined;
}

/** A Date header is cut to the second: on average the true time is half a second later. */
const HALF_A_SECOND_MS = 500;

/** @param monotonicMs a clock that is never set; that of the host may be, in the middle of a run */
export function createServerClock(
  monotonicMs: () => number = () => performance.now(),
): ServerClock {
  let offsetMs: number | undefined;
  return {
    record(dateHeader, sent, received) {
      const dateMs = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader);
      if (Number.isNaN(dateMs)) return;
      offsetMs = dateMs + HALF_A_SECOND_MS - (sent + received) / 2;
    },
    nowMs: () => (offsetMs === undefined ? undefined : Math.round(monotonicMs() + offsetMs)),
  };
}
