/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** Empty or missing for what lives in no namespace. */
  readonly namespace?: string;
}

export interface EventText {
  readonly regarding: Regarding;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, from the catalogue of reasons. */
  readonly reason: string;
  readonly message: string;
}

/** Events that were written a short while ago, so that the same one again only counts up. */
export interface Written {
  readonly name: string;
  readonly namespace: string;
  count: number;
  lastAtMs: number;
}

/** Kubernetes keeps Events for an hour; one that is older than this is told again as a new one. */
const SAME_FOR_MS = 10 * 60_000;
const REMEMBERED = 500;

export function keyOfEvent({ regarding, type, reason, message }: EventText): string {
  return JSON.stringify([regarding.kind, regarding.uid, regarding.name, type, reason, message]);
}

/** Which Events are the same as one before. Bounded: the ones that were not seen for longest are forgotten. */
export class EventMemory {
  readonly #written = new Map<string, Written>();

  find(key: string, nowMs: number): Written | undefined {
    const known = this.#written.get(key);
    if (!known) return undefined;
    if (nowMs - known.lastAtMs <= SAME_FOR_MS) return known;
    this.#written.delete(key);
    return undefined;
  }

  remember(key: string, written: Written): void {
    // Re-inserted at the end: the first of the Map is always the oldest.
    this.#written.delete(key);
    this.#written.set(key, written);
    for (const oldest of this.#written.keys()) {
      if (this.#written.size <= REMEMBERED) break;
      this.#written.delete(oldest);
    }
  }

  forget(key: string): void {
    this.#written.delete(key);
  }
}
