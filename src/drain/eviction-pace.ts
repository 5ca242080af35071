import { type Backoff, createBackoff } from '../kube/backoff.ts';
import type { Refusal } from './judge/drain-facts.ts';

type Words = Pick<Refusal, 'budget' | 'message'>;

/** What is remembered of the tries for one pod. */
interface Tried {
  /** undefined: the eviction was accepted, and the pod's end is only not known to us yet. */
  readonly refusal: Words | undefined;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly nextAtMs: number;
  readonly backoff: Backoff;
}

/** The least and the most that we wait before the eviction of the same pod is tried again. */
export const FIRST_PAUSE_MS = 1_000;
export const LONGEST_PAUSE_MS = 10_000;
/** The least between two tries for one pod where its budget has opened in between. */
const HURRIED_PAUSE_MS = 250;

/**
 * How often evictions are tried: a refused one again after a second, then less and less often, but at
 * least every ten seconds. k0s was measured at 3,540 tries in 171 s for one pod; this makes about 20.
 * Keys are pod uids. Times are those of one monotonic clock.
 */
export class EvictionPace {
  readonly #tried = new Map<string, Tried>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  mayTry(uid: string, nowMs: number): boolean {
    return nowMs >= (this.#tried.get(uid)?.nextAtMs ?? 0);
  }

  /** @param atLeastMs what the API server asked for */
  refused(uid: string, refusal: Words, nowMs: number, atLeastMs = 0): void {
    const before = this.#tried.get(uid);
    // Jitter takes off up to half; begun at twice the pause it is never shorter than that.
    const backoff =
      before?.backoff ?? createBackoff(FIRST_PAUSE_MS * 2, LONGEST_PAUSE_MS, this.#random);
    const pauseMs = Math.max(backoff.next(), Math.min(atLeastMs, LONGEST_PAUSE_MS));
    const firstAtMs = before?.refusal === undefined ? nowMs : before.firstAtMs;
    const nextAtMs = nowMs + pauseMs;
    this.#tried.set(uid, { refusal, firstAtMs, lastAtMs: nowMs, nextAtMs, backoff });
  }

  /** Not tried again for a while: the watch will tell that the pod terminates, or is gone. */
  accepted(uid: string, nowMs: number): void {
    this.#tried.set(uid, {
      refusal: undefined,
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      nextAtMs: nowMs + LONGEST_PAUSE_MS,
      backoff: createBackoff(FIRST_PAUSE_MS * 2, LONGEST_PAUSE_MS, this.#random),
    });
  }

  /**
   * What refused these pods lets somebody go now: the one that has waited longest is due at once, though
   * not within a moment of its last try. The others stay where they are: there may be room for one only.
   * @param uids of the pods that are concerned
   */
  hurry(uids: ReadonlySet<string>, nowMs: number): void {
    const refused = [...this.#tried].filter(
      ([uid, { refusal }]) => refusal !== undefined && uids.has(uid),
    );
    const [first] = refused.sort(([, a], [, b]) => a.firstAtMs - b.firstAtMs);
    if (first === undefined) return;
    const [uid, tried] = first;
    const nextAtMs = Math.max(nowMs, tried.lastAtMs + HURRIED_PAUSE_MS);
    if (nextAtMs < tried.nextAtMs) this.#tried.set(uid, { ...tried, nextAtMs });
  }

  /** Forgets pods that are no longer there. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#tried.keys()) if (!uids.has(uid)) this.#tried.delete(uid);
  }

  /** @returns the refusals, oldest first, by uid; `firstAtMs` is since when it is refused */
  blocked(): Map<string, Words & { readonly firstAtMs: number }> {
    return new Map(
      [...this.#tried]
        .sort(([, a], [, b]) => a.firstAtMs - b.firstAtMs)
        .flatMap(([uid, { refusal, firstAtMs }]) =>
          refusal === undefined ? [] : [[uid, { ...refusal, firstAtMs }]],
        ),
    );
  }

  /** @returns when the next refused pod is due; undefined when none is refused */
  nextAtMs(): number | undefined {
    let next: number | undefined;
    for (const { refusal, nextAtMs } of this.#tried.values()) {
      if (refusal !== undefined && (next === undefined || nextAtMs < next)) next = nextAtMs;
    }
    return next;
  }
}
