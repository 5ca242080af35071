import type { StoredPlanStatus } from '../../../src/api/plan.ts';
import { type Decision, decide } from '../../../src/plans/decide.ts';
import type { Action, ControlNodeFacts, NodeFacts, PlanFacts } from '../../../src/plans/facts.ts';
import { tidy } from '../../../src/plans/orphans.ts';
import { NO_OTHERS } from '../../../src/plans/others.ts';
import { activeRuns } from '../../../src/plans/queue.ts';
import { type Order, parseOrder } from '../../../src/signals/order.ts';
import type { Report } from '../../../src/signals/report.ts';
import { passing, podsLeft } from '../../support/builders.ts';
import { knownBad } from '../known-bad.ts';
import { Numbers } from './canonical.ts';
import { seenOf } from './host.ts';
import type { Setting } from './setting.ts';
import type { Host, Leader, PlanObject, Seen, State } from './state.ts';
import { essence, NOW_MS } from './time.ts';

/** What the leader makes of what it sees. */
export interface Judgement {
  /** Undefined where the Plan does not exist any more. */
  readonly decision: Decision | undefined;
  /** As much of its status as matters. */
  readonly status: StoredPlanStatus | undefined;
  readonly leftovers: readonly Action[];
  readonly seen: ReadonlyMap<string, Seen>;
}

const UID = '01234567-89ab';
const orders = new Map<string, Order>();

/** @returns the order that is stored; the orchestrator writes no others */
export function readOrder(text: string): Order {
  let order = orders.get(text);
  if (order === undefined) {
    const parsed = parseOrder(text);
    if (parsed.kind !== 'valid') throw new Error(`an order that cannot be read: ${text}`);
    order = parsed.value;
    orders.set(text, order);
  }
  return order;
}

/** Judges by the real functions. Alike looks are judged once: most transitions are nothing that a leader sees. */
export class Judge {
  readonly #setting: Setting;
  readonly #numbers = new Numbers();
  readonly #known = new Map<string, Judgement>();
  readonly #seen = new WeakMap<Host, Seen>();
  readonly #memories = new WeakMap<Leader, number>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  judge({ hosts, leader, plan }: State): Judgement {
    const seen = hosts.map((host) => leader.stale[host.name] ?? this.seenOf(host));
    let key = `${this.#memoryOf(leader)},${this.#numbers.of(plan.requests)}`;
    key += plan.exists ? (plan.braked ? '!' : '') : '-';
    for (const one of seen) key += `,${this.#numbers.of(one)}`;
    let judgement = this.#known.get(key);
    if (judgement === undefined) {
      const named = new Map(hosts.map(({ name }, at) => [name, seen[at]!]));
      judgement = this.#judge(hosts, named, leader, plan);
      this.#known.set(key, judgement);
    }
    return judgement;
  }

  /** All that it knows but what it sees. */
  #memoryOf(leader: Leader): number {
    let number = this.#memories.get(leader);
    if (number === undefined) {
      const { stale: _, ...memory } = leader;
      number = this.#numbers.of(memory);
      this.#memories.set(leader, number);
    }
    return number;
  }

  /** How many different looks there were. */
  get looks(): number {
    return this.#known.size;
  }

  seenOf(host: Host): Seen {
    let seen = this.#seen.get(host);
    if (seen === undefined) {
      seen = seenOf(host);
      this.#seen.set(host, seen);
    }
    return seen;
  }

  #judge(
    hosts: readonly Host[],
    seen: ReadonlyMap<string, Seen>,
    leader: Leader,
    plan: PlanObject,
  ): Judgement {
    const facts = this.#facts(hosts, seen, leader, plan);
    const { nodes, controlNodes, epoch } = facts;
    const queued = { ...facts.plan, createdAtMs: 0, appliedAtMs: 0 };
    const leftovers = tidy({
      nodes,
      controlNodes,
      epoch,
      activeRuns: activeRuns(plan.exists ? [queued] : []),
    });
    const decision = plan.exists ? decide(facts) : undefined;
    const status = decision !== undefined && 'status' in decision ? decision.status : undefined;
    return { decision, status: status && essence(status), leftovers, seen };
  }

  #facts(
    hosts: readonly Host[],
    seen: ReadonlyMap<string, Seen>,
    leader: Leader,
    plan: PlanObject,
  ): PlanFacts {
    const { spec, policy, braked } = this.#setting;
    const there = hosts.filter(({ name }) => seen.get(name)!.exists);
    return {
      nowMs: NOW_MS,
      sightedSinceMs: leader.sightedSinceMs,
      plan: {
        name: 'autopilot',
        uid: UID,
        generation: 1,
        spec,
        status: leader.known,
        requests: plan.requests,
        deleted: false,
      },
      plansBefore: [],
      others: NO_OTHERS,
      baseline: { kind: 'stored' },
      policy: plan.braked ? braked : policy,
      epoch: leader.epoch,
      nodes: new Map(
        there
          .filter(({ hasNode }) => hasNode)
          .map((host) => [host.name, nodeFacts(host, seen.get(host.name)!, leader)]),
      ),
      controlNodes: new Map(
        there
          .filter(({ role }) => role === 'controller')
          .map((host) => [host.name, controlNodeFacts(host, seen.get(host.name)!, leader)]),
      ),
      budgets: [],
      quarantined: knownBad(spec),
      apiCheck: { kind: 'known', inUse: [] },
      // Asked after everything that has happened.
      gates: passing(NOW_MS + 1),
      jobs: new Map(),
    };
  }
}

function hostFacts(name: string, seen: Seen) {
  return {
    name,
    uid: name,
    labels: {},
    platform: 'linux-amd64',
    order:
      seen.order === undefined
        ? { kind: 'absent' as const }
        : { kind: 'valid' as const, value: readOrder(seen.order) },
    orderText: seen.order,
    report: { kind: 'valid' as const, value: reportOf(seen) },
    reportedAtMs: undefined,
  };
}

function reportOf({ signal, k0sVersion, epoch }: Seen): Report {
  return {
    v: 1,
    agent: { version: '0', heartbeatMs: 300_000, beat: 0 },
    host: {
      platform: 'linux-amd64',
      k0sVersion,
      binary: '/usr/local/bin/k0s',
      freeBytes: 1e10,
      writable: true,
      epoch,
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

function nodeFacts({ name, role }: Host, seen: Seen, leader: Leader): NodeFacts {
  const [orderId, foreign] = seen.mark?.split('/') ?? [];
  const isRenewed =
    seen.signal?.phase === 'OnTrial' && leader.renewed.includes(seen.signal.id + name);
  return {
    ...hostFacts(name, seen),
    // The one agent of both listens on the ControlNode.
    ...(role === 'controller' && {
      order: { kind: 'absent' },
      orderText: undefined,
      report: { kind: 'absent' },
    }),
    ready: seen.ready ? 'True' : 'False',
    kubeletVersion: seen.kubelet,
    unschedulable: seen.unschedulable,
    cordon: orderId === undefined ? undefined : { orderId, ours: foreign === undefined },
    renewals: isRenewed ? 2 : 0,
    toGo: seen.pods,
    drain: seen.mark === undefined ? undefined : podsLeft(seen.pods),
  };
}

function controlNodeFacts({ name, hasNode }: Host, seen: Seen, leader: Leader): ControlNodeFacts {
  return {
    ...hostFacts(name, seen),
    mode: hasNode ? 'controller+worker' : 'controller',
    k0sVersion: seen.k0sVersion,
    apiServer: {
      ready: seen.ready ? 'True' : 'False',
      message: seen.ready ? 'ready' : 'does not answer',
      atMs: NOW_MS,
      sinceMs: Math.max(seen.readySinceMs, leader.sightedSinceMs),
    },
  };
}
