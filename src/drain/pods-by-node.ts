import type { TrimmedPod } from './evictable.ts';

/** Which pods run on which node. */
export class PodsByNode {
  readonly #nodeOf = new Map<string, string>();
  readonly #byNode = new Map<string, Map<string, TrimmedPod>>();
  /** Counted as they come and go: of thousands of nodes, all are asked about at every look. */
  readonly #toGo = new Map<string, number>();

  of(node: string): readonly TrimmedPod[] {
    return [...(this.#byNode.get(node)?.values() ?? [])];
  }

  /** How many of them have to go. */
  toGo(node: string): number {
    return this.#toGo.get(node) ?? 0;
  }

  /**
   * A pod never moves, but one of the same name may: that of a StatefulSet is made anew elsewhere, and where a
   * watch was interrupted nobody tells that the old one is gone.
   */
  put(pod: TrimmedPod): void {
    const key = keyOf(pod);
    if (this.#nodeOf.get(key) !== pod.node) this.drop(pod);
    const onNode = this.#byNode.get(pod.node) ?? new Map<string, TrimmedPod>();
    this.#count(pod.node, Number(pod.mustGo) - Number(onNode.get(key)?.mustGo ?? false));
    onNode.set(key, pod);
    this.#byNode.set(pod.node, onNode);
    this.#nodeOf.set(key, pod.node);
  }

  /** Wherever the one of its name is known to be. */
  drop(pod: Pick<TrimmedPod, 'namespace' | 'name'>): void {
    const key = keyOf(pod);
    const node = this.#nodeOf.get(key);
    if (node === undefined) return;
    this.#nodeOf.delete(key);
    const onNode = this.#byNode.get(node);
    this.#count(node, -Number(onNode?.get(key)?.mustGo ?? false));
    onNode?.delete(key);
    if (onNode?.size === 0) this.#byNode.delete(node);
  }

  #count(node: string, more: number): void {
    const count = this.toGo(node) + more;
    if (count === 0) this.#toGo.delete(node);
    else this.#toGo.set(node, count);
  }
}

function keyOf({ namespace, name }: Pick<TrimmedPod, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
