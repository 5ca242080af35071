import { type DrainRules, staysBy } from '../drain/judge/drain-rules.ts';
import { forbiddenBy } from '../drain/judge/judge-drain.ts';
import { type ObjectSelector, selects } from '../targets/object-selector.ts';
import { byName } from '../targets/order.ts';

/** A pod that has to go before its node is restarted. */
export interface PreviewPod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Something makes a new one elsewhere. */
  readonly isManaged: boolean;
  readonly hasEmptyDir: boolean;
  readonly finalizers: readonly string[];
}

/** A PodDisruptionBudget as it stands at this moment. */
export interface PreviewBudget {
  readonly namespace: string;
  readonly name: string;
  readonly selector: ObjectSelector | undefined;
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  readonly currentHealthy: number;
  readonly disruptionsAllowed: number;
}

/** Why a drain would take long, or end at its deadline. */
export interface Blocker {
  readonly pod: string;
  /**
   * - `never`: no eviction of it will ever be allowed
   * - `now`: not at this moment; it may be when its turn comes
   * - `lost`: it goes, and nothing brings it back
   */
  readonly kind: 'never' | 'now' | 'lost';
  readonly message: string;
}

export interface PreviewedDrain {
  readonly node: string;
  /** Pods that have to go. */
  readonly pods: number;
  readonly blockers: readonly Blocker[];
}

/** What each node's drain would meet if it began now. Nothing is tried: this is what the budgets say. */
export function previewDrains(
  nodes: readonly string[],
  pods: readonly PreviewPod[],
  budgets: readonly PreviewBudget[],
  rules: DrainRules,
): PreviewedDrain[] {
  const stays = staysBy(rules);
  const byNode = Map.groupBy(
    pods.filter(({ labels }) => !stays(labels)),
    ({ node }) => node,
  );
  const inNamespace = Map.groupBy(budgets, ({ namespace }) => namespace);
  return nodes.map((node) => {
    const mine = (byNode.get(node) ?? []).toSorted((a, b) => byName(nameOf(a), nameOf(b)));
    const blockers = mine.flatMap((pod) => {
      const own = (inNamespace.get(pod.namespace) ?? []).filter(({ selector }) =>
        selects(selector, pod.labels),
      );
      return blockersOf(pod, own, rules);
    });
    return { node, pods: mine.length, blockers };
  });
}

function blockersOf(
  pod: PreviewPod,
  budgets: readonly PreviewBudget[],
  rules: DrainRules,
): Blocker[] {
  const blocker = (kind: Blocker['kind'], message: string): Blocker => ({
    pod: nameOf(pod),
    kind,
    message,
  });
  const forbidden = forbiddenBy(rules, pod);
  if (forbidden !== undefined) return [blocker('never', forbidden)];
  const found: Blocker[] = [];
  if (budgets.length > 1) {
    const names = budgets.map(({ name }) => name).join(', ');
    found.push(
      blocker('never', `budgets ${names} all select it, and the API server then evicts nothing`),
    );
  } else if (budgets[0] !== undefined && budgets[0].disruptionsAllowed <= 0) {
    found.push(blocker(...shut(budgets[0])));
  }
  if (pod.finalizers.length > 0) {
    found.push(blocker('now', `finalizers have to be removed first: ${pod.finalizers.join(', ')}`));
  }
  if (!pod.isManaged) {
    found.push(blocker('lost', 'nothing owns it: once evicted it does not come back'));
  }
  return found;
}

function shut(budget: PreviewBudget): [Blocker['kind'], string] {
  const { name, desiredHealthy, currentHealthy, expectedPods } = budget;
  return expectedPods > 0 && desiredHealthy >= expectedPods
    ? [
        'never',
        `budget ${name} needs ${desiredHealthy} of its ${expectedPods} pods, so none may go`,
      ]
    : [
        'now',
        `budget ${name} allows no disruption now (needs ${desiredHealthy} healthy pods, has ${currentHealthy})`,
      ];
}

function nameOf({ namespace, name }: Pick<PreviewPod, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
