import type { DrainClient } from '../drain/drain-client.ts';
import type { DrainFacts } from '../drain/judge/drain-facts.ts';
import type { PodStore } from '../drain/pod-store.ts';
import type { NodeFacts, Outlook } from '../plans/facts.ts';
import { outlookOf, type SelectingBudget } from '../plans/outlook.ts';
import { nodeFacts } from './node-facts.ts';
import { NodesByRun } from './nodes-by-run.ts';
import type { TrimmedNode } from './trim-node.ts';

export interface NodeFactsPorts {
  readonly node: (name: string) => TrimmedNode | undefined;
  /** @see Renewals.count */
  readonly renewals: (name: string) => number;
  readonly pods: Pick<PodStore, 'of' | 'toGo'>;
  readonly drain: Pick<DrainClient, 'observe' | 'release'>;
  readonly budgets: () => readonly SelectingBudget[];
}

/** All that the facts of one Node are made of. */
interface Parts {
  readonly node: TrimmedNode;
  readonly renewals: number;
  readonly toGo: number | undefined;
  readonly drain: DrainFacts | undefined;
  readonly outlook: Outlook | undefined;
}

/** The one of all drains that are done: what is alike is the same. */
const EMPTY: DrainFacts = { pods: [] };

/**
 * The facts of all Nodes, of which only those are made anew that something has changed of. It has to be told of
 * every change, but not of those whose drain or outlook is looked at: these depend on clocks and on budgets, and
 * are made anew whenever they are asked for.
 */
export class NodeFactsCache {
  readonly #ports: NodeFactsPorts;
  readonly #facts = new Map<string, NodeFacts>();
  readonly #parts = new Map<string, Parts>();
  readonly #changed = new Set<string>();
  /** Those that are being emptied: that a pod is asked to go again, or is overdue, is no change of it. */
  readonly #emptying = new Set<string>();
  readonly #marked = new Set<string>();
  readonly #byRun = new NodesByRun();
  #ahead: ReadonlySet<string> = new Set();

  constructor(ports: NodeFactsPorts) {
    this.#ports = ports;
  }

  changed(name: string): void {
    this.#changed.add(name);
  }

  allChanged(): void {
    for (const name of this.#facts.keys()) this.#changed.add(name);
  }

  /** Of which nodes it is told what a drain would meet. */
  lookAhead(names: ReadonlySet<string>): void {
    for (const name of this.#ahead) if (!names.has(name)) this.#changed.add(name);
    this.#ahead = names;
  }

  /** The same map each time. */
  upToDate(): ReadonlyMap<string, NodeFacts> {
    for (const name of this.#emptying) this.#changed.add(name);
    for (const name of this.#ahead) this.#changed.add(name);
    if (this.#changed.size === 0) return this.#facts;
    const budgets = this.#ahead.size === 0 ? [] : this.#ports.budgets();
    for (const name of this.#changed) this.#refresh(name, budgets);
    this.#changed.clear();
    return this.#facts;
  }

  /** Those that carry an order, a mark or a soft taint of other runs than these, as of the last {@link upToDate}. */
  ofOtherRuns(runs: ReadonlySet<string>): NodeFacts[] {
    return this.#byRun.beside(runs);
  }

  #refresh(name: string, budgets: readonly SelectingBudget[]): void {
    const { renewals, pods, drain } = this.#ports;
    const node = this.#ports.node(name);
    const isMarked = node?.cordonedFor !== undefined;
    if (isMarked) this.#marked.add(name);
    else if (this.#marked.delete(name)) drain.release(name);
    if (node === undefined) {
      this.#emptying.delete(name);
      this.#facts.delete(name);
      this.#byRun.delete(name);
      this.#parts.delete(name);
      return;
    }
    const observed = isMarked ? drain.observe(name) : undefined;
    if (isMarked && observed?.pods.length !== 0) this.#emptying.add(name);
    else this.#emptying.delete(name);
    const parts: Parts = {
      node,
      renewals: renewals(name),
      toGo: pods.toGo(name),
      drain: observed?.pods.length === 0 ? EMPTY : observed,
      outlook: this.#outlook(name, budgets),
    };
    const before = this.#parts.get(name);
    if (before !== undefined && isSame(before, parts)) return;
    const { node: _, ...beside } = parts;
    const facts = nodeFacts(node, beside);
    this.#parts.set(name, parts);
    this.#facts.set(name, facts);
    this.#byRun.set(facts);
  }

  #outlook(name: string, budgets: readonly SelectingBudget[]): Outlook | undefined {
    if (!this.#ahead.has(name)) return undefined;
    // What is being ended already has been counted by its budgets.
    const going = this.#ports.pods
      .of(name)
      ?.filter(({ mustGo, endsByMs }) => mustGo && endsByMs === undefined);
    return going && outlookOf(going, budgets);
  }
}

/** Of what is not empty, nothing is compared: it is made anew each time. */
function isSame(before: Parts, now: Parts): boolean {
  return (
    before.node === now.node &&
    before.renewals === now.renewals &&
    before.toGo === now.toGo &&
    before.drain === now.drain &&
    (before.outlook === now.outlook || (hasNone(before.outlook) && hasNone(now.outlook)))
  );
}

function hasNone(outlook: Outlook | undefined): boolean {
  return outlook?.budgets.length === 0;
}
