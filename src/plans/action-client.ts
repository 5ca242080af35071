import { messageOf } from '../errors.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import { perform } from '../kube/perform.ts';
import { isInDoubt, readAgain } from '../kube/read-again.ts';
import type { Log } from '../log.ts';
import { ApiBusyError } from './api-busy.ts';
import type { ClusterStore } from './cluster-store.ts';
import type { Action, PlanFacts } from './facts.ts';
import { Pace } from './pace.ts';

/** What is known of the cluster, as far as a write needs to know it, or brings news of it. */
export interface ActionStore extends Pick<ClusterStore, 'taintsOf' | 'note' | 'noteQuarantined'> {
  readonly drain: Pick<ClusterStore['drain'], 'evict'>;
  readonly jobs: Pick<ClusterStore['jobs'], 'begin'>;
}

/** Carries out what was decided, as many writes at once as the API server bears; of all Plans together. */
export class ActionClient {
  readonly #kube: Kube;
  readonly #log: Log;
  readonly #store: ActionStore;
  readonly #pace = new Pace();

  constructor(kube: Kube, log: Log, store: ActionStore) {
    this.#kube = kube;
    this.#log = log;
    this.#store = store;
  }

  pace(): NonNullable<PlanFacts['writes']> {
    return { atOnce: this.#pace.limit, isSlowed: this.#pace.isSlowed(performance.now()) };
  }

  /**
   * Where the API server refuses for having too much to do, what is left is not sent at all: it is judged anew
   * when it may be asked again.
   * @throws ApiBusyError then; Error with all that has failed otherwise
   */
  async perform(actions: readonly Action[], signal: AbortSignal): Promise<void> {
    const left = [...actions];
    const failures: string[] = [];
    let busy: ApiError | undefined;
    let working = 0;
    const restMs = this.#pace.restMs(performance.now());
    if (restMs > 0 && left.length > 0) throw new ApiBusyError(left.length, restMs);
    const work = async (): Promise<void> => {
      working++;
      try {
        while (busy === undefined && working <= this.#pace.limit) {
          const action = left.shift();
          if (action === undefined) return;
          const thrown = await this.#attempt(action, signal);
          if (thrown instanceof ApiError && thrown.status === 429) busy = thrown;
          if (thrown !== undefined) failures.push(nameOf(action, thrown));
        }
      } finally {
        working--;
      }
    };
    while (left.length > 0 && busy === undefined) {
      await Promise.all(Array.from({ length: Math.min(this.#pace.limit, left.length) }, work));
    }
    if (busy !== undefined) {
      const waitMs = this.#pace.restMs(performance.now());
      const error = messageOf(busy);
      this.#log.warn(
        { error, left: left.length, waitMs, atOnce: this.#pace.limit },
        'the API server asks for patience',
      );
      throw new ApiBusyError(left.length + failures.length, waitMs, { cause: busy });
    }
    if (failures.length > 0) throw new Error(failures.join('; '));
  }

  /** @returns what went wrong */
  async #attempt(action: Action, signal: AbortSignal): Promise<unknown> {
    const sentAtMs = performance.now();
    try {
      await this.#performOne(action, signal);
      // A round of evictions takes as long as the pods' own admission does.
      if (action.kind !== 'evict') this.#pace.answered(sentAtMs, performance.now());
      return undefined;
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof ApiError && thrown.status === 429) {
        this.#pace.refused(sentAtMs, performance.now(), thrown.retryAfterMs);
      }
      if (isInDoubt(thrown)) await this.#readAgain(action, signal);
      return thrown;
    }
  }

  /** An answer was lost: nothing is judged before it is known what became of the write. */
  async #readAgain(action: Action, signal: AbortSignal): Promise<void> {
    if (action.kind === 'dropRequests' || action.kind === 'evict') return;
    const role = 'role' in action ? action.role : 'worker';
    const object = await readAgain(this.#kube, role, action.name, signal);
    if (object !== undefined) this.#store.note(role, object);
  }

  async #performOne(action: Action, signal: AbortSignal): Promise<void> {
    const { drain, jobs } = this.#store;
    const taintsOf = (name: string) => this.#store.taintsOf(name);
    const ports = { kube: this.#kube, taintsOf, evict: drain.evict, beginJob: jobs.begin };
    const outcome = await perform(ports, action, signal);
    const fields = {
      action: action.kind,
      [action.kind === 'job' ? 'job' : 'node']: action.name,
      ...(action.kind === 'order' ? { goal: action.order.goal, order: action.order.id } : {}),
      ...(action.kind === 'cordon' && action.apply ? { goal: 'apply', order: action.orderId } : {}),
    };
    if (!outcome.done) {
      this.#log.info({ ...fields, why: outcome.why }, 'the world has moved on');
      return;
    }
    if (action.kind !== 'evict') this.#log.info(fields, 'done');
    if (outcome.object === undefined) return;
    if (action.kind === 'quarantine') {
      this.#store.noteQuarantined(outcome.object);
    } else if (action.kind !== 'dropRequests' && action.kind !== 'job') {
      this.#store.note('role' in action ? action.role : 'worker', outcome.object);
    }
  }
}

function nameOf(action: Action, thrown: unknown): string {
  return `${action.kind} ${action.name}: ${messageOf(thrown)}`;
}
