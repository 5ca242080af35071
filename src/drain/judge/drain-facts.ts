/** What is observed of a node that is being emptied. The judgement is `judgeDrain`, by the rules of a policy. */
export interface DrainFacts {
  /** Pods that have to go unless a rule lets them stay, those already terminating included. */
  readonly pods: readonly DrainPod[];
}

export interface DrainPod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its PriorityClass; 0 where it has none. */
  readonly priority: number;
  readonly hasEmptyDir: boolean;
  /** `ReplicaSet/web-6f5`; undefined: no controller would make it anew. */
  readonly owner: string | undefined;
  /** Told to end; by the API server's clock it should be gone by then. Epoch milliseconds. */
  readonly endsByMs: number | undefined;
  /** It should be gone, and the kubelet had time to say so. */
  readonly isOverdue: boolean;
  readonly finalizers: readonly string[];
  /** Why its last eviction was refused; undefined: it was not. */
  readonly refusal: Refusal | undefined;
}

export interface Refusal {
  /** Names the place of the refusal among all of this node: the first of them is 0. */
  readonly at: number;
  /** The budget that refused, in the namespace of the pod; undefined: something else did. */
  readonly budget: string | undefined;
  /** In one sentence that does not name the pod. */
  readonly message: string;
  /** What is the matter with the other pods of the budget, once that was looked up. */
  readonly seen: BudgetSight | undefined;
}

/** A budget and its pods, as they stood a moment ago. */
export interface BudgetSight {
  readonly needed: number;
  readonly healthy: number;
  /** How many pods there should be. */
  readonly expected: number;
  /** In the order of what hinders most: what fits nowhere first. */
  readonly unhealthy: readonly UnhealthyPod[];
}

export interface UnhealthyPod {
  readonly name: string;
  readonly owner: string | undefined;
  /** `fits nowhere: 0/3 nodes are available: ...` */
  readonly why: string;
}

export function nameOfPod({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${namespace}/${name}`;
}
