import type { Plan, TargetPhase } from '../../../src/api/plan.ts';
import { targetsOf } from '../../../src/plans/progress.ts';
import { type Goal, parseOrder } from '../../../src/signals/order.ts';
import type { ClusterBase } from '../cluster/cluster-base.ts';
import { Observer } from '../observe/observer.ts';
import type { HostView, World } from '../observe/world.ts';
import { hasEnded } from '../plans.ts';

/** What somebody who watches has seen of one target, each in its order, the same thing twice only once. */
export interface TargetRecord {
  /** Of the target in the Plan. */
  readonly states: string[];
  readonly phases: TargetPhase[];
  /** Of `lastUpdatedTimestamp`, in milliseconds. */
  readonly stamps: number[];
}

/** What was ordered of a host: order ids with their goals. */
export interface OrderRecord {
  readonly id: string;
  readonly goal: Goal;
  /** By the clock of this process. */
  readonly atMs: number;
}

/**
 * Everything that a watch tells of one Plan and of the hosts, from before it is applied on: so that a test can
 * say what was never seen.
 */
export class Recording implements AsyncDisposable {
  readonly planStates: string[] = [];
  readonly commandStates = new Map<number, string[]>();
  readonly targets = new Map<string, TargetRecord>();
  readonly orders = new Map<string, OrderRecord[]>();
  /** Of the report of a host that speaks of this Plan's runs. */
  readonly reported = new Map<string, string[]>();
  readonly #observer: Observer;
  #plan: Plan | undefined;

  private constructor(observer: Observer) {
    this.#observer = observer;
    observer.onChange((world) => this.#see(world));
  }

  static async start(cluster: ClusterBase, plan: string): Promise<Recording> {
    const workload = { namespace: 'default', labels: 'app=none' };
    const observer = await Observer.start({ kube: cluster.kube, workload });
    observer.planName = plan;
    return new Recording(observer);
  }

  /** As it was seen last. */
  get plan(): Plan {
    if (this.#plan === undefined) throw new Error('the Plan has not been seen yet');
    return this.#plan;
  }

  get world(): World {
    return this.#observer.world();
  }

  onChange(listener: (world: World) => void): void {
    this.#observer.onChange(listener);
  }

  until(what: string, isSo: (world: World) => boolean, timeoutMs = 180_000): Promise<World> {
    return this.#observer.until(what, isSo, { timeoutMs });
  }

  async untilEnd(timeoutMs?: number): Promise<Plan> {
    const { plan } = await this.until(
      'the Plan to end',
      (world) => world.plan !== undefined && hasEnded(world.plan),
      timeoutMs,
    );
    return plan!;
  }

  /** Goals that were ordered of a host, in order. */
  goals(name: string): Goal[] {
    return (this.orders.get(name) ?? []).map(({ goal }) => goal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#observer.stop();
  }

  #see({ plan, hosts }: World): void {
    if (plan !== undefined) this.#seePlan(plan);
    for (const host of hosts) this.#seeHost(host);
  }

  #seePlan(plan: Plan): void {
    this.#plan = plan;
    note(this.planStates, plan.status?.state || undefined);
    for (const command of plan.status?.commands ?? []) {
      note(listOf(this.commandStates, command.id), command.state);
      for (const target of targetsOf(command)) {
        const key = `${command.id}/${target.name}`;
        const seen = this.targets.get(key) ?? { states: [], phases: [], stamps: [] };
        this.targets.set(key, seen);
        note(seen.states, target.state);
        note(seen.phases, target.phase);
        note(seen.stamps, Date.parse(target.lastUpdatedTimestamp));
      }
    }
  }

  #seeHost({ name, orderText, signal }: HostView): void {
    const order = parseOrder(orderText);
    if (order.kind === 'valid') {
      const { id, goal } = order.value;
      const seen = listOf(this.orders, name);
      const last = seen.at(-1);
      if (last?.id !== id || last.goal !== goal) seen.push({ id, goal, atMs: performance.now() });
    }
    note(listOf(this.reported, name), signal?.phase);
  }
}

function note<T>(seen: T[], found: T | undefined): void {
  if (found !== undefined && seen.at(-1) !== found) seen.push(found);
}

function listOf<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
