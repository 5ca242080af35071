import type { NodeFacts } from '../plans/facts.ts';
import { runOf } from '../plans/target.ts';

/** What nodes carry of ours, by the run that it is of: of thousands, only those have to be looked at that nobody is about. */
export class NodesByRun {
  readonly #runs = new Map<string, Map<string, NodeFacts>>();
  readonly #carried = new Map<string, readonly string[]>();

  set(node: NodeFacts): void {
    const carried = runsOn(node);
    if (carried.length === 0) {
      this.delete(node.name);
      return;
    }
    for (const run of this.#carried.get(node.name) ?? []) {
      if (!carried.includes(run)) this.#drop(run, node.name);
    }
    this.#carried.set(node.name, carried);
    for (const run of carried) {
      const nodes = this.#runs.get(run) ?? new Map<string, NodeFacts>();
      this.#runs.set(run, nodes.set(node.name, node));
    }
  }

  delete(name: string): void {
    for (const run of this.#carried.get(name) ?? []) this.#drop(run, name);
    this.#carried.delete(name);
  }

  /** Those that carry something of a run that is not among these; each once. */
  beside(runs: ReadonlySet<string>): NodeFacts[] {
    const others = [...this.#runs].filter(([run]) => !runs.has(run));
    return [...new Set(others.flatMap(([, nodes]) => [...nodes.values()]))];
  }

  #drop(run: string, name: string): void {
    const nodes = this.#runs.get(run);
    nodes?.delete(name);
    if (nodes?.size === 0) this.#runs.delete(run);
  }
}

/** An order that cannot be read is of no run: nobody knows what to do about it but a person. */
function runsOn({ order, cordon, softTaint }: NodeFacts): string[] {
  const runs = new Set<string>();
  if (order.kind === 'valid') runs.add(order.value.run);
  if (cordon !== undefined) runs.add(runOf(cordon.orderId));
  if (softTaint !== undefined) runs.add(softTaint);
  return [...runs];
}
