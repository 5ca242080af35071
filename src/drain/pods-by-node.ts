import type { TrimmedPod } from './evictable.ts';

/** Which pods run on which node. */
export class PodsByNode {
  readonly #nodeOf = new Map<string, string>();
  readonly #byNode = new Map<string, Map<string, TrimmedPod>>();

  of(node: string): readonly TrimmedPod[] {
    return [...(this.#byNode.get(node)?.values() ?? [])];
  }

  /**
   * A pod never moves, but one of the same name may: that of a StatefulSet is made anew elsewhere, and where a
   * watch was interrupted nobody tells that the old one is gone.
   */
  put(pod: TrimmedPod): void {
    const key = keyOf(pod);
    if (this.#nodeOf.get(key) !== pod.node) this.drop(pod);
    const onNode = this.#byNode.get(pod.node) ?? new Map<string, TrimmedPod>();
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
    onNode?.delete(key);
    if (onNode?.size === 0) this.#byNode.delete(node);
  }
}

function keyOf({ namespace, name }: Pick<TrimmedPod, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
