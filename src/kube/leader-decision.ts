/**
 * Whether the Autopilot of k0s holds the Lease: it writes the id of its process, 16 bytes in hex; ours writes the
 * name of a host as well.
 * @see k0s pkg/config, InvocationID
 */
export function isHolderOfK0s(holder: string): boolean {
  return /^[0-9a-f]{32}$/.test(holder);
}

/** What the Lease says. */
export interface LeaseRecord {
  /** Empty: it was released. */
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly resourceVersion: string;
}

/** What one candidate knows. Times are those of its own monotonic clock; the Lease's are never read. */
export interface LeaderView {
  readonly nowMs: number;
  readonly identity: string;
  /** undefined: there is no Lease. */
  readonly record: LeaseRecord | undefined;
  /** When the record was first seen as it is now. */
  readonly changedAtMs: number;
  /** When our last successful write of it was begun; undefined while we do not lead. */
  readonly renewedAtMs: number | undefined;
  /** The epoch we led with last, to go on with where the Lease was deleted under us. */
  readonly epoch: number | undefined;
}

export interface LeaderTimes {
  /** How long others must leave us alone after a renewal. */
  readonly leaseMs: number;
  /** How long we go on leading without a successful renewal; shorter than `leaseMs`. */
  readonly renewDeadlineMs: number;
}

export type LeaderDecision =
  /** There is no Lease: make one. */
  | { readonly kind: 'create'; readonly transitions: number }
  /** It is free, has expired, or bears our name from before: take it, with one transition more. */
  | { readonly kind: 'take'; readonly transitions: number; readonly resourceVersion: string }
  /** It is ours: renew it. */
  | { readonly kind: 'renew'; readonly transitions: number; readonly resourceVersion: string }
  /** It is another's for `untilMs` at least. */
  | { readonly kind: 'standBy'; readonly holder: string; readonly untilMs: number }
  /** We led, and may not any more. */
  | { readonly kind: 'stepDown'; readonly why: string };

/**
 * What a candidate does next. As client-go does it: another's Lease has expired when it was not changed
 * for its own duration since we saw it change, by our clock alone; two clocks are never compared.
 * @see client-go tools/leaderelection
 */
export function decideLeader(view: LeaderView, times: LeaderTimes): LeaderDecision {
  const { nowMs, identity, record, renewedAtMs } = view;
  if (renewedAtMs !== undefined && nowMs - renewedAtMs >= times.renewDeadlineMs) {
    const seconds = times.renewDeadlineMs / 1000;
    return { kind: 'stepDown', why: `the Lease could not be renewed for ${seconds} s` };
  }
  if (record === undefined) {
    const last = view.epoch;
    if (last === undefined) return { kind: 'create', transitions: 0 };
    // Deleted under a leader, its epoch goes on; otherwise others may have led since.
    return { kind: 'create', transitions: renewedAtMs === undefined ? last + 1 : last };
  }
  if (record.holder === identity && renewedAtMs !== undefined) {
    return {
      kind: 'renew',
      transitions: record.transitions,
      resourceVersion: record.resourceVersion,
    };
  }
  if (renewedAtMs !== undefined) {
    return { kind: 'stepDown', why: `the Lease was taken by ${record.holder || 'nobody'}` };
  }
  const untilMs = view.changedAtMs + record.durationMs;
  if (record.holder === '' || record.holder === identity || nowMs >= untilMs) {
    return {
      kind: 'take',
      transitions: record.transitions + 1,
      resourceVersion: record.resourceVersion,
    };
  }
  return { kind: 'standBy', holder: record.holder, untilMs };
}
