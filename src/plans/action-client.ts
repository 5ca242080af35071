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

/**
 * So long writes to Nodes are waited for: one that hangs must not keep the verdict from all others. Longer than a
 * busy API server takes for all of them, as a rule: what is looked at more often than that costs more looks, on the
 * same machine, and was measured to be slower.
 */
const PATIENCE_MS = 1_000;

/** One call of {@link ActionClient.perform}. */
interface Round {
  readonly signal: AbortSignal;
  /** What was not sent yet. */
  readonly left: Action[];
  readonly sent: Set<Promise<void>>;
  readonly failures: string[];
  busy: ApiError | undefined;
  /** Nobody waits for it any more. */
  isLate: boolean;
}

/** Carries out what was decided, as many writes at once as the API server bears; of all Plans together. */
export class ActionClient {
  readonly #kube: Kube;
  readonly #log: Log;
  readonly #store: ActionStore;
  readonly #onLate: () => void;
  readonly #pace = new Pace();
  /** By what they write to. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #rounds = new Set<Round>();
  /** What there was no time for at the last call: it comes first at the next one. */
  readonly #passedOver = new Set<string>();
  /** Of writes that nobody waited for any more. */
  #lateFailures: string[] = [];

  /** @param onLate a write has ended that {@link perform} did not wait for */
  constructor(kube: Kube, log: Log, store: ActionStore, onLate: () => void) {
    this.#kube = kube;
    this.#log = log;
    this.#store = store;
    this.#onLate = onLate;
  }

  pace(): NonNullable<PlanFacts['writes']> {
    return { atOnce: this.#pace.limit, isSlowed: this.#pace.isSlowed(performance.now()) };
  }

  /** Names of Nodes that are being written to. Nothing is to be decided of them before that has ended. */
  nodesBeingWritten(): ReadonlySet<string> {
    const names = [...this.#underWay.keys()].flatMap((key) =>
      key.startsWith(NODE) ? [key.slice(NODE.length)] : [],
    );
    return new Set(names);
  }

  /**
   * Returns when all is done, or when writes to Nodes have taken long enough: these go on until the next look.
   * Nothing is written to twice at once, and what is being written to already is left alone. Where anything else
   * than a Node is among the actions, all are waited for.
   *
   * Where the API server refuses for having too much to do, what is left is not sent at all: it is judged anew
   * when it may be asked again.
   * @throws ApiBusyError then; Error with all that has failed otherwise, and since the last call
   */
  async perform(actions: readonly Action[], signal: AbortSignal): Promise<void> {
    const left = this.#inLine(actions.filter((action) => !this.#underWay.has(keyOf(action))));
    if (left.length === 0) return;
    const restMs = this.#pace.restMs(performance.now());
    if (restMs > 0) throw new ApiBusyError(actions.length, restMs);
    if (this.#lateFailures.length > 0) throw new Error(this.#lateFailures.splice(0).join('; '));

    const patience = left.every(isOfNode) ? new Patience(PATIENCE_MS) : undefined;
    const common = { failures: [], busy: undefined, isLate: false };
    const round: Round = { signal, left, sent: new Set(), ...common };
    this.#rounds.add(round);
    this.#sendAll();
    try {
      while (patience?.isOver !== true && this.#rounds.has(round)) {
        const any = round.sent.size > 0 ? round.sent : this.#underWay.values();
        await Promise.race(patience === undefined ? any : [...any, patience.over]);
      }
    } finally {
      patience?.end();
    }
    round.isLate = true;
    signal.throwIfAborted();
    const { failures, busy } = round;
    if (busy !== undefined) {
      const waitMs = this.#pace.restMs(performance.now());
      const error = messageOf(busy);
      this.#log.warn(
        { error, left: left.length, waitMs, atOnce: this.#pace.limit },
        'the API server asks for patience',
      );
      const waiting = left.length + round.sent.size + failures.length;
      throw new ApiBusyError(waiting, waitMs, { cause: busy });
    }
    if (failures.length > 0) throw new Error(failures.join('; '));
  }

  /** All is about to be judged anew: what nobody waits for, and was not sent yet, is not sent any more. */
  recall(): void {
    for (const round of this.#rounds) {
      if (!round.isLate) continue;
      for (const action of round.left.splice(0)) this.#passedOver.add(keyOf(action));
      this.#forgetIfOver(round);
    }
  }

  /** By what can wait; and among what can wait as long, whoever had to wait before the others. */
  #inLine(actions: readonly Action[]): Action[] {
    const place = (action: Action) =>
      2 * patienceOf(action) + (this.#passedOver.has(keyOf(action)) ? 0 : 1);
    return actions.toSorted((a, b) => place(a) - place(b));
  }

  /** As much as may be under way; whoever has asked first comes first. */
  #sendAll(): void {
    for (const round of this.#rounds) {
      const { left, signal } = round;
      for (let at = 0; at < left.length && this.#underWay.size < this.#pace.limit; ) {
        if (round.busy !== undefined || signal.aborted) break;
        if (this.#underWay.has(keyOf(left[at]!))) at++;
        else this.#send(...(left.splice(at, 1) as [Action]), round);
      }
      this.#forgetIfOver(round);
    }
  }

  #forgetIfOver(round: Round): void {
    const isSent = round.left.length === 0 || round.busy !== undefined || round.signal.aborted;
    if (isSent && round.sent.size === 0) this.#rounds.delete(round);
  }

  #send(action: Action, round: Round): void {
    const { signal } = round;
    const key = keyOf(action);
    this.#passedOver.delete(key);
    const ended = this.#attempt(action, signal).then((thrown) => {
      this.#underWay.delete(key);
      round.sent.delete(ended);
      const isBusy = thrown instanceof ApiError && thrown.status === 429;
      if (isBusy) for (const one of [round, ...this.#rounds]) one.busy ??= thrown;
      const failures = round.isLate ? this.#lateFailures : round.failures;
      // That the API server asks for patience is known to whoever comes next anyway.
      const isKnown = signal.aborted || (isBusy && round.isLate);
      if (thrown !== undefined && !isKnown) failures.push(nameOf(action, thrown));
      if (round.isLate && !signal.aborted) this.#onLate();
      this.#sendAll();
    });
    round.sent.add(ended);
    this.#underWay.set(key, ended);
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
      if (signal.aborted) return thrown;
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
    const object = await readAgain(this.#kube, role, action.name, signal).catch(() => undefined);
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

/** A time that can be waited for beside other things. */
class Patience {
  readonly over: Promise<void>;
  isOver = false;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#timer = setTimeout(() => {
      this.isOver = true;
      resolve();
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * While a node is out of service others wait for its slot. Whoever is told to download has hours; and evictions are
 * tried again and again.
 */
function patienceOf(action: Action): 0 | 1 | 2 {
  if (action.kind === 'evict') return 2;
  return action.kind === 'order' && action.order.goal === 'stage' ? 1 : 0;
}

const NODE = 'node/';
const OF_OTHERS: ReadonlySet<Action['kind']> = new Set([
  'quarantine',
  'job',
  'releaseLeadership',
  'dropRequests',
]);

function isOfNode(action: Action): boolean {
  return !OF_OTHERS.has(action.kind) && !('role' in action && action.role === 'controller');
}

function keyOf(action: Action): string {
  if (isOfNode(action)) return `${NODE}${action.name}`;
  return 'role' in action ? `${action.role}/${action.name}` : `${action.kind}/${action.name}`;
}

function nameOf(action: Action, thrown: unknown): string {
  return `${action.kind} ${action.name}: ${messageOf(thrown)}`;
}
