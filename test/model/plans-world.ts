import { minorsBetween, parseK0sVersion } from '../../src/api/k0s-version.ts';
import type { PlanSpec, StoredPlanStatus } from '../../src/api/plan.ts';
import { decide } from '../../src/plans/decide.ts';
import type { Action, ControlNodeFacts, NodeFacts, PlanFacts } from '../../src/plans/facts.ts';
import { holdOf } from '../../src/plans/hold.ts';
import { isInFlight } from '../../src/plans/in-flight.ts';
import { tidy } from '../../src/plans/orphans.ts';
import { othersOf } from '../../src/plans/others.ts';
import { activeRuns, type QueuedPlan } from '../../src/plans/queue.ts';
import { lastingOf } from '../../src/plans/run.ts';
import type { Order } from '../../src/signals/order.ts';
import { aPolicy, podsLeft } from '../support/builders.ts';
import { knownBad } from './known-bad.ts';
import { hostOf, orderText, type SimulatedHost } from './simulated-host.ts';

const STEP_MS = 2_000;
const PAUSED_ROUNDS = 150;

/** One Plan, with what its controller in the leader knows of it and what is stored. */
class PlanOfWorld {
  readonly name: string;
  readonly spec: PlanSpec;
  readonly createdAtMs: number;
  stored: StoredPlanStatus | undefined;
  known: StoredPlanStatus | undefined;
  paused = false;

  constructor(name: string, spec: PlanSpec, createdAtMs: number) {
    this.name = name;
    this.spec = spec;
    this.createdAtMs = createdAtMs;
  }

  get isOver(): boolean {
    return this.stored?.finishedAt !== undefined;
  }

  get queued(): QueuedPlan {
    const { name, createdAtMs, known: status } = this;
    const policy = { paused: this.paused };
    return {
      ...{
        name,
        uid: `uid-${name}-0`,
        generation: 1,
        createdAtMs,
        appliedAtMs: createdAtMs,
        status,
      },
      ...{ requests: [], deleted: false, spec: { ...this.spec, policy } },
      isStoredInFlight: isInFlight({ status: this.stored }),
    };
  }
}

/** A cluster with several Plans and one leader, which looks at them one after the other as the controller does. */
export class PlansWorld {
  readonly controllers: readonly SimulatedHost[];
  readonly workers: readonly SimulatedHost[];
  readonly plans: readonly PlanOfWorld[];
  readonly violations: string[] = [];
  readonly #most: number | undefined;
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  #epoch = 1;
  #sightedSinceMs = 0;

  /** @param most `maxUnavailable` of the cluster; undefined: none is said */
  constructor(
    hosts: { readonly controllers: SimulatedHost[]; readonly workers: SimulatedHost[] },
    specs: readonly PlanSpec[],
    most: number | undefined,
  ) {
    this.controllers = hosts.controllers;
    this.workers = hosts.workers;
    this.plans = specs.map((spec, at) => new PlanOfWorld(`p${at}`, spec, at));
    this.#most = most;
  }

  get hosts(): readonly SimulatedHost[] {
    return [...this.controllers, ...this.workers];
  }

  /** @param limit how many actions of this Plan reach the world */
  look(at: number, limit = Number.POSITIVE_INFINITY): void {
    const plan = this.plans[at % this.plans.length]!;
    const decision = decide(this.#facts(plan));
    if ('status' in decision) {
      plan.known = decision.status;
      const isLate =
        decision.kind === 'wait' ||
        decision.kind === 'queue' ||
        (decision.kind === 'act' && lastingOf(plan.stored) === lastingOf(decision.status));
      if (!isLate) plan.stored = decision.status;
    }
    if (decision.kind === 'act') {
      for (const action of decision.actions.slice(0, limit)) this.#perform(action);
    }
    const activeRunIds = activeRuns(this.plans.map(({ queued }) => queued));
    const leftovers = tidy({ ...this.#world(), activeRuns: activeRunIds, epoch: this.#epoch });
    for (const action of leftovers) this.#perform(action);
  }

  /** Another leader takes over, and knows what is stored. */
  succeed(): void {
    for (const plan of this.plans) plan.known = plan.stored;
    this.#epoch++;
    this.#sightedSinceMs = this.nowMs;
  }

  pass(): void {
    this.nowMs += STEP_MS;
    for (const plan of this.plans) plan.stored = plan.known;
  }

  /** Lets everything that can happen happen, in turn, until all Plans are over. */
  settle(maxRounds = 4_000): void {
    for (let round = 0; round < maxRounds; round++) {
      // What is paused stays so for long enough to be overtaken.
      if (round === PAUSED_ROUNDS) for (const plan of this.plans) plan.paused = false;
      if (this.plans.every(({ isOver }) => isOver)) return;
      for (let at = 0; at < this.plans.length; at++) this.look(at);
      for (const host of this.hosts) host.step(this.nowMs);
      this.pass();
    }
  }

  #facts(plan: PlanOfWorld): PlanFacts {
    const { nowMs } = this;
    const policy = aPolicy(this.#most === undefined ? {} : { maxUnavailable: this.#most });
    const world = this.#world();
    const isHeld = (other: QueuedPlan) => holdOf({ nowMs, policy, plan: other }) !== undefined;
    const all = this.plans.map(({ queued }) => queued);
    return {
      nowMs,
      sightedSinceMs: this.#sightedSinceMs,
      plan: plan.queued,
      ...othersOf(plan.queued, all, { world, isHeld }),
      policy,
      epoch: this.#epoch,
      baseline: { kind: 'stored' },
      ...world,
      budgets: [],
      quarantined: 'commands' in plan.queued.spec ? knownBad(plan.queued.spec) : [],
      apiCheck: { kind: 'known', inUse: [] },
      gates: new Map(),
      jobs: new Map(),
    };
  }

  #world(): Pick<PlanFacts, 'nodes' | 'controlNodes'> {
    return {
      nodes: new Map(this.workers.map((host) => [host.name, nodeOf(host)])),
      controlNodes: new Map(
        this.controllers.map((host) => [host.name, controlNodeOf(host, this.nowMs)]),
      ),
    };
  }

  #perform(action: Action): void {
    const host = this.hosts.find(({ name }) => name === action.name);
    if (host === undefined) return;
    switch (action.kind) {
      case 'order': {
        if (orderText(host) !== action.replaces) return;
        if (action.order.goal === 'apply' && host.order?.goal !== 'apply') {
          this.#checkApply(host, action.role, action.order);
        }
        host.order = action.order;
        return;
      }
      case 'removeOrder':
        host.order = undefined;
        return;
      case 'cordon':
        if (host.mark === undefined) this.#checkStart(host);
        host.mark = action.orderId;
        host.unschedulable = true;
        if (host.softTaint === action.softTaint) host.softTaint = undefined;
        if (action.apply !== undefined && orderText(host) === action.apply.replaces) {
          this.#checkApply(host, 'worker', action.apply.order);
          host.order = action.apply.order;
        }
        return;
      case 'uncordon':
        host.unschedulable = false;
        host.mark = undefined;
        if (host.softTaint === action.softTaint) host.softTaint = undefined;
        if (action.order !== undefined && orderText(host) === action.order) host.order = undefined;
        return;
      case 'softTaint':
        host.softTaint = action.run;
        return;
      case 'removeSoftTaint':
        if (host.softTaint === action.run) host.softTaint = undefined;
        return;
      case 'evict':
        host.pods = Math.max(0, host.pods - 1);
    }
  }

  #checkApply(host: SimulatedHost, role: string, order: Order): void {
    const { version } = order.artifact;
    const controllers = this.controllers.filter((one) => one !== host && isUnderWay(one));
    if (role === 'controller') {
      const beside = [...controllers, ...this.workers.filter(({ mark }) => mark !== undefined)];
      if (beside.length > 0) {
        this.#broken('S2', `${host.name} beside ${beside.map(({ name }) => name)}`);
      }
      return;
    }
    const behind = this.controllers.filter(
      (one) => minorsBetween(parseK0sVersion(one.version)!, parseK0sVersion(version)!) > 0,
    );
    if (behind.length > 0) {
      this.#broken('S7', `${host.name} to ${version} over ${behind.map(({ name }) => name)}`);
    }
    // Who was applied last may want an older version; nobody else.
    const mine = this.plans.find(({ queued }) => queued.uid === order.plan.uid)!;
    const brought = this.plans.filter(
      ({ spec }) => spec.commands[0]?.k0supdate?.version === host.kept,
    );
    const isLast = brought.some(({ createdAtMs }) => createdAtMs < mine.createdAtMs);
    if (host.kept > version && !isLast) {
      this.#broken('V', `${host.name} goes back from ${host.kept} to ${version}`);
    }
  }

  #checkStart(host: SimulatedHost): void {
    const away = this.workers.filter(
      (one) => one === host || !one.isReady || one.unschedulable,
    ).length;
    const widest = Math.max(
      ...this.plans.map(
        ({ spec }) => spec.commands[0]?.k0supdate?.targets.workers?.limits.concurrent ?? 1,
      ),
    );
    const most = this.#most ?? widest;
    if (away > most) this.#broken('S3', `${host.name}: ${away} away of ${most}`);
    if (this.controllers.some(isUnderWay)) this.#broken('S1', `${host.name} beside a controller`);
  }

  #broken(promise: string, what: string): void {
    this.violations.push(`${promise}: ${what}`);
  }
}

function isUnderWay(host: SimulatedHost): boolean {
  return host.isApplied || (host.order?.goal === 'apply' && host.signal?.phase === 'Staged');
}

function nodeOf(host: SimulatedHost): NodeFacts {
  return {
    ...hostOf(host),
    ready: host.isReady ? 'True' : 'False',
    kubeletVersion: host.version.replace(/\.\d+$/, ''),
    unschedulable: host.unschedulable,
    cordon: host.mark === undefined ? undefined : { orderId: host.mark, ours: true },
    renewals: host.renewals,
    softTaint: host.softTaint,
    toGo: host.pods,
    drain: host.mark === undefined ? undefined : podsLeft(host.pods),
  };
}

function controlNodeOf(host: SimulatedHost, nowMs: number): ControlNodeFacts {
  const ready = host.isReady ? 'True' : 'False';
  // Since long ago: how long it has been ready is not what this world is about.
  const sinceMs = host.isReady ? nowMs - 60_000 : nowMs;
  return {
    ...hostOf(host),
    k0sVersion: host.version,
    apiServer: { ready, message: 'down', atMs: nowMs, sinceMs },
  };
}
