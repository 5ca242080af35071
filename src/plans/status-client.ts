import type { PlanStatus } from '../api/plan.ts';
import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import { isNewer } from '../kube/informer.ts';
import { writePlanStatus } from '../kube/status-writer.ts';
import type { Log } from '../log.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** Between two writes that nothing depends on: each costs the API server the whole status. */
const COALESCE_MS = 1_000;
const CONFLICT_PAUSE_MS = 200;
const TRIES = 5;

/**
 * Writes the status of one Plan. What nothing depends on is written late, and only the newest of it;
 * {@link StatusClient.write} is for what must stand before anything follows from it.
 */
export class StatusClient {
  readonly #kube: Kube;
  readonly #log: Log;
  /** The Plan as it was last seen or written. */
  readonly #plan: () => TrimmedPlan | undefined;
  #written: string | undefined;
  #revision = '';
  #wanted: PlanStatus | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(kube: Kube, log: Log, plan: () => TrimmedPlan | undefined) {
    this.#kube = kube;
    this.#log = log;
    this.#plan = plan;
  }

  /** Resolves once this status is stored. @throws when it cannot be, or the Plan is gone */
  write(status: PlanStatus, signal: AbortSignal): Promise<void> {
    this.#wanted = undefined;
    this.#cancel();
    const written = this.#writing.then(() => this.#store(status, signal));
    this.#writing = written.catch(() => {});
    return written;
  }

  /** Writes this status soon, unless a newer one comes first. Never throws; what fails is tried again. */
  writeSoon(status: PlanStatus, signal: AbortSignal): void {
    this.#wanted = status;
    // One timer takes the newest. Whether it says anything new is asked then: at every look that would cost more
    // than the look.
    if (this.#timer !== undefined) return;
    const inMs = Math.max(0, this.#lastWriteMs + COALESCE_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const wanted = this.#wanted;
      if (wanted === undefined || signal.aborted) return;
      this.write(wanted, signal).catch((thrown) => {
        if (signal.aborted) return;
        this.#log.warn({ error: messageOf(thrown) }, 'status not written');
        this.writeSoon(wanted, signal);
      });
    }, inMs);
  }

  stop(): void {
    this.#cancel();
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #newest(seen: string): string {
    return this.#revision !== '' && isNewer(this.#revision, seen) ? this.#revision : seen;
  }

  async #store(status: PlanStatus, signal: AbortSignal): Promise<void> {
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    let why = '';
    for (let attempt = 0; attempt < TRIES && !signal.aborted; attempt++) {
      const plan = this.#plan();
      if (plan === undefined) throw new Error('the Plan does not exist any more');
      // Of our own write and the watch, whichever is ahead; after a refusal only the watch can know better.
      const resourceVersion =
        attempt === 0 ? this.#newest(plan.resourceVersion) : plan.resourceVersion;
      const outcome = await writePlanStatus(
        this.#kube,
        { ...plan, resourceVersion },
        status,
        signal,
      );
      this.#lastWriteMs = performance.now();
      if (outcome.done) {
        this.#written = text;
        this.#revision = outcome.resourceVersion;
        return;
      }
      why = outcome.why;
      await new Promise((resolve) => setTimeout(resolve, CONFLICT_PAUSE_MS));
    }
    throw new Error(`status of the Plan changed under our hands: ${why}`);
  }
}
