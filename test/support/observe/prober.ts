import { request } from 'node:https';
import type { Credentials } from '../../../src/kube/credentials.ts';

export interface Availability {
  /** Probes that have ended, either way. */
  readonly asked: number;
  readonly answered: number;
  /** Longest time without an answer, from the last good one to the next. */
  readonly longestGapMs: number;
}

const EVERY_MS = 100;
/** What a patient client would wait before it tries again. */
const TIMEOUT_MS = 2_000;

/** Asks the API for an object again and again, on a new connection each time, as new clients do. */
export class Prober {
  #asked = 0;
  #answered = 0;
  #longestGapMs = 0;
  #lastGood: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** One for each probe under way. */
  readonly #pending = new Set<Promise<void>>();

  /**
   * @param url of something that is read from etcd
   * @param everyMs ten times a second unless said otherwise
   */
  start(url: string, credentials: Credentials, everyMs = EVERY_MS): void {
    this.#timer = setInterval(() => {
      const probe = this.#ask(url, credentials).finally(() => this.#pending.delete(probe));
      this.#pending.add(probe);
    }, everyMs);
  }

  get availability(): Availability {
    const gap = this.#lastGood === undefined ? 0 : performance.now() - this.#lastGood;
    return {
      asked: this.#asked,
      answered: this.#answered,
      longestGapMs: Math.round(
        // A probe that is on its way is not a gap yet.
        gap > TIMEOUT_MS ? Math.max(gap, this.#longestGapMs) : this.#longestGapMs,
      ),
    };
  }

  /** Waits for the probes under way, so that none is counted as lost that was only late. */
  async stop(): Promise<Availability> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    return this.availability;
  }

  /** Resolves when it has been answered, refused, or given up. */
  #ask(url: string, { tls, headers }: Credentials): Promise<void> {
    return new Promise<void>((resolve) => {
      const sent = request(
        url,
        { ...tls, headers, agent: false, method: 'GET', signal: AbortSignal.timeout(TIMEOUT_MS) },
        (response) => {
          response.resume();
          if (response.statusCode === 200) response.once('end', () => this.#good());
          response.once('close', resolve);
        },
      );
      sent.on('error', () => resolve());
      sent.end();
    }).finally(() => {
      this.#asked++;
    });
  }

  #good(): void {
    const now = performance.now();
    if (this.#lastGood !== undefined) {
      this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastGood);
    }
    this.#lastGood = now;
    this.#answered++;
  }
}
