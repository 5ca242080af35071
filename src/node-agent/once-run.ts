import { isDeepStrictEqual } from 'node:util';
import { ANNOTATION } from '../api/meta.ts';
import { parseReport, type Signal } from '../signals/report.ts';
import { judgeOnce, type OnceFacts } from './once.ts';
import { annotationOf, type SeenObject } from './own-object.ts';
import { Bell } from './pause.ts';

export interface OnceRunOptions {
  readonly lingerMs: number;
  readonly reachMs: number;
  /** Milliseconds that only ever go up. */
  readonly monotonicMs: () => number;
  /** As it stands now; what the report has to say. */
  readonly signal: () => Signal | undefined;
}

/** Watches a run of an agent in edge mode, and says when it may end. */
export class OnceRun {
  readonly #options: OnceRunOptions;
  readonly #bell = new Bell();
  readonly #startedMs: number;
  #answeredMs: number | undefined;
  #newsMs: number;
  #isIdle = false;
  #order: string | undefined;
  /** The report that the run before has left; null before anything was seen. */
  #found: string | undefined | null = null;
  #stored: string | undefined;

  constructor(options: OnceRunOptions) {
    this.#options = options;
    this.#startedMs = options.monotonicMs();
    this.#newsMs = this.#startedMs;
  }

  /** Our object, as the API has it; undefined when it has none. */
  see(object: SeenObject | undefined): void {
    this.#answeredMs = this.#options.monotonicMs();
    const order = annotationOf(object, ANNOTATION.order);
    const stored = annotationOf(object, ANNOTATION.report);
    if (this.#found === null) this.#found = stored;
    if (order !== this.#order) {
      this.#order = order;
      this.#isIdle = false; // until the agent has had a look at it
      this.news();
    }
    if (stored !== this.#stored) {
      this.#stored = stored;
      this.news();
    }
  }

  /** There is something new to tell. */
  news(): void {
    this.#newsMs = this.#options.monotonicMs();
    this.#bell.ring();
  }

  /** What the agent does next: nothing, unless its order changes, or something. */
  rests(isIdle: boolean): void {
    if (isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    this.#bell.ring();
  }

  /** @returns why there is nothing more to do now; undefined when aborted */
  async untilOver(abort: AbortSignal): Promise<'done' | 'unreachable' | undefined> {
    while (!abort.aborted) {
      const verdict = judgeOnce(this.#facts());
      if (verdict.kind === 'end') return verdict.why;
      await this.#bell.wait(verdict.forMs, abort);
    }
    return undefined;
  }

  #facts(): OnceFacts {
    const { lingerMs, reachMs, monotonicMs, signal } = this.#options;
    const current = signal();
    const report = parseReport(this.#stored);
    return {
      nowMs: monotonicMs(),
      startedMs: this.#startedMs,
      lingerMs,
      reachMs,
      phase: current?.phase,
      isIdle: this.#isIdle,
      answeredMs: this.#answeredMs,
      isTold:
        this.#stored !== this.#found &&
        report.kind === 'valid' &&
        isDeepStrictEqual(report.value.signal, current),
      newsMs: this.#newsMs,
    };
  }
}
