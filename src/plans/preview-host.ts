import type { Role } from '../api/plan.ts';
import type { Order } from '../signals/order.ts';
import type { Signal } from '../signals/report.ts';
import type { Pace } from './preview-pace.ts';

/** Stands for the digest of whatever is downloaded where the Plan gives none. */
const SOME_DIGEST = '0'.repeat(64);

interface Next {
  readonly atMs: number;
  readonly what: 'staged' | 'saved' | 'up' | 'healthy' | 'delivered' | 'committed';
}

/**
 * A host whose agent and k0s do at once and without a fault what they are ordered to, as long as that is
 * assumed to take. Whatever its restart needs has come by then: Lease, API server, kubelet.
 */
export class PreviewHost {
  readonly role: Role;
  readonly name: string;
  readonly #pace: Pace;
  version: string | undefined;
  order: Order | undefined;
  /** Made once: a world of thousands is looked at thousands of times. */
  orderText: string | undefined;
  signal: Signal | undefined;
  /** Before the first restart: what was found. */
  isUp: boolean;
  /** Since when it has been up, as of {@link isUp}. */
  upSinceMs = 0;
  renewals = 0;
  #next: Next | undefined;

  constructor(
    role: Role,
    name: string,
    found: { readonly version: string | undefined; readonly isUp: boolean },
    pace: Pace,
  ) {
    this.role = role;
    this.name = name;
    this.version = found.version;
    this.isUp = found.isUp;
    this.#pace = pace;
  }

  /** When something happens on the host by itself; undefined: never, unless it is ordered to. */
  get nextAtMs(): number | undefined {
    return this.#next?.atMs;
  }

  obey(order: Order, nowMs: number): void {
    this.order = order;
    this.orderText = JSON.stringify(order);
    const { downloadMs, backupMs, answerMs } = this.#pace;
    switch (order.goal) {
      case 'stage':
        this.#next = { atMs: nowMs + downloadMs, what: 'staged' };
        return;
      case 'apply':
        if (order.artifact.kind === 'airgap') {
          this.#next = { atMs: nowMs + downloadMs, what: 'delivered' };
        } else if (order.backup !== undefined) {
          this.#next = { atMs: nowMs + backupMs, what: 'saved' };
        } else {
          this.#restart(order, nowMs);
        }
        return;
      case 'commit':
        this.#next = { atMs: nowMs + answerMs, what: 'committed' };
        return;
      case 'undo':
      case 'cancel':
        this.#next = undefined;
        this.#say(order, 'Cancelled');
    }
  }

  forget(): void {
    this.order = undefined;
    this.orderText = undefined;
  }

  /** What was due by then has happened. @returns whether anything has */
  pass(nowMs: number): boolean {
    const { order } = this;
    const next = this.#next;
    if (next === undefined || order === undefined || next.atMs > nowMs) return false;
    this.#next = undefined;
    switch (next.what) {
      case 'staged':
        this.#say(order, 'Staged', { staged: stagedBy(order) });
        break;
      case 'delivered':
        this.#say(order, 'Committed', { staged: stagedBy(order) });
        break;
      case 'saved':
        this.#say(order, 'Staged', { backup: { path: '(made by the run)', size: 0 } });
        this.#restart(order, nowMs);
        break;
      case 'up':
        this.#comeUp(order, nowMs);
        break;
      case 'healthy':
        this.renewals = 2;
        break;
      case 'committed':
        this.#say(order, 'Committed');
        break;
    }
    return true;
  }

  #restart(order: Order, nowMs: number): void {
    this.isUp = false;
    this.renewals = 0;
    this.#say(order, 'Applying');
    this.#next = { atMs: nowMs + this.#pace.restartMs, what: 'up' };
  }

  #comeUp(order: Order, nowMs: number): void {
    this.version = order.artifact.version;
    this.isUp = true;
    this.upSinceMs = nowMs;
    const running = { version: this.version, exits: 0, healthy: true };
    this.#say(order, 'OnTrial', { running });
    const { controllerHealthMs, workerHealthMs } = this.#pace;
    const healthMs = this.role === 'controller' ? controllerHealthMs : workerHealthMs;
    this.#next = { atMs: nowMs + healthMs, what: 'healthy' };
  }

  #say(order: Order, phase: Signal['phase'], more: Partial<Signal> = {}): void {
    const { id, attempt, epoch, goal } = order;
    const before = this.signal?.id === id ? this.signal : undefined;
    this.signal = { ...before, ...more, id, attempt, epoch, goal, phase };
  }
}

function stagedBy({ artifact }: Order): Signal['staged'] {
  return { version: artifact.version, sha256: artifact.sha256 ?? SOME_DIGEST, size: 1 };
}
