import { safeFileName } from '../artifacts/safe-name.ts';
import { isSettled } from '../signals/lifecycle.ts';
import type { Order } from '../signals/order.ts';
import type { Signal } from '../signals/report.ts';
import type { HostPolicy } from './agent-policy.ts';
import { judgeOrder } from './agent-policy-verdict.ts';
import type { Failure } from './failure.ts';
import type { Host } from './host.ts';
import {
  afterBoot,
  beginSignal,
  forgetSignal,
  isOfThisBoot,
  type Journal,
  type Now,
  type OpenSignal,
  spanFrom,
} from './journal.ts';
import { readJournal, writeJournal } from './journal-file.ts';
import type { Layout } from './layout.ts';
import { type OrderView, UNHEARD } from './order-view.ts';
import { signalOf } from './signal-report.ts';
import { measurePrevious, swap } from './steps/apply.ts';
import { backup } from './steps/backup.ts';
import { look } from './steps/check.ts';
import { deliver } from './steps/deliver.ts';
import { download } from './steps/download.ts';
import { restart } from './steps/restart.ts';
import { runningVersion } from './steps/running-version.ts';
import { takePrevious } from './steps/take-previous.ts';
import { tidy } from './steps/tidy.ts';
import { undo } from './steps/undo.ts';
import { verify } from './steps/verify.ts';
import { type AgentFacts, answerTo, decide, type Next } from './steps.ts';
import { observe, type TrialView } from './trial.ts';

export interface AgentOptions {
  readonly host: Host;
  readonly layout: Layout;
  /** Of the host's owner; read again before anything is begun, so that a change needs no restart. */
  readonly policy: HostPolicy;
  /** As k0s names it: `linux-amd64`. */
  readonly platform: string;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
  /** A constant sentence and its data. */
  readonly log: (level: 'info' | 'warn' | 'error', data: object, sentence: string) => void;
  /** The report has news; `soon` where it is progress only. */
  readonly onNews: (urgency: 'now' | 'soon') => void;
}

/** After a tick: another one is due at once, or after `waitMs` unless the order changes. */
export type Tick = { readonly waitMs: number };

/**
 * One host's way through its orders: decide, do one thing, write it down. Everything that must survive is
 * in the journal; the rest (what was last seen, the progress of a download) is found again after a crash.
 */
export class Agent {
  #journal: Journal;
  #order: OrderView = UNHEARD;
  #untidy = true;
  #trial: { view: TrialView; seenAtMs: number; healthySinceMs: number | undefined } | undefined;
  #progress: { done: number; total?: number } | undefined;
  #undoFailed = false;
  /** Why nothing moves just now, for the report. */
  #trouble: string | undefined;
  #staging: AbortController | undefined;
  readonly #options: AgentOptions;

  private constructor(options: AgentOptions, journal: Journal) {
    this.#options = options;
    this.#journal = journal;
  }

  /** Reads the journal; nothing is done before the first tick. */
  static async open(options: AgentOptions): Promise<Agent> {
    const { files } = options.host;
    await files.makeFolder(options.layout.stateFolder);
    const read = await readJournal(files, options.layout);
    if (read.kind === 'lost') {
      options.log('error', { message: read.message }, 'the journal was lost');
    }
    return new Agent(options, read.journal);
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** No order is under way, and none is waiting to be begun. */
  get isAtRest(): boolean {
    return this.#journal.signal === undefined && decide(this.#facts()).do === 'wait';
  }

  /** The newest order. A download that it makes pointless is ended. */
  hear(order: OrderView): void {
    this.#order = order;
    if (this.#staging && decide(this.#facts()).do !== 'stage') this.#staging.abort();
    this.#options.onNews('now');
  }

  /** The `signal` of the report, as things stand. */
  signal(): Signal | undefined {
    return signalOf({
      journal: this.#journal,
      answer: answerTo(this.#journal, this.#order),
      trial: this.#trial?.view,
      progress: this.#progress,
      trouble: this.#trouble,
    });
  }

  /**
   * Does the next thing.
   * @throws whatever a host call throws that is not expected to fail; the same thing is then due again
   */
  async tick(abort: AbortSignal): Promise<Tick> {
    const next = decide(this.#facts());
    if (next.do === 'wait') {
      this.#clearTrouble();
      return { waitMs: next.forMs ?? Number.POSITIVE_INFINITY };
    }
    await this.#perform(next, abort);
    this.#clearTrouble();
    return { waitMs: 0 };
  }

  /** A tick has failed and will be tried again: the report says so meanwhile. */
  stumble(message: string): void {
    this.#trouble = message;
    this.#options.onNews('now');
  }

  #clearTrouble(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.onNews('now');
  }

  #now(): Now {
    const { clock } = this.#options.host;
    return { bootId: clock.bootId(), uptimeMs: clock.uptimeMs() };
  }

  #facts(): AgentFacts {
    return {
      now: this.#now(),
      journal: this.#journal,
      order: this.#order,
      trial: this.#trial,
      untidy: this.#untidy,
      confirm: this.#options.policy.current.confirm,
      undoFailed: this.#undoFailed,
    };
  }

  async #perform(next: Exclude<Next, { do: 'wait' }>, abort: AbortSignal): Promise<void> {
    if (next.do === 'begin') return this.#begin(next.order);
    if (next.do === 'tidy') {
      await tidy(
        this.#options.host,
        this.#options.layout,
        this.#journal,
        this.#options.policy.current.download,
      );
      this.#untidy = false;
      this.#options.onNews('now'); // the previous binary has its lasting name
      return;
    }
    const { signal } = this.#journal;
    if (signal === undefined) return;
    switch (next.do) {
      case 'accept': {
        const epoch = Math.max(this.#journal.epoch, next.order.epoch);
        const accepted = { ...signal, goal: next.order.goal, epoch };
        return this.#write({ ...this.#journal, epoch, signal: accepted });
      }
      case 'cancel':
        return this.#enter({ ...signal, phase: 'Cancelled' });
      case 'forget':
        return this.#write(forgetSignal(this.#journal));
      case 'stage':
        return this.#stage(signal, abort);
      case 'backup':
        return this.#backup(signal);
      case 'apply':
        return this.#apply(signal);
      case 'deliver':
        return this.#deliver(signal);
      case 'swap':
        return this.#swap(signal);
      case 'restart':
        return this.#restart(signal);
      case 'check':
        return this.#check(signal);
      case 'remeasure':
        return this.#write({ ...this.#journal, signal: remeasured(signal, this.#now()) });
      case 'commit':
        return this.#commit(signal);
      case 'hold':
        return this.#enter({ ...signal, phase: 'Held', failure: next.failure });
      case 'turnBack': {
        const undoing = spanFrom(this.#now(), signal.order.durations.confirmMs);
        return this.#enter({ ...signal, phase: 'Undoing', failure: next.failure, undoing });
      }
      case 'undo':
        try {
          return await this.#undo(signal, abort);
        } catch (thrown) {
          this.#undoFailed = true;
          throw thrown;
        }
      case 'giveUp':
        return this.#fail(signal, {
          class: 'Environment',
          reason: 'SwapFailed',
          message: `${signal.previous?.version} could not be put back: ${this.#trouble ?? 'no call failed'}`,
        });
    }
  }

  async #begin(order: Order): Promise<void> {
    this.#progress = undefined;
    this.#trial = undefined;
    this.#undoFailed = false;
    await this.#write(beginSignal(this.#journal, order, this.#now()));
    this.#untidy = true;
  }

  async #stage(signal: OpenSignal, abort: AbortSignal): Promise<void> {
    const { host, layout, random, policy, platform } = this.#options;
    // before anything is waited for: an order that makes it pointless may be heard at any time from now on
    const staging = new AbortController();
    this.#staging = staging;
    const either = AbortSignal.any([abort, staging.signal]);
    try {
      const forbidden = await this.#forbidden(signal.order);
      if (forbidden) return await this.#fail(signal, forbidden);
      if (signal.order.artifact.from === 'previous') return await this.#takePrevious(signal);
      const { download: rules, signatures } = this.#options.policy.current;
      const downloaded = await download(host, layout, signal, rules, {
        abort: either,
        random,
        blake2b: signatures.required,
        onProgress: (done, total) => {
          this.#progress = total === undefined ? { done } : { done, total };
          this.#options.onNews('soon');
        },
        onTrouble: (message) => this.stumble(message),
      });
      if (downloaded.kind === 'aborted') return;
      if (downloaded.kind === 'failed') return await this.#fail(signal, downloaded.failure);
      const { file } = downloaded;
      const verified = await verify(host, layout, signal, file, {
        policy: policy.current,
        platform,
        abort: either,
        random,
      });
      if (verified.kind === 'aborted') return;
      if (verified.kind === 'failed') return await this.#fail(signal, verified.failure);
      const { kind, version } = signal.order.artifact;
      const staged = { version, sha256: file.sha256, size: file.sizeBytes };
      if (kind === 'airgap') {
        const fileName = safeFileName(file.fileName, `k0s-airgap-bundle-${version}.tar`);
        return await this.#enter({ ...signal, phase: 'Staged', staged: { ...staged, fileName } });
      }
      await this.#park(signal, staged);
    } finally {
      this.#staging = undefined;
    }
  }

  async #takePrevious(signal: OpenSignal): Promise<void> {
    const { host, layout, platform } = this.#options;
    const { version, sha256 } = signal.order.artifact;
    const kept = this.#journal.previous;
    const taken = await takePrevious(host, layout, signal, { kept, platform });
    if (taken.kind === 'failed') return this.#fail(signal, taken.failure);
    await this.#park(signal, { version, sha256: sha256!, size: taken.sizeBytes });
  }

  async #park(signal: OpenSignal, staged: NonNullable<OpenSignal['staged']>): Promise<void> {
    const previous = await measurePrevious(this.#options.host, this.#options.layout);
    await this.#enter({ ...signal, phase: 'Staged', staged, ...(previous && { previous }) });
  }

  /** @returns why the owner of this host does not want the order to be carried out */
  async #forbidden(order: Order): Promise<Failure | undefined> {
    const { host, layout, policy, log } = this.#options;
    const message = await policy.refresh();
    if (message !== undefined) {
      log('error', { message }, "the host's policy cannot be used");
      return { class: 'Environment', reason: 'AgentPolicyInvalid', message };
    }
    // where k0s is silent its binary has to be run for it: only if something hangs on the answer
    const asks = policy.current.downgrade === 'Deny';
    return judgeOrder(policy.current, order, {
      runningVersion: asks ? await runningVersion(host, layout) : undefined,
    });
  }

  async #backup(signal: OpenSignal): Promise<void> {
    const { host, layout } = this.#options;
    const forbidden = await this.#forbidden(signal.order);
    if (forbidden) return this.#fail(signal, forbidden);
    const made = await backup(host, layout, signal);
    if (made.kind === 'failed') return this.#fail(signal, made.failure);
    await this.#write({ ...this.#journal, signal: { ...signal, backup: made.backup } });
  }

  /** Measured again: hours may have passed since it was staged. */
  async #apply(signal: OpenSignal): Promise<void> {
    const { host, layout } = this.#options;
    const forbidden = await this.#forbidden(signal.order);
    if (forbidden) return this.#fail(signal, forbidden);
    const trial = spanFrom(this.#now(), signal.order.durations.confirmMs);
    if (signal.order.artifact.kind === 'airgap') {
      return this.#enter({ ...signal, phase: 'Applying', trial });
    }
    const previous = await measurePrevious(host, layout);
    if (previous === undefined) {
      return this.#fail(signal, {
        class: 'Environment',
        reason: 'SwapFailed',
        message: `wanted a binary at ${layout.binary}, found none`,
      });
    }
    await this.#enter({ ...signal, phase: 'Applying', previous, trial });
  }

  async #deliver(signal: OpenSignal): Promise<void> {
    const { host, layout } = this.#options;
    const failure = await deliver(host, layout, signal);
    if (failure) return this.#fail(signal, failure);
    await this.#enter({ ...signal, phase: 'Committed' });
  }

  async #swap(signal: OpenSignal): Promise<void> {
    const { host, layout } = this.#options;
    const failure = await swap(host, layout, signal);
    if (failure) return this.#fail(signal, failure);
    const { pid, exits } = await host.service.state();
    const bootId = host.clock.bootId();
    const before = pid === undefined ? { bootId, exits } : { bootId, exits, oldPid: pid };
    await this.#enter({ ...signal, restart: before });
  }

  async #restart(signal: OpenSignal): Promise<void> {
    if (signal.restart === undefined) return;
    const { host } = this.#options;
    const { gapMs } = await restart(host, signal.restart);
    const wallMs = host.clock.wallMs();
    // some service managers count anew after a restart that they were told to do
    const counted = await host.service.state().catch(() => undefined);
    const exits = counted?.exits ?? signal.restart.exits;
    const base = exits < signal.restart.exits ? 0 : signal.restart.exits;
    const trial = spanFrom(this.#now(), signal.order.durations.confirmMs);
    this.#trial = undefined;
    await this.#enter({
      ...signal,
      phase: 'OnTrial',
      restart: { ...signal.restart, exits: base, wallMs },
      trial,
      ...(gapMs !== undefined && { gapMs }),
    });
    // no way back leads through it, and an undo may need its room on a full disk
    await this.#options.host.files.remove(this.#options.layout.staged);
  }

  async #check(signal: OpenSignal): Promise<void> {
    const before = this.#trial?.view;
    const found = await look(this.#options.host);
    const seenAtMs = this.#options.host.clock.uptimeMs();
    const view = observe(signal, before, found, seenAtMs);
    const sameAsBefore = before?.pid === view.pid && before?.exits === view.exits;
    const since = sameAsBefore ? (this.#trial?.healthySinceMs ?? seenAtMs) : seenAtMs;
    this.#trial = { view, seenAtMs, healthySinceMs: view.healthy ? since : undefined };
    if (JSON.stringify(view) !== JSON.stringify(before)) this.#options.onNews('now');
  }

  /** Durable before anybody is told; the files follow when it is tidied. */
  async #commit(signal: OpenSignal): Promise<void> {
    const { previous } = signal;
    const committed: OpenSignal = { ...signal, phase: 'Committed' };
    delete committed.failure; // of a time when it was held
    await this.#enter(committed, previous && { previous });
  }

  async #undo(signal: OpenSignal, abort: AbortSignal): Promise<void> {
    const { host, layout } = this.#options;
    const undone = await undo(host, layout, signal, abort);
    if (undone.kind === 'failed') return this.#fail(signal, undone.failure);
    const failure = signal.failure && {
      ...signal.failure,
      message: `${signal.failure.message}; ${undone.message}`,
    };
    await this.#enter({
      ...signal,
      phase: 'Undone',
      ...(failure && { failure }),
      ...(undone.gapMs !== undefined && { gapMs: undone.gapMs }),
    });
  }

  async #fail(signal: OpenSignal, failure: Failure): Promise<void> {
    await this.#enter({ ...signal, phase: 'Failed', failure });
  }

  /** Writes down where the signal stands now. */
  async #enter(signal: OpenSignal, more: Partial<Journal> = {}): Promise<void> {
    await this.#write({ ...this.#journal, ...more, signal });
    if (isSettled(signal.phase)) {
      this.#untidy = true;
      this.#progress = undefined;
      if (signal.phase !== 'Committed') this.#trial = undefined;
    }
    const { id, artifact } = signal.order;
    this.#options.log(
      signal.failure ? 'warn' : 'info',
      { signal: id, phase: signal.phase, version: artifact.version, ...signal.failure },
      'the order has come to a phase',
    );
  }

  /** The journal in memory never runs ahead of the one on disk. */
  async #write(journal: Journal): Promise<void> {
    await writeJournal(this.#options.host.files, this.#options.layout, journal);
    this.#journal = journal;
    this.#options.onNews('now');
  }
}

function remeasured(signal: OpenSignal, now: Now): OpenSignal {
  const again = { ...signal };
  for (const key of ['staging', 'trial', 'undoing'] as const) {
    const span = again[key];
    if (span && !isOfThisBoot(span, now)) again[key] = afterBoot(span, now);
  }
  return again;
}
