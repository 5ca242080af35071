import { NAMESPACE } from '../api/meta.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import { decideLeader, type LeaderTimes, type LeaseRecord } from './leader-decision.ts';
import { createLeaseStore, type LeaseStore, type LeaseWrite } from './leader-lease.ts';

/** Who leads, as this process knows it. */
export interface Leadership {
  readonly leading: boolean;
  /** Fencing token: `leaseTransitions` of the Lease. Only meaningful while `leading`. */
  readonly epoch: number;
  /** Who holds the Lease; undefined when nobody does, or it is not known. */
  readonly holder: string | undefined;
  /** What keeps us from leading, or from knowing who does; for a person. */
  readonly problem: string | undefined;
}

export interface LeaderOptions {
  readonly kube: Kube;
  /** Unlike that of any other process, ever: a restarted one must not pass for the one before it. */
  readonly identity: string;
  readonly log: Log;
  /** Called when anything of {@link Leadership} has changed. */
  readonly onChange: (leadership: Leadership) => void;
  readonly times?: Partial<LeaderTimes & { readonly retryMs: number; readonly watchMs: number }>;
}

export interface Leader {
  readonly current: Leadership;
  /** When it last went for the Lease, whatever came of it; of the monotonic clock. */
  readonly turnedAtMs: number;
  /**
   * Raises the epoch, where it is lower, to `least`: to be called with one more than the highest epoch
   * that was seen in any order or report, before the first order. A Lease that was deleted begins at 0.
   * @returns the epoch that holds now
   * @throws Error when we do not lead; ApiError, ApiUnreachableError when it could not be written
   */
  raiseEpoch(least: number): Promise<number>;
  /**
   * Gives the Lease back and leaves it to others for a while; then takes part again. Whatever acts as the
   * leader must have ended before. Never throws: a Lease that could not be given back is left to expire.
   * @returns the transitions of the Lease that was given back; undefined where we did not hold it
   */
  handOver(abstainMs: number): Promise<number | undefined>;
  /**
   * Stops and gives the Lease back, so that another one can begin at once. Whatever acts as the leader
   * must have ended before. Never throws: a Lease that could not be given back expires.
   */
  stop(): Promise<void>;
}

const DEFAULTS = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, watchMs: 700 };

/**
 * Takes part in the election until it is stopped.
 *
 * What must stay true: `leading` is false at the latest `renewDeadlineMs` after the last renewal was
 * *begun*, by a timer that needs no answer from anybody; others wait `leaseMs` from the moment at which
 * they *see* that renewal. So two never lead at once, however slow the network is.
 */
export function startLeader(options: LeaderOptions): Leader {
  return new LeaseLeader(options, createLeaseStore(options.kube));
}

export class LeaseLeader implements Leader {
  readonly #options: LeaderOptions;
  readonly #store: LeaseStore;
  readonly #times: typeof DEFAULTS;
  #record: LeaseRecord | undefined;
  #changedAtMs = 0;
  #renewedAtMs: number | undefined;
  #current: Leadership = { leading: false, epoch: 0, holder: undefined, problem: undefined };
  #epoch: number | undefined;
  #turnedAtMs = performance.now();
  #isStopped = false;
  /** Until then it is left to others; of the monotonic clock. */
  #abstainUntilMs = 0;
  #next: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Writes to the Lease, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LeaderOptions, store: LeaseStore) {
    this.#options = options;
    this.#store = store;
    this.#times = { ...DEFAULTS, ...options.times };
    this.#schedule(0);
  }

  get current(): Leadership {
    return this.#current;
  }

  get turnedAtMs(): number {
    return this.#turnedAtMs;
  }

  raiseEpoch(least: number): Promise<number> {
    return this.#inTurn(async () => {
      const record = this.#record;
      if (!this.#current.leading || record === undefined) {
        throw new Error('only the leader may raise the epoch, and this process does not lead');
      }
      if (record.transitions >= least) return record.transitions;
      await this.#write(record.resourceVersion, { transitions: least, acquired: false });
      return this.#current.epoch;
    });
  }

  handOver(abstainMs: number): Promise<number | undefined> {
    return this.#inTurn(async () => {
      const record = this.#record;
      if (!this.#current.leading || record === undefined) return undefined;
      this.#abstainUntilMs = performance.now() + abstainMs;
      await this.#release('handed over');
      return record.transitions;
    }).catch((thrown) => {
      this.#options.log.warn({ error: messageOf(thrown) }, 'Lease not handed over, it will expire');
      return undefined;
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#next);
    await this.#inTurn(() => this.#release('stopped')).catch((thrown) => {
      this.#options.log.warn({ error: messageOf(thrown) }, 'Lease not given back, it will expire');
    });
  }

  /** Ends leading first, and gives the Lease back where it is ours. @throws as the store does */
  async #release(why: string): Promise<void> {
    const record = this.#record;
    this.#lead(undefined, why);
    if (record?.holder !== this.#options.identity) return;
    // As client-go does: no holder, and a duration of a second.
    const write = {
      holder: '',
      durationMs: 1_000,
      transitions: record.transitions,
      acquired: false,
    };
    this.#see(await this.#store.update(record.resourceVersion, write, 2_000));
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#next);
    if (this.#isStopped) return;
    this.#next = setTimeout(() => {
      void this.#inTurn(() => this.#turn()).then((nextMs) => this.#schedule(nextMs));
    }, inMs);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Never rejects. @returns milliseconds until the next turn */
  async #turn(): Promise<number> {
    const { retryMs, watchMs } = this.#times;
    this.#turnedAtMs = performance.now();
    if (this.#isStopped) return retryMs;
    try {
      // A leader knows its own record: it writes without reading, and hears of others by the conflict.
      if (!this.#current.leading) this.#see(await this.#store.read(watchMs * 3));
      return await this.#act();
    } catch (thrown) {
      if (isConflict(thrown) || isAlreadyExists(thrown)) {
        // Somebody else was quicker. Who that is comes next, and at once.
        return this.#reread();
      }
      const problem = describe(thrown);
      this.#options.log.warn({ error: problem }, 'Lease not reached');
      if (this.#current.leading && isNotFound(thrown)) this.#record = undefined;
      this.#emit({ ...this.#current, problem });
      return this.#current.leading ? spread(retryMs / 4) : spread(watchMs);
    }
  }

  async #reread(): Promise<number> {
    try {
      this.#see(await this.#store.read(this.#times.watchMs * 3));
    } catch (thrown) {
      this.#emit({ ...this.#current, problem: describe(thrown) });
    }
    return this.#current.leading && this.#record?.holder !== this.#options.identity
      ? 0
      : spread(this.#times.watchMs);
  }

  async #act(): Promise<number> {
    const { retryMs, watchMs, renewDeadlineMs } = this.#times;
    const nowMs = performance.now();
    const decision = decideLeader(
      {
        nowMs,
        identity: this.#options.identity,
        record: this.#record,
        changedAtMs: this.#changedAtMs,
        renewedAtMs: this.#renewedAtMs,
        epoch: this.#epoch,
      },
      this.#times,
    );
    switch (decision.kind) {
      case 'create':
      case 'take':
      case 'renew':
        if (decision.kind !== 'renew' && nowMs < this.#abstainUntilMs) {
          return Math.min(spread(watchMs), this.#abstainUntilMs - nowMs);
        }
        await this.#write(decision.kind === 'create' ? undefined : decision.resourceVersion, {
          transitions: decision.transitions,
          acquired: decision.kind !== 'renew',
        });
        return spread(Math.min(retryMs, renewDeadlineMs / 3));
      case 'standBy':
        this.#emit({ leading: false, epoch: 0, holder: decision.holder, problem: undefined });
        return Math.min(
          spread(watchMs),
          Math.max(0, decision.untilMs - nowMs) + Math.random() * 100,
        );
      case 'stepDown':
        this.#lead(undefined, decision.why);
        return spread(watchMs);
    }
  }

  /** @throws ApiError, ApiUnreachableError */
  async #write(
    resourceVersion: string | undefined,
    what: Pick<LeaseWrite, 'transitions' | 'acquired'>,
  ): Promise<void> {
    const { leaseMs, renewDeadlineMs } = this.#times;
    const begunMs = performance.now();
    const write = { ...what, holder: this.#options.identity, durationMs: leaseMs };
    const timeoutMs = renewDeadlineMs / 2;
    const record =
      resourceVersion === undefined
        ? await this.#store.create(write, timeoutMs)
        : await this.#store.update(resourceVersion, write, timeoutMs);
    this.#see(record);
    if (this.#isStopped || performance.now() - begunMs >= renewDeadlineMs) return;
    this.#renewedAtMs = begunMs;
    this.#lead(record.transitions, undefined);
  }

  #see(record: LeaseRecord | undefined): void {
    if (record?.resourceVersion !== this.#record?.resourceVersion || !record) {
      this.#changedAtMs = performance.now();
    }
    this.#record = record;
  }

  /** Begins or goes on to lead with an epoch, or ends it. */
  #lead(epoch: number | undefined, problem: string | undefined): void {
    clearTimeout(this.#deadline);
    if (epoch === undefined) {
      this.#renewedAtMs = undefined;
      const holder = this.#record?.holder;
      const other = holder === this.#options.identity ? undefined : holder || undefined;
      this.#emit({ leading: false, epoch: 0, holder: other, problem });
      return;
    }
    this.#epoch = epoch;
    this.#emit({ leading: true, epoch, holder: this.#options.identity, problem: undefined });
    const leftMs = (this.#renewedAtMs ?? 0) + this.#times.renewDeadlineMs - performance.now();
    this.#deadline = setTimeout(() => {
      const seconds = this.#times.renewDeadlineMs / 1000;
      const why = this.#current.problem ? ` (${this.#current.problem})` : '';
      this.#lead(undefined, `the Lease could not be renewed for ${seconds} s${why}`);
    }, leftMs);
  }

  #emit(next: Leadership): void {
    const now = this.#current;
    this.#current = next;
    const same =
      now.leading === next.leading &&
      now.epoch === next.epoch &&
      now.holder === next.holder &&
      now.problem === next.problem;
    if (same) return;
    if (now.leading !== next.leading) {
      this.#options.log.info({ ...next }, next.leading ? 'leading' : 'not leading');
    }
    this.#options.onChange(next);
  }
}

/** Between 3/4 and all of it: two candidates must not go on meeting at the same moment. */
function spread(ms: number): number {
  return ms * (0.75 + Math.random() / 4);
}

function describe(thrown: unknown): string {
  if (isNotFound(thrown) && thrown.details?.kind === 'namespaces') {
    return `namespace ${NAMESPACE} does not exist: apply deploy/namespace.yaml`;
  }
  return messageOf(thrown);
}
