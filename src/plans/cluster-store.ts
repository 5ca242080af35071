import { UPDATE_POLICY } from '../api/meta.ts';
import type { Role } from '../api/plan.ts';
import { createDrainClient, type DrainClient } from '../drain/drain-client.ts';
import { createPodStore, type PodStore } from '../drain/pod-store.ts';
import { createGateRunner, type GateRunner } from '../gates/gate-client.ts';
import { type ReadyzProber, startReadyzProber } from '../health/readyz-client.ts';
import { type ApiCheckClient, createApiCheckClient } from '../kube/api-check-client.ts';
import type { Kube } from '../kube/client.ts';
import { controlNodeFacts } from '../kube/control-node-facts.ts';
import { type Change, type Informer, startInformer } from '../kube/informer.ts';
import { type JobClient, startJobClient } from '../kube/job-client.ts';
import { createLeaseStore, type LeaseStore } from '../kube/lease-store.ts';
import { NodeFactsCache } from '../kube/node-facts-cache.ts';
import { NODE } from '../kube/protobuf/kinds.ts';
import type { RawTaint } from '../kube/raw.ts';
import { createRenewals, type Renewals } from '../kube/renewals.ts';
import {
  BUDGETS,
  CONTROL_NODES,
  NODES,
  PLAN_TARGETS,
  PLANS,
  QUARANTINED_ARTIFACTS,
  UPDATE_POLICIES,
  UPDATE_RUNS,
} from '../kube/target-path.ts';
import { type TrimmedBudget, trimBudget } from '../kube/trim-budget.ts';
import { type TrimmedControlNode, trimControlNode } from '../kube/trim-control-node.ts';
import { type TrimmedNode, trimNode } from '../kube/trim-node.ts';
import type { Log } from '../log.ts';
import type { BudgetFacts, ControlNodeFacts, NodeFacts, QuarantineFacts } from './facts.ts';
import { isUnderWay } from './run.ts';
import { type TrimmedPlan, trimPlan } from './trim-plan.ts';
import { type TrimmedPlanTargets, trimPlanTargets } from './trim-plan-targets.ts';
import { type TrimmedQuarantine, trimQuarantine } from './trim-quarantine.ts';
import { type TrimmedUpdatePolicy, trimUpdatePolicy } from './trim-update-policy.ts';
import { type TrimmedUpdateRun, trimUpdateRun } from './trim-update-run.ts';
import { type Unpacked, unpackStatus } from './unpack-status.ts';
import { isWish } from './wish.ts';

export interface ClusterStoreOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly apiPort: number;
  /** Something that a judgement may depend on has changed. */
  readonly onChange: () => void;
  /** The same, and it is waited for: by people who have written it, or by a look that has asked for it. */
  readonly onAwaited: () => void;
  /** @see InformerOptions.pause; for what there are thousands of */
  readonly pause: () => Promise<void>;
}

/** All that is observed of the cluster, kept up to date by watches, whether we lead or not. */
export class ClusterStore {
  readonly plans: Informer<TrimmedPlan>;
  /** What is told of runs. No judgement depends on it, so that none waits for it. */
  readonly runs: Informer<TrimmedUpdateRun>;
  /** What the statuses of large runs leave to them. */
  readonly planTargets: Informer<TrimmedPlanTargets>;
  readonly drain: DrainClient;
  readonly jobs: JobClient;
  readonly gates: GateRunner;
  readonly apis: ApiCheckClient;
  readonly #kube: Kube;
  readonly #onChange: () => void;
  readonly #pods: PodStore;
  readonly #nodeFacts: NodeFactsCache;
  #ahead: ReadonlySet<string> = new Set();
  readonly #nodes: Informer<TrimmedNode>;
  readonly #controlNodes: Informer<TrimmedControlNode>;
  readonly #leases: LeaseStore;
  readonly #budgets: Informer<TrimmedBudget>;
  readonly #policies: Informer<TrimmedUpdatePolicy>;
  readonly #quarantined: Informer<TrimmedQuarantine>;
  readonly #renewals: Renewals;
  readonly #prober: ReadyzProber;

  constructor(options: ClusterStoreOptions) {
    const { kube, log, signal, pause, onChange, onAwaited } = options;
    const onHealth = () => {
      const sighted = this.#informers.every(({ healthy }) => healthy) && this.#leases.healthy;
      if (!sighted) this.#sightedSinceMs = undefined;
      else this.#sightedSinceMs ??= Date.now();
      onChange();
    };
    const common = { kube, log, signal, onHealth };
    const tell = ({ kind, before, object }: Change<TrimmedPlan> | Change<TrimmedUpdatePolicy>) => {
      if (kind === 'deleted' || isWish(before, object)) onAwaited();
      else onChange();
    };
    this.#kube = kube;
    this.#onChange = onChange;
    this.#prober = startReadyzProber({
      credentials: () => kube.credentials(),
      port: options.apiPort,
      onChange,
    });
    this.gates = createGateRunner({ kube, log, onChange });
    this.apis = createApiCheckClient({ kube, log, signal, onChange: onAwaited });
    this.#pods = createPodStore({
      ...{ kube, log, signal, pause },
      onChange: (node) => {
        this.#nodeFacts.changed(node);
        this.drain.podsChanged(node);
      },
      onSynced: () => {
        this.#nodeFacts.allChanged();
        onAwaited();
      },
    });
    this.drain = createDrainClient({ kube, log, signal, pods: this.#pods, onChange });
    this.plans = startInformer({
      ...common,
      path: PLANS,
      trim: trimPlan,
      onChange: (change) => {
        // Whoever leads: a take-over begins with everything at hand.
        this.#leases.isWanted = [...this.plans.values()].some(({ status }) => isUnderWay(status));
        tell(change);
      },
    });
    this.jobs = startJobClient({ ...common, onChange });
    this.runs = startInformer({ kube, log, signal, path: UPDATE_RUNS, trim: trimUpdateRun });
    this.planTargets = startInformer({
      ...{ kube, log, signal },
      path: PLAN_TARGETS,
      trim: trimPlanTargets,
      onChange: () => {
        this.#chunksSeen++;
        if (this.#isMissing) onChange();
      },
    });
    this.#policies = startInformer({
      ...common,
      path: UPDATE_POLICIES,
      trim: trimUpdatePolicy,
      onChange: tell,
    });
    this.#quarantined = startInformer({
      ...common,
      path: QUARANTINED_ARTIFACTS,
      trim: trimQuarantine,
      onChange,
    });
    this.#leases = createLeaseStore({
      ...common,
      pause,
      onChange: (lease) => {
        const before = this.#renewals.count(lease.name);
        this.#renewals.leaseChanged(lease);
        if (this.#renewals.count(lease.name) === before) return;
        this.#nodeFacts.changed(lease.name);
        onChange();
      },
    });
    this.#budgets = startInformer<TrimmedBudget>({
      ...common,
      path: BUDGETS,
      trim: trimBudget,
      onChange: ({ object }) => {
        if ((object.disruptionsAllowed ?? 0) > 0) this.drain.budgetOpened(object.namespace);
      },
    });
    this.#renewals = createRenewals((name) => this.#leases.of(name));
    this.#nodeFacts = new NodeFactsCache({
      node: (name) => this.#nodes.get(name),
      renewals: (name) => this.#renewals.count(name),
      pods: this.#pods,
      drain: this.drain,
      budgets: () => [...this.#budgets.values()],
    });
    this.#nodes = startInformer<TrimmedNode>({
      ...common,
      path: NODES,
      kind: NODE,
      trim: trimNode,
      pause,
      onChange: ({ kind, object }) => {
        if (kind === 'deleted') this.#renewals.nodeDeleted(object.name);
        // The agent of a hybrid reports on its ControlNode.
        else if (!this.#isHybrid(object.name)) this.#renewals.nodeChanged(object);
        this.#nodeFacts.changed(object.name);
        onChange();
      },
    });
    this.#controlNodes = startInformer<TrimmedControlNode>({
      ...common,
      path: CONTROL_NODES,
      trim: trimControlNode,
      onChange: ({ object: { nodeName, report } }) => {
        this.#renewals.nodeChanged({ name: nodeName, report });
        this.#nodeFacts.changed(nodeName);
        this.#probe();
        onChange();
      },
    });
  }

  /** Counts what has changed of them. */
  #chunksSeen = 0;
  /** Somebody wanted a whole status and could not have it. */
  #isMissing = false;
  readonly #unpacked = new WeakMap<TrimmedPlan, { readonly seen: number; readonly as: Unpacked }>();

  /** The whole status of a Plan, as far as what it is made of has been seen. */
  wholeStatus(plan: TrimmedPlan): Unpacked {
    if (plan.status?.membership === undefined) return { kind: 'whole', status: plan.status };
    const known = this.#unpacked.get(plan);
    if (known !== undefined && known.seen === this.#chunksSeen) return known.as;
    const as = unpackStatus(plan, plan.status, (name) => this.planTargets.get(name));
    this.#unpacked.set(plan, { seen: this.#chunksSeen, as });
    if (as.kind === 'missing') this.#isMissing = true;
    return as;
  }

  /** With its whole status; of one that cannot be had, with what there is. */
  whole(plan: TrimmedPlan): TrimmedPlan {
    const as = this.wholeStatus(plan);
    return as.kind === 'whole' ? { ...plan, status: as.status } : plan;
  }

  #isHybrid(node: string): boolean {
    return [...this.#controlNodes.values()].some(({ nodeName }) => nodeName === node);
  }

  #isProbing = false;
  #sightedSinceMs: number | undefined;

  get #informers(): readonly Informer<unknown>[] {
    return [
      this.plans,
      this.#policies,
      this.#quarantined,
      this.#nodes,
      this.#controlNodes,
      this.#budgets,
      this.jobs.informer,
    ];
  }

  /** Asks all API servers for their health and knows the pods, or none: only a run under way needs to know. */
  set isProbing(wanted: boolean) {
    if (this.#isProbing === wanted) return;
    this.#isProbing = wanted;
    this.#pods.isWanted = wanted;
    this.#nodeFacts.allChanged();
    this.#probe();
  }

  /** @returns whether every API server has answered, or failed to, at least once */
  get isProbed(): boolean {
    return [...this.#controlNodes.values()].every(({ name }) => this.#prober.get(name).atMs > 0);
  }

  #probe(): void {
    const addresses = this.#isProbing
      ? [...this.#controlNodes.values()].map(({ name, internalIp }) => [name, internalIp] as const)
      : [];
    this.#prober.watch(new Map(addresses));
  }

  async synced(): Promise<void> {
    await Promise.all(this.#informers.map((one) => one.synced()));
  }

  /** Since when all watches have been alive, epoch milliseconds; undefined while one is not. */
  get sightedSinceMs(): number | undefined {
    return this.#sightedSinceMs;
  }

  /** By the API server's clock; undefined before its first answer. */
  get serverNowMs(): number | undefined {
    return this.#kube.serverClock.nowMs();
  }

  /** The one that there may be. */
  updatePolicy(): TrimmedUpdatePolicy | undefined {
    return this.#policies.get(UPDATE_POLICY);
  }

  /** All taints of a node; undefined: none. */
  taintsOf(node: string): readonly RawTaint[] | undefined {
    return this.#nodes.get(node)?.taints;
  }

  /**
   * Always the same map, brought up to date: of thousands of Nodes few change between two looks, and the facts of
   * all others are the very same objects.
   */
  nodes(): ReadonlyMap<string, NodeFacts> {
    return this.#nodeFacts.upToDate();
  }

  /** Those of {@link nodes} that carry something of other runs of ours than these. */
  nodesOfOtherRuns(runs: ReadonlySet<string>): readonly NodeFacts[] {
    return this.#nodeFacts.ofOtherRuns(runs);
  }

  /** Nodes that are next: only of these it is told what a drain would meet. */
  lookAhead(nodes: ReadonlySet<string>): void {
    const before = this.#ahead;
    this.#ahead = nodes;
    this.#nodeFacts.lookAhead(nodes);
    if ([...nodes].some((name) => !before.has(name) && this.#pods.of(name) !== undefined)) {
      this.#onChange();
    }
  }

  controlNodes(): Map<string, ControlNodeFacts> {
    const facts = new Map<string, ControlNodeFacts>();
    for (const node of this.#controlNodes.values()) {
      const said = controlNodeFacts(node, this.#prober.get(node.name));
      // What a person has written on the one object of a machine holds for the machine.
      const beside = this.#nodes.get(node.nodeName)?.exemptions;
      const exemptions = beside && [...(said.exemptions ?? []), ...beside];
      facts.set(node.name, { ...said, ...(exemptions && { exemptions }) });
    }
    return facts;
  }

  budgets(): BudgetFacts[] {
    return [...this.#budgets.values()];
  }

  quarantined(): QuarantineFacts[] {
    return [...this.#quarantined.values()];
  }

  noteQuarantined(object: unknown): void {
    this.#quarantined.note(object);
  }

  /** Takes in what the API server has answered to a write, so that the next judgement already sees it. */
  note(role: Role, object: unknown): void {
    if (role === 'worker') this.#nodes.note(object);
    else this.#controlNodes.note(object);
  }

  async stop(): Promise<void> {
    this.gates.rest();
    await this.#prober.stop();
    await Promise.all([this.runs, this.planTargets, ...this.#informers].map((one) => one.ended));
  }
}
