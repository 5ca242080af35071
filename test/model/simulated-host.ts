import { judgeGoal } from '../../src/signals/lifecycle.ts';
import type { Order } from '../../src/signals/order.ts';
import type { Report, Signal } from '../../src/signals/report.ts';

/** What becomes of the artifact on this host. */
export type Fate = 'good' | 'noDownload' | 'exits' | 'neverHealthy' | 'silent';

const SHA_NEW = 'b'.repeat(64);
const SHA_OLD = 'a'.repeat(64);

/**
 * A host with an agent that keeps to the protocol. Each `step` does one thing, so that everything else may
 * happen between any two of them.
 */
export class SimulatedHost {
  readonly name: string;
  readonly fate: Fate;
  version: string;
  readonly before: string;
  order: Order | undefined;
  signal: Signal | undefined;
  /** Down for reasons of its own. */
  broken = false;
  unschedulable = false;
  mark: string | undefined;
  pods = 2;
  renewals = 0;
  #confirmByMs = Number.POSITIVE_INFINITY;
  #epoch = 0;
  #beat = 0;

  constructor(name: string, version: string, fate: Fate) {
    this.name = name;
    this.version = version;
    this.before = version;
    this.fate = fate;
  }

  /** Whether something has been taken away from the host by an order. */
  get isApplied(): boolean {
    return ['Applying', 'OnTrial', 'Undoing'].includes(this.signal?.phase ?? '');
  }

  get isReady(): boolean {
    if (this.broken) return false;
    if (this.signal?.phase === 'Applying' || this.signal?.phase === 'Undoing') return false;
    return !(this.signal?.phase === 'OnTrial' && this.fate === 'neverHealthy');
  }

  get report(): Report {
    return {
      v: 1,
      agent: { version: '0', heartbeatMs: 300_000, beat: this.#beat },
      host: {
        platform: 'linux-amd64',
        k0sVersion: this.version,
        binary: '/usr/local/bin/k0s',
        sha256: this.version === this.before ? SHA_OLD : SHA_NEW,
        freeBytes: 1e10,
        writable: true,
        epoch: this.#epoch,
      },
      ...(this.signal === undefined ? {} : { signal: this.signal }),
    };
  }

  step(nowMs: number): void {
    if (this.fate === 'silent') return;
    if (this.signal?.phase === 'OnTrial') this.renewals = Math.min(2, this.renewals + 1);
    if (this.#passTrialDeadline(nowMs)) return;
    const { order } = this;
    if (order === undefined || order.epoch < this.#epoch) return;
    this.#epoch = order.epoch;
    const mine = this.signal?.id === order.id ? this.signal : undefined;
    if (judgeGoal(mine?.phase, order.goal) !== 'obey') return;
    this.#obey(order, mine, nowMs);
  }

  #passTrialDeadline(nowMs: number): boolean {
    if (this.signal?.phase === 'Undoing') {
      this.version = this.before;
      this.#say({ ...this.signal, phase: 'Undone' });
      return true;
    }
    if (this.signal?.phase !== 'OnTrial') return false;
    if (this.fate === 'exits') {
      this.#say({
        ...this.signal,
        phase: 'Undoing',
        class: 'Artifact',
        reason: 'ProcessExits',
        message: 'exited',
      });
      return true;
    }
    if (nowMs < this.#confirmByMs) return false;
    this.#say({
      ...this.signal,
      phase: 'Undoing',
      class: 'Artifact',
      reason: 'ConfirmTimeout',
      message: 'nobody confirmed',
    });
    return true;
  }

  #obey(order: Order, mine: Signal | undefined, nowMs: number): void {
    const base = {
      id: order.id,
      attempt: order.attempt,
      epoch: order.epoch,
      goal: order.goal,
    } as const;
    switch (order.goal) {
      case 'stage':
        if (mine === undefined) this.#say({ ...base, phase: 'Downloading' });
        else if (this.fate === 'noDownload') {
          this.#say({
            ...base,
            phase: 'Failed',
            class: 'Environment',
            reason: 'DownloadFailed',
            message: '404',
          });
        } else {
          this.#say({
            ...base,
            phase: 'Staged',
            staged: { version: order.artifact.version, sha256: SHA_NEW, size: 1 },
          });
        }
        return;
      case 'apply':
        if (mine?.phase === 'Staged' || mine?.phase === 'Downloading') {
          this.#say({ ...base, phase: 'Applying' });
        } else {
          this.version = order.artifact.version;
          this.renewals = 0;
          this.#confirmByMs = nowMs + order.durations.confirmMs;
          const healthy = this.fate !== 'neverHealthy' && this.fate !== 'exits';
          this.#say({
            ...base,
            phase: 'OnTrial',
            running: { exits: 0, healthy, version: this.version },
          });
        }
        return;
      case 'commit':
        this.#say({ ...base, phase: 'Committed' });
        return;
      case 'undo':
        if (mine?.phase === 'Undoing') {
          this.version = this.before;
          this.#say({ ...base, phase: 'Undone' });
        } else {
          this.#say({ ...base, phase: 'Undoing' });
        }
        return;
      case 'cancel':
        this.#say({ ...base, phase: 'Cancelled' });
    }
  }

  #say(signal: Signal): void {
    this.#beat++;
    this.signal = signal;
  }
}
