import type { PlanStatus, StoredPlanStatus } from '../api/plan.ts';
import { messageOf } from '../errors.ts';
import { isTooLarge } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import { isNewer } from '../kube/informer.ts';
import type { RawObject } from '../kube/raw.ts';
import { writePlanStatus } from '../kube/status-writer.ts';
import type { Log } from '../log.ts';
import { ChunkClient, type ChunkSight } from './chunk-client.ts';
import { type Packed, packStatus, STATUS_LIMIT } from './pack-status.ts';
import type { TrimmedPlan } from './trim-plan.ts';

/** Between two writes that nothing depends on; longer where they take long, so that they are a small part of all. */
const COALESCE_MS = 1_000;
const COALESCE_TIMES = 10;
const LONGEST_COALESCE_MS = 5_000;
/** The same for what is lasting of single targets: until then the orders on them tell it as well. */
const COALESCE_CHUNKS_MS = 5_000;
const CONFLICT_PAUSE_MS = 200;
const TRIES = 5;
/** Below this there is nothing left to be left out. */
const LEAST_LIMIT = 5_000;

export interface StatusPorts {
  readonly kube: Kube;
  readonly log: Log;
  /** The Plan as it was last seen or written. */
  readonly plan: () => TrimmedPlan | undefined;
  readonly chunks: ChunkSight;
  /** What was stored when we began, as a whole. */
  readonly stored: StoredPlanStatus | undefined;
  /** Why nothing may be written now; undefined: it may. */
  readonly withheld: () => string | undefined;
  /** A write was refused, or not kept in whole. */
  readonly onOdd: () => void;
  /** The API server has refused a status for its length; what is stored from now on is shorter. */
  readonly onTooLarge: (message: string) => void;
}

/**
 * Writes the status of one Plan. What nothing depends on is written late, and only the newest of it;
 * {@link StatusClient.write} is for what must stand before anything follows from it. A long one is written in
 * parts: its chunks first, then what names them.
 */
export class StatusClient {
  readonly #ports: StatusPorts;
  readonly #chunks: ChunkClient;
  #limit = STATUS_LIMIT;
  /** The run that is in chunks, and stays so. */
  #runInChunks: string | undefined;
  #chunksAtMs = Number.NEGATIVE_INFINITY;
  #written: string | undefined;
  #stored: StoredPlanStatus | undefined;
  #revision = '';
  #wanted: { readonly status: PlanStatus; readonly signal: AbortSignal } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Writes that have begun or wait for their turn. */
  #underWay = 0;
  #lastWriteMs = 0;
  #costMs = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: StatusPorts) {
    this.#ports = ports;
    this.#stored = ports.stored;
    const packed = ports.plan()?.status;
    this.#chunks = new ChunkClient(ports.kube, ports.chunks, packed);
    if (packed?.membership !== undefined) this.#runInChunks = packed.runID;
  }

  /** The newest that is stored for certain, as it was told and before it was packed. */
  get stored(): StoredPlanStatus | undefined {
    return this.#stored;
  }

  /** Resolves once this status is stored. @throws when it cannot be, or the Plan is gone */
  write(status: PlanStatus, signal: AbortSignal): Promise<void> {
    return this.#queue(status, true, signal);
  }

  /** Writes this status soon, unless a newer one comes first. Never throws; what fails is tried again. */
  writeSoon(status: PlanStatus, signal: AbortSignal): void {
    this.#wanted = { status, signal };
    this.#schedule();
  }

  stop(): void {
    this.#wanted = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * One timer takes the newest, and none runs beside a write. Whether it says anything new is asked then: at every
   * look that would cost more than the look.
   */
  #schedule(): void {
    if (this.#timer !== undefined || this.#underWay > 0 || this.#wanted === undefined) return;
    // What it waits for wakes whoever has the newest by then.
    if (this.#ports.withheld() !== undefined) return;
    const pauseMs = Math.min(
      Math.max(COALESCE_MS, COALESCE_TIMES * this.#costMs),
      LONGEST_COALESCE_MS,
    );
    const inMs = Math.max(0, this.#lastWriteMs + pauseMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#wanted === undefined || this.#wanted.signal.aborted) return;
      const { status, signal } = this.#wanted;
      const hasWaited = performance.now() >= this.#chunksAtMs + COALESCE_CHUNKS_MS;
      this.#queue(status, hasWaited, signal).catch((thrown) => {
        if (signal.aborted) return;
        this.#ports.log.warn({ error: messageOf(thrown) }, 'status not written');
        if (this.#wanted === undefined) this.writeSoon(status, signal);
      });
    }, inMs);
  }

  #queue(status: PlanStatus, withChunks: boolean, signal: AbortSignal): Promise<void> {
    this.stop();
    this.#underWay++;
    const written = this.#writing.then(() => this.#store(status, withChunks, signal));
    this.#writing = written
      .catch(() => {})
      .then(() => {
        this.#underWay--;
        this.#schedule();
      });
    return written;
  }

  async #store(status: PlanStatus, withChunks: boolean, signal: AbortSignal): Promise<void> {
    const begunMs = performance.now();
    try {
      for (;;) {
        try {
          await this.#storeOnce(status, withChunks, signal);
          return;
        } catch (thrown) {
          if (!isTooLarge(thrown) || this.#limit <= LEAST_LIMIT) {
            this.#ports.onOdd();
            throw thrown;
          }
          this.#limit = Math.max(LEAST_LIMIT, Math.floor(this.#limit / 2));
          const message = `the API server refuses the status of the Plan as too large; it is told in ${this.#limit} characters from now on, and in full in PlanTargets`;
          this.#ports.log.warn({ error: messageOf(thrown) }, message);
          this.#ports.onTooLarge(message);
        }
      }
    } finally {
      this.#lastWriteMs = performance.now();
      this.#costMs = this.#lastWriteMs - begunMs;
    }
  }

  async #storeOnce(status: PlanStatus, withChunks: boolean, signal: AbortSignal): Promise<void> {
    const plan = this.#existing();
    const withheld = this.#ports.withheld();
    if (withheld !== undefined) throw new Error(withheld);
    const inChunks = status.runID !== undefined && status.runID === this.#runInChunks;
    const packed = packStatus(plan.name, status, { limit: this.#limit, inChunks });
    await this.#storeChunks(packed, status, plan, withChunks, signal);
    const stored = packed.stored((name) => this.#chunks.revisionOf(name));
    const text = JSON.stringify(stored);
    const isStored = text === this.#written && !this.#isLost(plan, status);
    if (!isStored) await this.#apply(stored, text, signal);
    if (withChunks || packed.chunks.length === 0) this.#stored = status;
    if (isStored) return;
    try {
      await this.#chunks.dropOthers(plan.uid, packed.chunks, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#ports.log.warn({ error: messageOf(thrown) }, 'PlanTargets of another run not deleted');
    }
  }

  async #storeChunks(
    { chunks }: Packed,
    { runID, startedAt }: PlanStatus,
    plan: TrimmedPlan,
    all: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    if (chunks.length === 0 || runID === undefined || startedAt === undefined) return;
    await this.#chunks.write(chunks, { plan, runID, startedAt }, all ? 'all' : 'new', signal);
    this.#runInChunks = runID;
    if (all) this.#chunksAtMs = performance.now();
  }

  async #apply(status: PlanStatus, text: string, signal: AbortSignal): Promise<void> {
    let why = '';
    for (let attempt = 0; attempt < TRIES && !signal.aborted; attempt++) {
      const plan = this.#existing();
      // Of our own write and the watch, whichever is ahead; after a refusal only the watch can know better.
      const resourceVersion =
        attempt === 0 ? this.#newest(plan.resourceVersion) : plan.resourceVersion;
      const outcome = await writePlanStatus(
        this.#ports.kube,
        { ...plan, resourceVersion },
        status,
        signal,
      );
      if (outcome.done) {
        this.#revision = outcome.resourceVersion;
        this.#written = isKept(outcome.object, status) ? text : undefined;
        if (this.#written !== undefined) return;
        throw new Error(
          'the API server has not kept all of the status: its definition of Plans is not ours',
        );
      }
      why = outcome.why;
      await new Promise((resolve) => setTimeout(resolve, CONFLICT_PAUSE_MS));
    }
    throw new Error(`status of the Plan changed under our hands: ${why}`);
  }

  /** Who changes a Plan while its definition is not ours drops what was stored before. */
  #isLost(seen: TrimmedPlan, { runID }: PlanStatus): boolean {
    return (
      seen.status?.runID !== runID && this.#newest(seen.resourceVersion) === seen.resourceVersion
    );
  }

  #newest(seen: string): string {
    return this.#revision !== '' && isNewer(this.#revision, seen) ? this.#revision : seen;
  }

  #existing(): TrimmedPlan {
    const plan = this.#ports.plan();
    if (plan === undefined) throw new Error('the Plan does not exist any more');
    return plan;
  }
}

/** An API server drops without a word what its definition of Plans does not have. */
function isKept(object: RawObject, { runID, membership }: PlanStatus): boolean {
  const { status } = object as { readonly status?: Partial<PlanStatus> };
  return (
    status?.runID === runID && (status?.membership === undefined) === (membership === undefined)
  );
}
