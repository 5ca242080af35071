import type { PlanStatus } from '../api/plan.ts';
import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import { isNewer } from '../kube/informer.ts';
import type { RawObject } from '../kube/raw.ts';
import { type StatusOutcome, writePlanStatus } from '../kube/status-writer.ts';
import type { Log } from '../log.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** Between two writes that nothing depends on: each costs the API server the whole status. */
const COALESCE_MS = 1_000;
const CONFLICT_PAUSE_MS = 200;
const TRIES = 5;

export interface StatusClientPorts {
  readonly kube: Kube;
  readonly log: Log;
  /** The Plan as it was last seen or written. */
  readonly plan: () => TrimmedPlan | undefined;
  /** Why nothing may be written now; undefined: it may. */
  readonly withheld: () => string | undefined;
  /** A write was refused, or not kept in whole. */
  readonly onOdd: () => void;
}

/**
 * Writes the status of one Plan. What nothing depends on is written late, and only the newest of it;
 * {@link StatusClient.write} is for what must stand before anything follows from it.
 */
export class StatusClient {
  readonly #ports: StatusClientPorts;
  #written: string | undefined;
  #revision = '';
  #wanted: PlanStatus | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: StatusClientPorts) {
    this.#ports = ports;
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
    // What it waits for wakes whoever has the newest by then.
    if (this.#ports.withheld() !== undefined) return;
    const inMs = Math.max(0, this.#lastWriteMs + COALESCE_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const wanted = this.#wanted;
      if (wanted === undefined || signal.aborted) return;
      this.write(wanted, signal).catch((thrown) => {
        if (signal.aborted) return;
        this.#ports.log.warn({ error: messageOf(thrown) }, 'status not written');
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

  /** Who changes a Plan while its definition is not ours drops what was stored before. */
  #isStored(status: PlanStatus): boolean {
    const seen = this.#ports.plan();
    const isLost =
      seen !== undefined &&
      seen.status?.runID !== status.runID &&
      this.#newest(seen.resourceVersion) === seen.resourceVersion;
    return !isLost && JSON.stringify(status) === this.#written;
  }

  async #store(status: PlanStatus, signal: AbortSignal): Promise<void> {
    if (this.#isStored(status)) return;
    const withheld = this.#ports.withheld();
    if (withheld !== undefined) throw new Error(withheld);
    let why = '';
    for (let attempt = 0; attempt < TRIES && !signal.aborted; attempt++) {
      const plan = this.#ports.plan();
      if (plan === undefined) throw new Error('the Plan does not exist any more');
      // Of our own write and the watch, whichever is ahead; after a refusal only the watch can know better.
      const resourceVersion =
        attempt === 0 ? this.#newest(plan.resourceVersion) : plan.resourceVersion;
      const outcome = await this.#apply({ ...plan, resourceVersion }, status, signal);
      if (outcome.done) {
        this.#revision = outcome.resourceVersion;
        if (isKept(outcome.object, status)) {
          this.#written = JSON.stringify(status);
          return;
        }
        this.#written = undefined;
        this.#ports.onOdd();
        throw new Error(
          'the API server has not kept all of the status: its definition of Plans is not ours',
        );
      }
      why = outcome.why;
      await new Promise((resolve) => setTimeout(resolve, CONFLICT_PAUSE_MS));
    }
    throw new Error(`status of the Plan changed under our hands: ${why}`);
  }

  async #apply(plan: TrimmedPlan, status: PlanStatus, signal: AbortSignal): Promise<StatusOutcome> {
    try {
      return await writePlanStatus(this.#ports.kube, plan, status, signal);
    } catch (thrown) {
      this.#ports.onOdd();
      throw thrown;
    } finally {
      this.#lastWriteMs = performance.now();
    }
  }
}

/** An API server drops without a word what its definition of Plans does not have. */
function isKept(stored: RawObject, { runID }: PlanStatus): boolean {
  const { status } = stored as { readonly status?: { readonly runID?: string } };
  return status?.runID === runID;
}
