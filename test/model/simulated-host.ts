import { judgeGoal } from '../../src/signals/lifecycle.ts';
import type { Order } from '../../src/signals/order.ts';
import type { Report, Signal } from '../../src/signals/report.ts';

/**
 * What becomes of an order on this host. `confirmsAlone` keeps a healthy update by its own policy;
 * `otherBundle` is handed another file than everybody else; `noWayBack` runs the new version well, and the old one
 * no more.
 */
export type Fate =
  | 'good'
  | 'noDownload'
  | 'exits'
  | 'neverHealthy'
  | 'silent'
  | 'confirmsAlone'
  | 'noBackup'
  | 'noDelivery'
  | 'otherBundle'
  | 'stuckPods'
  | 'noWayBack';

const SHA_NEW = 'b'.repeat(64);
const SHA_OLD = 'a'.repeat(64);
const SHA_OTHER = 'c'.repeat(64);

/**
 * A host with an agent that keeps to the protocol. Each `step` does one thing, so that everything else may
 * happen between any two of them.
 */
export class SimulatedHost {
  readonly name: string;
  fate: Fate;
  version: string;
  readonly before: string;
  /** What is kept for good, and was before the trial under way. */
  kept: string;
  order: Order | undefined;
  signal: Signal | undefined;
  /** What it was before the last update that was kept. */
  slot: { readonly version: string; readonly sha256: string } | undefined;
  /** Digest of the bundle that lies among the images. */
  delivered: string | undefined;
  /** Down for reasons of its own. */
  broken = false;
  unschedulable = false;
  mark: string | undefined;
  /** The run of our taint. */
  softTaint: string | undefined;
  pods = 2;
  renewals = 0;
  /** The order as it was when it was begun: later ones of its id only bring a goal and an epoch. */
  #begun: Order | undefined;
  #confirmByMs = Number.POSITIVE_INFINITY;
  #epoch = 0;
  #beat = 0;

  constructor(name: string, version: string, fate: Fate) {
    this.name = name;
    this.version = version;
    this.before = version;
    this.kept = version;
    this.fate = fate;
  }

  /** Whether something has been taken away from the host by an order. */
  get isApplied(): boolean {
    return this.#isUpdate && ['Applying', 'OnTrial', 'Undoing'].includes(this.signal?.phase ?? '');
  }

  get isReady(): boolean {
    if (this.broken) return false;
    if (!this.#isUpdate) return true;
    if (this.signal?.phase === 'Applying' || this.signal?.phase === 'Undoing') return false;
    return !(this.signal?.phase === 'OnTrial' && this.fate === 'neverHealthy' && this.#isBad);
  }

  /** A release is bad, or it is the old one that is on trial and does not run any more. */
  get #isBad(): boolean {
    const isOld = this.version === this.before;
    return this.fate === 'noWayBack' ? isOld : !isOld;
  }

  get #isUpdate(): boolean {
    return this.#begun?.artifact.kind !== 'airgap';
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
        ...(this.slot === undefined ? {} : { previous: this.slot }),
      },
      ...(this.signal === undefined ? {} : { signal: this.signal }),
    };
  }

  step(nowMs: number): void {
    if (this.fate === 'silent') return;
    if (this.signal?.phase === 'OnTrial') this.renewals = Math.min(2, this.renewals + 1);
    if (this.#decideAlone(nowMs)) return;
    const { order } = this;
    if (order === undefined || order.epoch < this.#epoch) return;
    this.#epoch = order.epoch;
    const mine = this.signal?.id === order.id ? this.signal : undefined;
    if (judgeGoal(mine?.phase, order.goal) !== 'obey') return;
    if (mine === undefined) this.#begun = order;
    this.#obey(order, mine, nowMs);
  }

  #decideAlone(nowMs: number): boolean {
    const { signal } = this;
    if (signal?.phase === 'Undoing') {
      this.version = this.kept;
      this.#say({ ...signal, phase: 'Undone' });
      return true;
    }
    if (signal?.phase !== 'OnTrial') return false;
    if (this.fate === 'confirmsAlone' && signal.goal === 'apply') {
      this.#commit(signal);
      return true;
    }
    const turnBack = (reason: string): true => {
      this.#say({ ...signal, phase: 'Undoing', class: 'Artifact', reason, message: reason });
      return true;
    };
    const exits = this.fate === 'exits' || this.fate === 'noWayBack';
    if (exits && this.#isBad) return turnBack('ProcessExits');
    return nowMs >= this.#confirmByMs && turnBack('ConfirmTimeout');
  }

  #obey(order: Order, mine: Signal | undefined, nowMs: number): void {
    const { id, attempt, epoch, goal } = order;
    const base = { ...mine, id, attempt, epoch, goal } as const;
    switch (goal) {
      case 'stage':
      case 'apply':
        if (mine === undefined) this.#say({ ...base, phase: 'Downloading' });
        else if (mine.phase === 'Downloading') this.#stage(base);
        else if (mine.phase === 'Staged') this.#apply(base, mine);
        else if (!this.#isUpdate) this.#deliver(base);
        else this.#restart(base, nowMs);
        return;
      case 'commit':
        this.#commit(base);
        return;
      case 'undo':
        if (mine?.phase === 'Downloading' || mine?.phase === 'Staged') {
          this.#say({ ...base, phase: 'Cancelled' });
        } else if (this.#isUpdate) this.#say({ ...base, phase: 'Undoing' });
        else this.#deliver({ ...base, goal: 'apply' });
        return;
      case 'cancel':
        this.#say({ ...base, phase: 'Cancelled' });
    }
  }

  #stage(base: Omit<Signal, 'phase'>): void {
    const wanted = this.#begun?.artifact;
    if (wanted?.from === 'previous') {
      const { slot } = this;
      const isKept = slot?.version === wanted.version && slot.sha256 === wanted.sha256;
      if (isKept) this.#say({ ...base, phase: 'Staged', staged: { ...slot, size: 1 } });
      else this.#fail(base, 'PreviousMissing');
      return;
    }
    const isOther = this.fate === 'otherBundle' && wanted?.kind === 'airgap';
    const sha256 = isOther ? SHA_OTHER : SHA_NEW;
    if (this.fate === 'noDownload') this.#fail(base, 'DownloadFailed');
    else if ((wanted?.sha256 ?? sha256) !== sha256) this.#fail(base, 'ChecksumMismatch');
    else {
      const version = wanted?.version ?? '';
      this.#say({ ...base, phase: 'Staged', staged: { version, sha256, size: 1 } });
    }
  }

  #apply(base: Omit<Signal, 'phase'>, mine: Signal): void {
    const isUnsaved = this.#begun?.backup !== undefined && mine.backup === undefined;
    if (isUnsaved && mine.goal !== 'apply') this.#say({ ...base, phase: 'Staged' });
    else if (!isUnsaved) this.#say({ ...base, phase: 'Applying' });
    else if (this.fate === 'noBackup' || this.broken) this.#fail(base, 'BackupFailed');
    else {
      const backup = { path: `/backups/${base.id}.tar.gz`, size: 7 };
      this.#say({ ...base, phase: 'Staged', backup });
    }
  }

  #deliver(base: Omit<Signal, 'phase'>): void {
    if (this.fate === 'noDelivery') this.#fail(base, 'DeliveryFailed');
    else {
      this.delivered = base.staged?.sha256;
      this.#say({ ...base, phase: 'Committed' });
    }
  }

  #restart(base: Omit<Signal, 'phase'>, nowMs: number): void {
    const order = this.#begun!;
    this.version = order.artifact.version;
    this.renewals = 0;
    this.#confirmByMs = nowMs + order.durations.confirmMs;
    const isSick = ['neverHealthy', 'exits', 'noWayBack'].includes(this.fate);
    const healthy = !(isSick && this.#isBad);
    this.#say({
      ...base,
      phase: 'OnTrial',
      running: { exits: 0, healthy, version: this.version },
    });
  }

  #commit(base: Omit<Signal, 'phase'>): void {
    const sha256 = this.kept === this.before ? SHA_OLD : SHA_NEW;
    this.slot = { version: this.kept, sha256 };
    this.kept = this.version;
    this.#say({ ...base, phase: 'Committed' });
  }

  #fail(base: Omit<Signal, 'phase'>, reason: string): void {
    this.#say({ ...base, phase: 'Failed', class: 'Environment', reason, message: reason });
  }

  #say(signal: Signal): void {
    this.#beat++;
    this.signal = signal;
  }
}

/** The annotation, as it is stored. */
export function orderText({ order }: Pick<SimulatedHost, 'order'>): string | undefined {
  return order === undefined ? undefined : JSON.stringify(order);
}

/** What Node and ControlNode tell of it. */
export function hostOf(host: SimulatedHost) {
  return {
    name: host.name,
    uid: host.name,
    labels: {},
    platform: 'linux-amd64',
    order:
      host.order === undefined
        ? { kind: 'absent' as const }
        : { kind: 'valid' as const, value: host.order },
    orderText: orderText(host),
    report: { kind: 'valid' as const, value: host.report },
    reportedAtMs: undefined,
  };
}
