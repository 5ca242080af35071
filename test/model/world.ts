import { durationMs } from '../../src/api/duration.ts';
import type { Command, PlanSpec, Role, StoredPlanStatus } from '../../src/api/plan.ts';
import type { PolicyLayer } from '../../src/api/policy.ts';
import type { Approval } from '../../src/api/policy-batches.ts';
import type { DrainOutcome } from '../../src/api/policy-drain.ts';
import type { FailureOutcome, RollbackScope } from '../../src/api/policy-failure.ts';
import type { HookSpec } from '../../src/api/policy-hooks.ts';
import type { Request, Verb } from '../../src/api/requests.ts';
import { type Decision, decide } from '../../src/plans/decide.ts';
import type {
  Action,
  ControlNodeFacts,
  JobFacts,
  NewOrder,
  NodeFacts,
  PlanFacts,
  QuarantineFacts,
} from '../../src/plans/facts.ts';
import { tidy } from '../../src/plans/orphans.ts';
import { NO_OTHERS } from '../../src/plans/others.ts';
import { targetsOf } from '../../src/plans/progress.ts';
import { activeRuns } from '../../src/plans/queue.ts';
import { lastingOf } from '../../src/plans/run.ts';
import type { Order } from '../../src/signals/order.ts';
import { aPolicy, passing, podsLeft } from '../support/builders.ts';
import { type Fate, hostOf, orderText, SimulatedHost } from './simulated-host.ts';

export interface WorldOptions {
  readonly controllers: readonly Fate[];
  readonly workers: readonly Fate[];
  readonly concurrent: number;
  /** An image bundle goes to every Node first. */
  readonly bundle?: boolean;
  /** So many controllers are workers as well. */
  readonly hybrids?: number;
  /** Updates may be begun in every other minute only. */
  readonly windows?: boolean;
  readonly maxFailures?: number;
  /** Workers of odd numbers are in zone a, those of even ones in zone b. */
  readonly batches?: PolicyLayer['batches'];
  /** So many workers were cordoned by somebody before. */
  readonly cordoned?: number;
  /** Nothing has to go from so many workers, the last ones. */
  readonly empty?: number;
  readonly onDrainTimeout?: DrainOutcome;
  readonly onFailure?: FailureOutcome;
  readonly scope?: RollbackScope;
  readonly approvals?: readonly Approval[];
  /** A Job has to have succeeded before each node is begun, and after it. */
  readonly hooks?: boolean;
  readonly from?: string;
  readonly to?: string;
}

const HOOK: HookSpec = { name: 'look', when: ['BeforeNode', 'AfterNode'], job: {} };

const ZONE = 'topology.kubernetes.io/zone';
export const STEP_MS = 5_000;

/** One thing that may happen next. */
export type Happening =
  | { readonly kind: 'look' }
  /** The leader looks, and of what it writes to Nodes every so many-th is not answered yet; or never comes to be. */
  | { readonly kind: 'lookSlowly'; readonly every: number; readonly isLost: boolean }
  /** All that has not been answered is. */
  | { readonly kind: 'answers' }
  | { readonly kind: 'agent'; readonly at: number }
  | { readonly kind: 'time' }
  /** The leader dies: what it had not written is forgotten, and the next one has a higher epoch. */
  | { readonly kind: 'crash' }
  /** The leader dies after writing status and before carrying out the rest of its actions. */
  | { readonly kind: 'crashAfter'; readonly actions: number }
  /** Somebody pulls the brake in the policy, or lets it go. */
  | { readonly kind: 'pauses' }
  | { readonly kind: 'resumes' }
  /** Somebody asks something of the Plan. */
  | { readonly kind: 'asks'; readonly verb: Verb }
  /** The cause of a failure is mended. */
  | { readonly kind: 'cures'; readonly at: number }
  /** Somebody takes our taint from a node. */
  | { readonly kind: 'untaints'; readonly at: number }
  | { readonly kind: 'breaks'; readonly at: number }
  | { readonly kind: 'mends'; readonly at: number };

/** A cluster, an API server that never lies, a leader and its agents; promises are checked at every write. */
export class World {
  readonly controllers: SimulatedHost[];
  readonly workers: SimulatedHost[];
  readonly concurrent: number;
  readonly hybrids: ReadonlySet<SimulatedHost>;
  readonly #bundle: boolean;
  readonly #policy: PolicyLayer;
  readonly #maxFailures: number;
  readonly #soakMs: number;
  /** By name of the worker: the run and the batch that it was begun in. */
  readonly #begunIn = new Map<string, string>();
  #givenBackMs = 0;
  /** What people have asked of the Plan. */
  readonly requests: Request[] = [];
  /** What has failed, until somebody lifts that. */
  readonly quarantined: QuarantineFacts[] = [];
  /** By name: what it was begun for, and when it ends. */
  readonly jobs = new Map<string, { readonly of: string; readonly endsAtMs: number }>();
  /** Nodes with a write that is not answered yet, as they were before it. */
  readonly #unanswered = new Map<string, NodeFacts>();
  readonly #readySinceMs = new Map<SimulatedHost, number>();
  /** Controllers that were down have been repaired without a backup. */
  #aControllerBroke = false;
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  epoch = 1;
  sightedSinceMs = 0;
  stored: StoredPlanStatus | undefined;
  known: StoredPlanStatus | undefined;
  readonly spec: PlanSpec;
  readonly violations: string[] = [];
  paused = false;
  last: Decision | undefined;

  constructor(options: WorldOptions) {
    const from = options.from ?? 'v1.36.1+k0s.0';
    const version = options.to ?? 'v1.36.3+k0s.0';
    this.controllers = options.controllers.map(
      (fate, at) => new SimulatedHost(`cp-${at + 1}`, from, fate),
    );
    this.workers = options.workers.map((fate, at) => new SimulatedHost(`w-${at + 1}`, from, fate));
    this.concurrent = options.concurrent;
    this.hybrids = new Set(this.controllers.slice(0, options.hybrids ?? 0));
    const all = { discovery: { selector: {} } };
    const workers = { ...all, limits: { concurrent: options.concurrent } };
    const update: Command = {
      k0supdate: {
        version,
        platforms: { 'linux-amd64': { url: 'http://mirror.example/k0s' } },
        targets: { controllers: { ...all, limits: { concurrent: 1 } }, workers },
      },
    };
    const bundle: Command = {
      airgapupdate: {
        version: 'images of March',
        platforms: { 'linux-amd64': { url: 'http://mirror.example/images.tar' } },
        workers,
      },
    };
    const maxFailures = options.maxFailures ?? 0;
    this.#maxFailures = options.onFailure === 'Continue' ? Number.POSITIVE_INFINITY : maxFailures;
    this.#policy = {
      maxFailures,
      onFailure: options.onFailure,
      rollback: { scope: options.scope },
      drain: { onTimeout: options.onDrainTimeout },
      approvals: [...(options.approvals ?? [])],
      ...(options.hooks ? { hooks: [HOOK] } : {}),
      ...(options.batches === undefined ? {} : { batches: options.batches }),
      ...(options.windows ? { windows: [{ cron: '*/2 * * * *', length: '1m' }] } : {}),
    };
    this.#soakMs = durationMs(options.batches?.soak ?? '0s');
    for (const host of this.workers.slice(0, options.cordoned ?? 0)) host.unschedulable = true;
    for (const host of this.workers.slice(this.workers.length - (options.empty ?? 0))) {
      host.pods = 0;
    }
    this.#bundle = options.bundle === true && this.bundled.length > 0;
    const commands = this.#bundle ? [bundle, update] : [update];
    this.spec = { id: 'x', timestamp: 'now', commands };
  }

  /** Who gets the bundle: whatever has a Node. */
  get bundled(): SimulatedHost[] {
    return [...this.hybrids, ...this.workers];
  }

  /** A hybrid's two objects have two names. */
  nodeNameOf(host: SimulatedHost): string {
    return this.hybrids.has(host) ? `node-of-${host.name}` : host.name;
  }

  get hosts(): SimulatedHost[] {
    return [...this.controllers, ...this.workers];
  }

  get isOver(): boolean {
    return this.stored?.finishedAt !== undefined;
  }

  happen(what: Happening): void {
    const host = 'at' in what ? this.hosts[what.at % this.hosts.length] : undefined;
    switch (what.kind) {
      case 'look':
        this.look(Number.POSITIVE_INFINITY);
        break;
      case 'lookSlowly':
        this.look(Number.POSITIVE_INFINITY, what);
        break;
      case 'answers':
        this.#unanswered.clear();
        break;
      case 'agent':
        host?.step(this.nowMs);
        break;
      case 'time':
        this.nowMs += STEP_MS;
        // What was to be written late has been by now.
        this.stored = this.known;
        break;
      case 'crash':
        this.#succeed();
        break;
      case 'crashAfter':
        this.look(what.actions);
        this.#succeed();
        break;
      case 'pauses':
        this.paused = true;
        break;
      case 'resumes':
        this.paused = false;
        break;
      case 'asks':
        this.requests.push({ nonce: `${this.requests.length}`, verb: what.verb, by: 'ann' });
        break;
      case 'cures':
        if (host !== undefined) host.fate = 'good';
        break;
      case 'untaints':
        if (host?.softTaint === undefined) break;
        host.softTaint = undefined;
        break;
      case 'breaks':
        if (host !== undefined) host.broken = true;
        if (host !== undefined && this.controllers.includes(host)) this.#aControllerBroke = true;
        break;
      case 'mends':
        if (host !== undefined) host.broken = false;
        break;
    }
  }

  /** Another leader takes over, and knows what is stored. */
  #succeed(): void {
    this.#unanswered.clear();
    this.known = this.stored;
    this.epoch++;
    this.sightedSinceMs = this.nowMs;
  }

  /**
   * One pass of the leader; only the first `limit` actions reach the world.
   * @param slowly which writes to Nodes are answered late
   */
  look(limit: number, slowly?: { readonly every: number; readonly isLost: boolean }): Decision {
    const decision = decide(this.facts());
    this.last = decision;
    if ('status' in decision) {
      this.known = decision.status;
      // What can be observed again may be written late; everything else is written before it is acted upon.
      const isLate =
        decision.kind === 'wait' ||
        (decision.kind === 'act' && lastingOf(this.stored) === lastingOf(decision.status));
      if (!isLate) this.stored = decision.status;
    }
    if (decision.kind === 'act') this.#performAll(decision.actions.slice(0, limit), slowly);
    if (limit === Number.POSITIVE_INFINITY) this.#checkSoftTaintsAfter(decision);
    const { plan, nodes, controlNodes } = this.facts();
    const queued = { ...plan, createdAtMs: 0, appliedAtMs: 0, status: this.known };
    const leftovers = { nodes, controlNodes, activeRuns: activeRuns([queued]), epoch: this.epoch };
    this.#performAll(tidy(leftovers));
    return decision;
  }

  /** What is being written to already is left alone; where others than Nodes are written to, all is waited for. */
  #performAll(
    actions: readonly Action[],
    slowly?: { readonly every: number; readonly isLost: boolean },
  ): void {
    const nodes = new Set(this.bundled.map((host) => this.nodeNameOf(host)));
    const isOfNode = (action: Action) =>
      nodes.has(action.name) && !('role' in action && action.role === 'controller');
    const mayBeLate = slowly !== undefined && actions.every(isOfNode);
    const seen = mayBeLate ? this.facts().nodes : undefined;
    let sent = 0;
    for (const action of actions) {
      const { name } = action;
      if (this.#unanswered.has(name)) continue;
      const isLate = mayBeLate && sent++ % slowly.every === 0;
      if (isLate) this.#unanswered.set(name, seen!.get(name)!);
      if (!isLate || !slowly.isLost) this.#perform(action);
    }
  }

  facts(): PlanFacts {
    return {
      nowMs: this.nowMs,
      sightedSinceMs: this.sightedSinceMs,
      plan: {
        name: 'autopilot',
        uid: '01234567-89ab',
        generation: 1,
        spec: this.spec,
        status: this.known,
        requests: this.requests,
        deleted: false,
      },
      plansBefore: [],
      others: NO_OTHERS,
      policy: aPolicy({ ...this.#policy, paused: this.paused }),
      epoch: this.epoch,
      gates: passing(this.nowMs),
      baseline: { kind: 'stored' },
      jobs: new Map([...this.jobs].map(([name, { endsAtMs }]) => [name, this.#job(endsAtMs)])),
      nodes: new Map([
        ...this.bundled.map((host) => [this.nodeNameOf(host), this.#node(host)] as const),
        ...this.#unanswered,
      ]),
      nodesBeingWritten: new Set(this.#unanswered.keys()),
      controlNodes: new Map(this.controllers.map((host) => [host.name, this.#controlNode(host)])),
      budgets: [],
      quarantined: this.quarantined,
      apiCheck: { kind: 'known', inUse: [] },
    };
  }

  #job(endsAtMs: number): JobFacts {
    return { state: endsAtMs > this.nowMs ? 'Running' : 'Succeeded', message: '' };
  }

  #node(host: SimulatedHost): NodeFacts {
    const [orderId, kept] = host.mark?.split('/') ?? [];
    const absent = { kind: 'absent' as const };
    return {
      ...hostOf(host),
      name: this.nodeNameOf(host),
      labels: { [ZONE]: this.workers.indexOf(host) % 2 === 0 ? 'a' : 'b' },
      // The one agent of a hybrid listens on its ControlNode.
      ...(this.hybrids.has(host) ? { order: absent, orderText: undefined, report: absent } : {}),
      ready: host.isReady ? 'True' : 'False',
      kubeletVersion: host.version.replace(/\.\d+$/, ''),
      unschedulable: host.unschedulable,
      cordon: orderId === undefined ? undefined : { orderId, ours: kept === undefined },
      renewals: host.renewals,
      softTaint: host.softTaint,
      toGo: host.pods,
      drain: host.mark === undefined ? undefined : podsLeft(host.pods),
    };
  }

  #controlNode(host: SimulatedHost): ControlNodeFacts {
    if (!host.isReady) this.#readySinceMs.delete(host);
    else if (!this.#readySinceMs.has(host)) this.#readySinceMs.set(host, this.nowMs);
    const sinceMs = this.#readySinceMs.get(host) ?? this.nowMs;
    const ready = host.isReady ? 'True' : 'False';
    return {
      ...hostOf(host),
      nodeName: this.nodeNameOf(host),
      mode: this.hybrids.has(host) ? 'controller+worker' : 'controller',
      k0sVersion: host.version,
      apiServer: { ready, message: 'down', atMs: this.nowMs, sinceMs },
    };
  }

  #perform(action: Action): void {
    const isOfNode = action.kind !== 'order' && action.kind !== 'removeOrder';
    const host = this.hosts.find((one) =>
      isOfNode && this.hybrids.has(one)
        ? [one.name, this.nodeNameOf(one)].includes(action.name)
        : one.name === action.name,
    );
    if (action.kind === 'dropRequests') return;
    if (action.kind === 'quarantine') {
      const isThere = this.quarantined.some(({ name }) => name === action.name);
      if (!isThere) this.quarantined.push({ name: action.name, ...action.spec });
      return;
    }
    if (action.kind === 'job') {
      if (this.jobs.has(action.name)) return;
      this.jobs.set(action.name, { of: action.of, endsAtMs: this.nowMs + 2 * STEP_MS });
      return;
    }
    if (host === undefined) throw new Error(`no host ${action.name}`);
    switch (action.kind) {
      case 'order':
        this.#order(host, action.role, action);
        return;
      case 'removeOrder':
        host.order = undefined;
        return;
      case 'cordon': {
        const isController = this.hybrids.has(host);
        if (isController) this.#checkControllerStart(host);
        else this.#checkStart(host);
        if (host.order?.artifact.from === undefined) {
          if (host.mark === undefined) {
            this.#checkPoints(host, isController ? 'Controllers' : 'Workers');
          }
          if (!isController) this.#checkBatch(host);
        }
        if (this.#isBraked) this.#broken('P1', `${host.name} is cordoned`);
        if (this.stored?.aborted !== undefined) this.#broken('A1', `${host.name} is cordoned`);
        const isBack = host.order?.artifact.from !== undefined;
        if (this.#isClosed && host.mark === undefined && !isBack) {
          this.#broken('P2', `${host.name} is cordoned`);
        }
        host.mark =
          host.unschedulable && host.mark === undefined ? `${action.orderId}/kept` : action.orderId;
        host.unschedulable = true;
        if (action.softTaint !== undefined && host.softTaint === action.softTaint) {
          host.softTaint = undefined;
        }
        if (action.apply !== undefined) {
          if (host.pods > 0) this.#broken('S2', `${host.name} is not empty, and told to apply`);
          this.#order(host, 'worker', action.apply);
        }
        return;
      }
      case 'uncordon':
        if (host.mark !== undefined && !host.mark.endsWith('/kept')) host.unschedulable = false;
        host.mark = undefined;
        if (!this.hybrids.has(host)) this.#givenBackMs = this.nowMs;
        if (host.softTaint === action.softTaint) host.softTaint = undefined;
        if (action.order !== undefined && orderText(host) === action.order) host.order = undefined;
        return;
      case 'softTaint':
        this.#checkSoftTaint(host, action.run);
        host.softTaint = action.run;
        return;
      case 'removeSoftTaint':
        if (host.softTaint === action.run) host.softTaint = undefined;
        return;
      case 'evict':
        if (host.fate !== 'stuckPods') host.pods = Math.max(0, host.pods - 1);
    }
  }

  #order(host: SimulatedHost, role: Role, { order, replaces }: NewOrder): void {
    if (orderText(host) !== replaces) return;
    this.#checkSequence(host, order);
    this.#checkBrake(host, order);
    this.#checkAborted(host, order);
    if (order.artifact.from === undefined) this.#checkWindow(host, order);
    if (order.goal === 'apply' && host.order?.goal !== 'apply') {
      const { artifact } = order;
      if (
        artifact.kind === 'k0s' &&
        artifact.from === undefined &&
        role === 'controller' &&
        host.mark === undefined
      ) {
        this.#checkPoints(host, 'Controllers');
      }
      if (order.artifact.kind === 'airgap') this.#checkDelivery(host);
      else if (order.artifact.from === 'previous') this.#checkWayBack(host, role);
      else this.#checkApply(host, role);
      this.#checkEmptied(host, order);
    }
    host.order = order;
  }

  /** A person has looked, and the hook of the node has succeeded, before anything is taken away from it. */
  #checkPoints({ name }: SimulatedHost, of: 'Controllers' | 'Workers'): void {
    const command = this.stored?.commands?.find(({ k0supdate }) => k0supdate !== undefined);
    const { approvals = [], hooks } = this.#policy;
    const given = new Set(command?.approvals?.map((one) => one.of));
    const batch = command?.batch?.number ?? 1;
    const wanted = [
      ...(approvals.includes(`Before${of}`) ? [of] : []),
      ...(of === 'Workers' && approvals.includes('BeforeEachBatch') ? [`Batch/${batch}`] : []),
    ];
    for (const one of wanted) {
      const isCovered = one === 'Batch/1' && wanted.includes('Workers');
      if (!given.has(one) && !isCovered) this.#broken('H1', `${name} before ${one} was approved`);
    }
    if (hooks === undefined) return;
    const hook = `hook look at BeforeNode/${name}`;
    const isDone = [...this.jobs.values()].some(
      (job) => job.of === hook && job.endsAtMs <= this.nowMs,
    );
    if (!isDone) this.#broken('H2', `${name} before its hook`);
  }

  /** A command begins when the one before it has done all of its work. */
  #checkSequence(host: SimulatedHost, order: Order): void {
    if (order.artifact.kind === 'airgap' || !this.#bundle) return;
    const open = this.bundled.filter(({ delivered }) => delivered === undefined);
    if (open.length > 0) this.#broken('B1', `${host.name} before ${open.map(({ name }) => name)}`);
  }

  /** The brake: no download and no swap is begun; a verdict, and taking back, is not held up. */
  #checkBrake(host: SimulatedHost, { id, goal }: Order): void {
    if (!this.#isBraked || (goal !== 'stage' && goal !== 'apply')) return;
    if (host.order?.id === id && host.order.goal === goal) return;
    this.#broken('P1', `${host.name} is told to ${goal}`);
  }

  /** Once nothing may be begun, or the run is over, only who is under way still has one, until it is given back. */
  #checkSoftTaintsAfter({ kind }: Decision): void {
    const isHeld = this.#isHeld(this.stored);
    if (kind !== 'end' && !(isHeld && (kind === 'act' || kind === 'wait'))) return;
    const left = this.workers.filter(
      (one) =>
        one.softTaint !== undefined &&
        one.mark === undefined &&
        // It goes when it has been seen; what is not answered holds the end up.
        (kind === 'end' || !this.#unanswered.has(one.name)),
    );
    if (left.length > 0) this.#broken('S8', `taint left on ${left.map(({ name }) => name)}`);
  }

  /** Only who waits for its turn, and only while something may be begun. */
  #checkSoftTaint(host: SimulatedHost, run: string): void {
    const doubt =
      run !== this.known?.runID || host.mark !== undefined || host.isApplied
        ? 'not its turn to wait'
        : this.#isHeld(this.stored)
          ? 'nothing may be begun'
          : undefined;
    if (doubt !== undefined) this.#broken('S8', `taint on ${host.name}: ${doubt}`);
  }

  get #isBraked(): boolean {
    return this.paused || this.stored?.paused !== undefined;
  }

  /** Once somebody has asked for the end nothing is begun. */
  #checkAborted(host: SimulatedHost, { id, goal }: Order): void {
    if (this.stored?.aborted === undefined || (goal !== 'stage' && goal !== 'apply')) return;
    if (host.order?.id === id && host.order.goal === goal) return;
    this.#broken('A1', `${host.name} is told to ${goal}`);
  }

  /** Whether nothing may be begun; a window does not hold what is put back. */
  #isHeld(status: StoredPlanStatus | undefined): boolean {
    const isBack = status?.rollback !== undefined;
    return this.#isBraked || (this.#isClosed && !isBack) || status?.aborted !== undefined;
  }

  get #isClosed(): boolean {
    return this.#policy.windows !== undefined && Math.floor(this.nowMs / 60_000) % 2 === 1;
  }

  /** Outside of the windows nothing is begun; what was begun in one is brought to its end. */
  #checkWindow(host: SimulatedHost, { id, goal }: Order): void {
    if (!this.#isClosed || (goal !== 'stage' && goal !== 'apply')) return;
    const isBegun = host.order?.id === id && (host.order.goal === goal || host.mark !== undefined);
    if (!isBegun) this.#broken('P2', `${host.name} is told to ${goal}`);
  }

  #checkDelivery(host: SimulatedHost): void {
    this.#checkNotStopped(host);
    const open = this.hosts.filter(
      ({ order, signal }) =>
        order?.artifact.kind === 'airgap' &&
        // Called back: whether an agent that is silent still fetches it, nobody can know.
        order.goal !== 'undo' &&
        !(signal?.id === order.id && ['Committed', 'Cancelled', 'Failed'].includes(signal.phase)),
    );
    const limit = Math.min(this.concurrent, 5);
    if (open.length >= limit) this.#broken('B2', `${host.name} beside ${open.length} of ${limit}`);
  }

  /** A backup was made, or this very order makes one first. */
  #checkSaved(host: SimulatedHost): void {
    const saved = this.controllers.some(({ signal }) => signal?.backup !== undefined);
    if (saved || host.order?.backup !== undefined || this.#aControllerBroke) return;
    this.#broken('B3', `${host.name} before anything was saved`);
  }

  /** S7: workers go back before controllers; what is put back is put back one controller at a time as well. */
  #checkWayBack(host: SimulatedHost, role: string): void {
    if (role !== 'controller') return;
    this.#checkAlone(host);
    const open = this.workers.filter(
      ({ order, signal }) =>
        order?.artifact.from === 'previous' &&
        !(
          signal?.id === order.id &&
          ['Committed', 'Undone', 'Failed', 'Cancelled'].includes(signal.phase)
        ) &&
        order.goal !== 'cancel' &&
        order.goal !== 'undo',
    );
    if (open.length > 0) this.#broken('S7', `${host.name} before ${open.map(({ name }) => name)}`);
  }

  #checkAlone(host: SimulatedHost): void {
    const others = this.controllers.filter((one) => one !== host);
    const inFlight = others.filter(
      (one) =>
        one.isApplied ||
        (this.hybrids.has(one) && one.mark !== undefined) ||
        (one.order?.goal === 'apply' && one.signal?.phase === 'Staged'),
    );
    if (inFlight.length > 0)
      this.#broken('S2', `${host.name} beside ${inFlight.map(({ name }) => name)}`);
    const down = others.filter(({ isReady }) => !isReady);
    if (down.length > 0)
      this.#broken('S2', `${host.name} while ${down.map(({ name }) => name)} down`);
  }

  /** A controller that runs pods is emptied like a worker, one at a time, unless its Node is the only one. */
  #checkEmptied(host: SimulatedHost, { artifact }: Order): void {
    if (artifact.kind === 'airgap' || !this.hybrids.has(host)) return;
    const isOnly = this.bundled.length === 1;
    const mayForce = this.#policy.drain?.onTimeout === 'Force' || artifact.from !== undefined;
    if (isOnly && host.mark !== undefined)
      this.#broken('S2', `${host.name}, the only Node, is cordoned`);
    if (isOnly || (host.mark !== undefined && (host.pods === 0 || mayForce))) return;
    this.#broken('S2', `${host.name} with ${host.pods} pods, mark ${host.mark}`);
  }

  #checkControllerStart(host: SimulatedHost): void {
    if (host.mark !== undefined) return;
    this.#checkAlone(host);
    if (host.order?.artifact.from === undefined) this.#checkNotStopped(host);
  }

  #checkApply(host: SimulatedHost, role: string): void {
    if (role === 'controller') {
      this.#checkSaved(host);
      this.#checkAlone(host);
    } else {
      this.#checkControllersDone(host);
    }
    this.#checkNotStopped(host);
  }

  #checkStart(host: SimulatedHost): void {
    if (host.mark !== undefined) return;
    if (host.order?.artifact.from === undefined) {
      this.#checkControllersDone(host);
      this.#checkNotStopped(host);
    }
    const unavailable = this.workers.filter(
      (one) => one === host || !one.isReady || (one.unschedulable && !this.#isOutOfService(one)),
    );
    const wasDown = !host.isReady || host.unschedulable;
    const underWay = this.workers.filter(({ mark }) => mark !== undefined).length + 1;
    if (wasDown ? underWay > this.concurrent : unavailable.length > this.concurrent) {
      this.#broken(
        'S3',
        `${host.name}: ${unavailable.map(({ name }) => name)} of ${this.concurrent}`,
      );
    }
  }

  /** Taken out of service by somebody before the run. */
  #isOutOfService({ name, mark }: SimulatedHost): boolean {
    const told = this.known?.commands?.at(-1)?.k0supdate?.workers?.find((one) => one.name === name);
    return mark === undefined && told?.cordoned === true;
  }

  /** Never two batches in flight, none larger than it says, and a soak between two. */
  #checkBatch(host: SimulatedHost): void {
    if (host.mark !== undefined) return;
    const batch = this.stored?.commands?.at(-1)?.batch;
    const own = `${this.stored?.runID} ${batch?.number}`;
    const isNew = ![...this.#begunIn.values()].includes(own);
    this.#begunIn.set(host.name, own);
    const members = [...this.#begunIn.values()].filter((one) => one === own).length;
    if (batch === undefined || members > batch.size) {
      this.#broken('C1', `${host.name} is one of ${members} in batch ${own} of ${batch?.size}`);
    }
    const others = this.workers.filter(
      (one) =>
        one !== host &&
        (one.mark !== undefined || one.isApplied) &&
        this.#begunIn.get(one.name) !== own,
    );
    if (others.length > 0) this.#broken('C1', `${host.name} beside ${others.map((o) => o.name)}`);
    const isFirst = batch?.number === 1;
    if (isNew && !isFirst && this.nowMs < this.#givenBackMs + this.#soakMs) {
      this.#broken('C2', `${host.name} ${this.nowMs - this.#givenBackMs} ms after the last batch`);
    }
  }

  #checkControllersDone(host: SimulatedHost): void {
    const open = this.controllers.filter(({ kept, before }) => kept === before);
    if (open.length > 0) this.#broken('S1', `${host.name} before ${open.map(({ name }) => name)}`);
  }

  /** S6: the world has told the leader of a failure, and it had a look since. */
  #checkNotStopped(host: SimulatedHost): void {
    const failed = this.hosts.filter(
      ({ signal }) =>
        (signal?.phase === 'Failed' || signal?.phase === 'Undone') &&
        // Of a run or an attempt before this one: somebody has asked to try again.
        this.#isOfNow(signal.id),
    );
    const isTooMuch =
      failed.length > this.#maxFailures ||
      failed.some((one) => this.controllers.includes(one) && one.order?.artifact.kind === 'k0s');
    if (isTooMuch) this.#broken('S6', `${host.name} after ${failed.map(({ name }) => name)}`);
  }

  #isOfNow(id: string): boolean {
    const { runID, commands } = this.stored ?? {};
    return (commands ?? []).some((command) =>
      targetsOf(command).some(({ attempts }) => id === `${runID}.${command.id}.${attempts}`),
    );
  }

  #broken(promise: string, what: string): void {
    this.violations.push(`${promise}: ${what}`);
  }

  /** Lets everything that can happen happen, in turn, until the run is over. */
  settle(maxRounds = 4_000): void {
    for (const host of this.hosts) host.broken = false;
    this.paused = false;
    this.happen({ kind: 'asks', verb: 'resume' });
    for (let round = 0; round < maxRounds && !this.isOver; round++) this.round();
  }

  /** Somebody has looked, where that is waited for. */
  letPass(): void {
    // What was said before an answer may be mended by it.
    if (this.last?.kind === 'answer') return;
    const waiting = this.known?.conditions?.find(({ type }) => type === 'Waiting');
    if (waiting?.status !== 'True' || waiting.reason !== 'WaitsForApproval') return;
    this.happen({ kind: 'asks', verb: 'approve' });
  }

  round(): void {
    this.happen({ kind: 'answers' });
    this.happen({ kind: 'look' });
    this.letPass();
    for (let at = 0; at < this.hosts.length; at++) this.happen({ kind: 'agent', at });
    this.happen({ kind: 'time' });
  }
}
