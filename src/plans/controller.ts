import { API_VERSION } from '../api/meta.ts';
import { isTerminalState, type StoredPlanStatus } from '../api/plan.ts';
import type { PolicyLayer } from '../api/policy.ts';
import { messageOf } from '../errors.ts';
import type { Kube } from '../kube/client.ts';
import { createDefinitionClient, type DefinitionClient } from '../kube/definition-client.ts';
import type { Recorder } from '../kube/events.ts';
import { ReadingPause } from '../kube/reading-pause.ts';
import { PLANS } from '../kube/target-path.ts';
import type { Log } from '../log.ts';
import { cpuMsSince } from '../thread-cpu.ts';
import { ActionClient } from './action-client.ts';
import { isFromBefore, isLeftHalfRun } from './adopted.ts';
import { checkedVersions, describeMissing } from './api-check.ts';
import { type ClusterPolicy, clusterPolicy } from './cluster-policy.ts';
import { ClusterStore } from './cluster-store.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Action, PlanFacts } from './facts.ts';
import { gatedRun } from './gated-run.ts';
import { appliesOwnHost } from './hand-over.ts';
import { holdOf } from './hold.ts';
import { LookTimer, SETTLE_MS } from './look-timer.ts';
import { nameList } from './name-list.ts';
import { tidy } from './orphans.ts';
import { othersOf } from './others.ts';
import { lackingFields, losesRuns } from './overwritten.ts';
import { PlanController } from './plan-controller.ts';
import { activeRuns, isAtWork, type QueuedPlan, wantsToRun } from './queue.ts';
import { answeredLongAgo, isAsked } from './requests.ts';
import { LONGEST_READING_PAUSE_MS, readingPauseMs, restAfterMs } from './rest-after-look.ts';
import { isUnderWay } from './run.ts';
import type { TrimmedPlan } from './trim-plan.ts';
import { UpdatePolicyClient } from './update-policy-client.ts';
import { type ToldPlan, UpdateRunClient } from './update-run-client.ts';

export interface ControllerOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly apiPort: number;
  /** Who acts, as the Lease says it. */
  readonly identity: string;
  /** The lowest layer, below UpdatePolicy/default. */
  readonly policy: PolicyLayer;
  readonly signal: AbortSignal;
  /** What the host is called that this runs on: as its ControlNode, or as its Node. */
  readonly ownHost: string;
  /** The own host comes next, and somebody else is to lead meanwhile. May be called again and again. */
  readonly onOwnHostNext: () => void;
  /** What has become of a Plan just now, while we lead. */
  readonly onStatus: (before: StoredPlanStatus | undefined, after: StoredPlanStatus) => void;
}

/** While a run is under way: answers that say the same again (a later /readyz) wake nobody. */
const RUNNING_TICK_MS = 1_000;
/** Leftovers of a host that does not answer are asked for again, but not all the time. */
const TIDY_PAUSE_MS = 2_000;
const MISSING_MS = 10_000;

/**
 * Keeps a PlanController for every Plan while this process leads, and tidies up after Plans that are gone.
 * The store lives on while another one leads, so that a take-over begins with everything at hand.
 */
export class Controller {
  readonly store: ClusterStore;
  readonly #options: ControllerOptions;
  readonly #policyStatus: UpdatePolicyClient;
  readonly #runs: UpdateRunClient;
  readonly #actions: ActionClient;
  readonly #definition: DefinitionClient;
  readonly #plans = new Map<string, PlanController>();
  #epoch: number | undefined;
  /** The Autopilot of k0s leads; Plans of which that was said. */
  #besideK0s: { readonly holder: string; readonly told: Set<string> } | undefined;
  #leadingSinceMs = 0;
  #isAlone = false;
  #term: AbortController | undefined;
  readonly #looks = new LookTimer({
    nowMs: () => performance.now(),
    look: () => this.#lookAndRest(),
  });
  /** Nobody looks before it is over; there is none while another one leads. */
  readonly #reading: ReadingPause;
  #deadline: NodeJS.Timeout | undefined;
  /** Plans that cannot be judged for want of their chunks, by uid; since when, by the monotonic clock. */
  readonly #missing = new Map<string, { readonly atMs: number; readonly isTold: boolean }>();
  #isTidying = false;
  #tidiedAtMs = Number.NEGATIVE_INFINITY;
  #lookedAtMs = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#reading = new ReadingPause(options.signal);
    this.store = new ClusterStore({
      ...options,
      onChange: () => this.#wake(),
      onAwaited: () => this.#hurry(),
      pause: () => this.#reading.over(),
    });
    this.#actions = new ActionClient(options.kube, options.log, this.store, () => this.#wake());
    this.#definition = createDefinitionClient({
      ...options,
      onOurs: () => this.#rereadPlans(),
      onChange: () => this.#hurry(),
    });
    this.#policyStatus = new UpdatePolicyClient(options.kube, options.log);
    this.#runs = new UpdateRunClient({
      kube: options.kube,
      log: options.log,
      by: options.identity,
      runs: () => [...this.store.runs.values()],
      onWritten: (object) => this.store.runs.note(object),
    });
  }

  /** The highest epoch that any order or report speaks of; -1 where there is none. */
  highestEpoch(): number {
    const epochs = [...this.store.nodes().values(), ...this.store.controlNodes().values()].flatMap(
      ({ order, report }) => [
        order.kind === 'valid' ? order.value.epoch : -1,
        report.kind === 'valid' ? report.value.host.epoch : -1,
      ],
    );
    return Math.max(-1, ...epochs);
  }

  /** The epoch that it acts with, and when it last looked, by the monotonic clock; undefined while it stands by. */
  get acting(): { readonly epoch: number; readonly lookedAtMs: number } | undefined {
    return this.#epoch === undefined
      ? undefined
      : { epoch: this.#epoch, lookedAtMs: this.#lookedAtMs };
  }

  /** What is seen of the cluster now, whether we lead or not. */
  view(): ClusterView {
    return {
      nowMs: Date.now(),
      serverNowMs: this.store.serverNowMs,
      plans: [...this.store.plans.values()].map((plan) => this.store.whole(plan)),
      nodes: this.store.nodes(),
      controlNodes: this.store.controlNodes(),
      quarantined: this.store.quarantined().length,
      isPaused: this.#policy().pausedBy !== undefined,
      writesAtOnce: this.#actions.pace().atOnce,
    };
  }

  /**
   * Begins to act; the store must be synced.
   * @param alone nobody else is there to lead while the own host is applied
   */
  lead(epoch: number, { alone }: { readonly alone: boolean }): void {
    this.#isAlone = alone;
    this.#epoch = epoch;
    this.#lookedAtMs = performance.now();
    this.#leadingSinceMs = Date.now();
    this.#term = new AbortController();
    this.#wake();
  }

  /** Stops acting at once; what is under way is cut off. */
  standBy(): void {
    this.#epoch = undefined;
    this.#besideK0s = undefined;
    this.#term?.abort(new Error('not leading any more'));
    this.#term = undefined;
    this.#looks.stop();
    clearTimeout(this.#deadline);
    // What another leader does has to be known when our turn comes: it may have taken a slot just before.
    this.#reading.everyMs = 0;
    this.#reading.end();
    for (const plan of this.#plans.values()) plan.stop();
    this.#plans.clear();
    this.#missing.clear();
    this.store.lookAhead(new Set());
    this.store.isProbing = false;
    this.store.gates.rest();
    this.#definition.watch(false);
  }

  /** While the Autopilot of k0s leads it carries Plans out, in its own way: whoever waits for one is told. */
  standBeside(holder: string): void {
    this.#besideK0s = { holder, told: new Set() };
    this.#tellBeside();
  }

  #tellBeside(): void {
    const { holder, told } = this.#besideK0s ?? {};
    if (holder === undefined || told === undefined) return;
    for (const { name, uid, status } of this.store.plans.values()) {
      if (told.has(uid) || isTerminalState(status?.state)) continue;
      told.add(uid);
      this.#options.recorder.emit({
        ...{ type: 'Warning', reason: 'StandingBy' },
        message: `k0s's own Autopilot leads (${holder}): this Plan is its to run, not ours, until it is switched off on every controller by --disable-components=autopilot`,
        regarding: { apiVersion: API_VERSION, kind: 'Plan', name, uid },
      });
    }
  }

  #wake(): void {
    this.#tellBeside();
    if (this.#epoch === undefined) return;
    // Whatever it is, it is to be judged by what is so now.
    if (this.#looks.isRested) this.#reading.end();
    this.#looks.wake();
  }

  /** People have asked for something, or a look has, and cannot go on without: nobody rests now. */
  #hurry(): void {
    this.#tellBeside();
    if (this.#epoch === undefined) return;
    this.#reading.end();
    this.#looks.hurry();
  }

  /** @returns for how long nobody looks then, milliseconds */
  #lookAndRest(): number {
    if (this.#epoch === undefined) return 0;
    const before = process.threadCpuUsage();
    const isIdle = this.#look(this.#epoch);
    const restMs = restAfterMs(cpuMsSince(before));
    // Nobody needs what there is to be read before the next look.
    this.#reading.everyMs = readingPauseMs(restMs, isIdle);
    const unreadMs = Math.min(restMs - SETTLE_MS, LONGEST_READING_PAUSE_MS);
    this.#reading.begin(Math.max(unreadMs, this.#reading.everyMs));
    return restMs;
  }

  /** @returns whether nothing is under way, nor left over */
  #look(epoch: number): boolean {
    this.#lookedAtMs = performance.now();
    this.#actions.recall();
    const plans = new Map([...this.store.plans.values()].map((plan) => [plan.uid, plan]));
    for (const [uid, controller] of this.#plans) {
      if (plans.has(uid)) continue;
      controller.stop();
      this.#plans.delete(uid);
    }
    const known = this.#queue();
    const runs = activeRuns(known);
    const running = known.some(({ status }) => isUnderWay(status));
    const isAnybodyAtWork = known.some((plan) => isAtWork(plan) || isAskedOf(plan));
    this.store.isProbing = isAnybodyAtWork;
    const isDefinitionNeeded = known.some(needsDefinition);
    this.#definition.watch(isDefinitionNeeded);
    const isForgotten = losesRuns(this.#lostFields());
    // A run that cannot be read is not one that is gone: what belongs to it stays.
    const isBlind = isForgotten || (isDefinitionNeeded && this.#definition.lost === undefined);
    if (!isBlind) this.store.gates.watch(known.flatMap((plan) => gatedRun(plan) ?? []));
    const beginning = known.filter(mayBegin);
    this.store.apis.watch(
      beginning.length === 0 ? undefined : new Set(beginning.flatMap(versionsToCheck)),
    );
    const world = { nodes: this.store.nodes(), controlNodes: this.store.controlNodes() };
    for (const plan of plans.values()) {
      if (this.#plans.has(plan.uid)) continue;
      const stored = this.store.wholeStatus(plan);
      if (stored.kind === 'missing') {
        this.#tellMissing(plan, stored.names);
      } else {
        this.#plans.set(plan.uid, this.#control(plan, stored.status, epoch));
        this.#missing.delete(plan.uid);
      }
    }
    // Of a run that is not known as a whole, no other could tell what it holds.
    const isPartial = known.some(({ uid, status }) => !this.#plans.has(uid) && isUnderWay(status));
    if (!isPartial) for (const uid of plans.keys()) this.#plans.get(uid)?.look();
    this.store.lookAhead(new Set([...this.#plans.values()].flatMap((plan) => plan.lookAhead)));
    if (this.#term !== undefined) {
      this.#policyStatus.tell(this.store.updatePolicy(), this.#policy(), this.#term.signal);
      if (this.store.runs.isSynced && !isBlind && !isPartial) {
        this.#runs.tell(this.#told(), this.#term.signal);
      }
    }
    const leftovers = isBlind
      ? []
      : tidy({ ...world, left: this.store.nodesOfOtherRuns(runs), activeRuns: runs, epoch });
    void this.#tidyUp([...leftovers, ...this.#answered()]);
    this.#sleep(running || isForgotten);
    return !isAnybodyAtWork && !isBlind && leftovers.length === 0;
  }

  /** Chunks come by a watch of their own, which may be behind for a moment; what is longer away is told. */
  #tellMissing({ name, uid }: TrimmedPlan, names: readonly string[]): void {
    const nowMs = performance.now();
    const since = this.#missing.get(uid) ?? { atMs: nowMs, isTold: false };
    const isDue = !since.isTold && nowMs >= since.atMs + MISSING_MS;
    this.#missing.set(uid, { ...since, isTold: since.isTold || isDue });
    if (!isDue) return;
    const message = `PlanTargets ${nameList(names)} of its run are not there, or older than its status: without them nobody knows which nodes it is about, and nothing goes on`;
    this.#options.log.error({ plan: name, missing: names.length }, message);
    this.#options.recorder.emit({
      ...{ type: 'Warning', reason: 'TargetsMissing', message },
      regarding: { apiVersion: API_VERSION, kind: 'Plan', name, uid },
    });
  }

  #control(plan: TrimmedPlan, stored: StoredPlanStatus | undefined, epoch: number): PlanController {
    const { kube, recorder, log, identity, onStatus } = this.#options;
    const current = () => {
      const now = this.store.plans.get(plan.name);
      return now?.uid === plan.uid ? now : undefined;
    };
    return new PlanController({
      kube,
      recorder,
      identity,
      onStatus,
      onTransitions: (news) => this.#runs.note(plan.name, news),
      log: log.child({ plan: plan.name }),
      plan: current,
      stored,
      chunks: this.store.planTargets,
      facts: (status) => this.#facts(current(), status, epoch),
      perform: (actions, signal) => this.#perform(actions, signal),
      onSettled: () => this.#wake(),
      withheld: () => {
        const lost = this.#lostFields();
        return losesRuns(lost) ? describeMissing(lost) : undefined;
      },
      onOdd: () => this.#definition.doubt(),
    });
  }

  #lostFields(): readonly string[] {
    return lackingFields(this.#definition.lost, this.store.apis.check());
  }

  /** Beneath the definition of k0s a run of ours looked like one of its own. */
  async #rereadPlans(): Promise<void> {
    for (const plan of [...this.store.plans.values()].filter(isLeftHalfRun)) {
      const path = `${PLANS}/${encodeURIComponent(plan.name)}`;
      const { signal, kube } = this.#options;
      this.store.plans.reread(await kube.request('GET', path, { signal }));
      if (!isLeftHalfRun({ status: this.#plans.get(plan.uid)?.told })) continue;
      this.#plans.get(plan.uid)?.stop();
      this.#plans.delete(plan.uid);
    }
  }

  #facts(
    plan: TrimmedPlan | undefined,
    status: PlanFacts['plan']['status'],
    epoch: number,
  ): PlanFacts | undefined {
    const { sightedSinceMs } = this.store;
    // Nothing is judged blindly, nor on health that nobody has asked for yet.
    if (plan === undefined || sightedSinceMs === undefined || !this.store.isProbed)
      return undefined;
    // What has never been asked is not known by the next look: the answer is on its way.
    const apiCheck = this.store.apis.check();
    if (apiCheck === undefined && mayBegin({ ...plan, status })) return undefined;
    const lostFields = this.#definition.lost;
    if (lostFields === undefined && needsDefinition({ ...plan, status })) return undefined;
    const nowMs = Date.now();
    const policy = this.#policy();
    const world = { nodes: this.store.nodes(), controlNodes: this.store.controlNodes() };
    const { installedAtMs } = this.store.apis;
    const isHeld = (other: QueuedPlan) =>
      holdOf({ nowMs, policy, plan: other }) !== undefined || isFromBefore(other, installedAtMs);
    return {
      nowMs,
      serverNowMs: this.store.serverNowMs,
      sightedSinceMs: Math.max(sightedSinceMs, this.#leadingSinceMs),
      writes: this.#actions.pace(),
      nodesBeingWritten: this.#actions.nodesBeingWritten(),
      plan: { ...plan, status },
      ...othersOf({ ...plan, status }, this.#queue(), { world, isHeld }),
      policy,
      epoch,
      ...world,
      budgets: this.store.budgets(),
      quarantined: this.store.quarantined(),
      lostFields,
      apiCheck: apiCheck ?? { kind: 'unknown', message: 'not asked' },
      gates: this.store.gates.answers(plan.uid),
      baseline: this.store.gates.baseline(plan.uid),
      jobs: this.store.jobs.facts(),
    };
  }

  /** By the stored status, and not by the one that may be newer: the answer must outlive the request. */
  #answered(): Action[] {
    return [...this.store.plans.values()].flatMap(({ name, requests, status }) => {
      const nonces = answeredLongAgo(requests, status);
      return nonces.length === 0 ? [] : [{ kind: 'dropRequests', name, nonces }];
    });
  }

  #policy(): ClusterPolicy {
    return clusterPolicy(this.#options.policy, this.store.updatePolicy());
  }

  #told(): ToldPlan[] {
    return [...this.store.plans.values()].map((plan) => {
      const controller = this.#plans.get(plan.uid);
      return { plan, status: controller?.told ?? this.store.whole(plan).status };
    });
  }

  #queue(): QueuedPlan[] {
    return [...this.store.plans.values()].map((plan) => {
      const controller = this.#plans.get(plan.uid);
      return controller === undefined
        ? this.store.whole(plan)
        : {
            ...plan,
            status: controller.newest,
            isStoredInFlight: controller.isStoredInFlight,
          };
    });
  }

  async #perform(actions: readonly Action[], signal: AbortSignal): Promise<void> {
    const { ownHost, onOwnHostNext } = this.#options;
    if (!this.#isAlone && appliesOwnHost(actions, ownHost, this.store.controlNodes())) {
      onOwnHostNext();
      throw new Error(`${ownHost} comes next, where this runs: another one is to lead meanwhile`);
    }
    await this.#actions.perform(actions, signal);
  }

  async #tidyUp(actions: readonly Action[]): Promise<void> {
    const term = this.#term;
    const nowMs = performance.now();
    if (actions.length === 0 || this.#isTidying || term === undefined) return;
    if (nowMs < this.#tidiedAtMs + TIDY_PAUSE_MS) return;
    this.#isTidying = true;
    this.#tidiedAtMs = nowMs;
    try {
      await this.#perform(actions, term.signal);
    } catch (thrown) {
      if (!term.signal.aborted) {
        this.#options.log.warn(
          { error: messageOf(thrown) },
          'leftovers not tidied up, will try again',
        );
      }
    } finally {
      this.#isTidying = false;
    }
  }

  #sleep(running: boolean): void {
    clearTimeout(this.#deadline);
    const until = [...this.#plans.values()].flatMap(({ untilMs }) =>
      untilMs === undefined ? [] : [untilMs],
    );
    const deadlineMs = Math.max(0, Math.min(...until) - Date.now());
    const waitMs = Math.min(deadlineMs, running ? RUNNING_TICK_MS : TIDY_PAUSE_MS * 5);
    this.#deadline = setTimeout(() => this.#wake(), waitMs);
  }
}

/** Also where a retry is to be judged like a beginning. */
function mayBegin(plan: QueuedPlan): boolean {
  return !plan.deleted && (wantsToRun(plan) || isAskedOf(plan));
}

/** Whether a run of ours is stored there, or may be. */
function needsDefinition(plan: Pick<QueuedPlan, 'status'>): boolean {
  return isUnderWay(plan.status) || isLeftHalfRun(plan);
}

function versionsToCheck({ spec }: QueuedPlan): string[] {
  return 'invalid' in spec ? [] : checkedVersions(spec);
}

function isAskedOf({ requests, status, deleted }: QueuedPlan): boolean {
  return !deleted && isAsked(requests, status?.requestResults);
}
