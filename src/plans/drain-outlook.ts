import type { BudgetFacts, NodeFacts, Outlook } from './facts.ts';

/**
 * Why a node had better not be emptied at this moment: a budget allows none of its pods to go, or not together
 * with those of nodes that are being emptied. Alone a node may hold more pods of a budget than may go at once:
 * they go one after the other.
 * @param beside nodes that are being emptied
 */
export function obstacleOf(
  node: Pick<NodeFacts, 'outlook'>,
  beside: readonly Pick<NodeFacts, 'name' | 'outlook'>[],
  budgets: readonly BudgetFacts[],
): string | undefined {
  for (const { namespace, name, pods } of node.outlook?.budgets ?? []) {
    const budget = budgets.find((one) => one.namespace === namespace && one.name === name);
    const allowed = budget?.disruptionsAllowed;
    if (allowed === undefined) continue;
    const others = beside
      .map((other) => ({ name: other.name, pods: podsOf(other.outlook, namespace, name) }))
      .filter((other) => other.pods > 0);
    const together = others.reduce((sum, other) => sum + other.pods, pods);
    if (others.length > 0 && together > allowed) {
      const names = others.map((other) => other.name).join(', ');
      return `disruption budget ${namespace}/${name} spares ${allowed} of the ${together} pods on it and ${names}`;
    }
    if (allowed === 0) return `disruption budget ${namespace}/${name} spares no pod now`;
  }
  return undefined;
}

function podsOf(outlook: Outlook | undefined, namespace: string, name: string): number {
  const covered = outlook?.budgets.find((one) => one.namespace === namespace && one.name === name);
  return covered?.pods ?? 0;
}
