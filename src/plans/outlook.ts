import { type ObjectSelector, selects } from '../targets/object-selector.ts';
import type { Outlook } from './facts.ts';

/** A pod that would have to go. */
export interface OutlookPod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SelectingBudget {
  readonly namespace: string;
  readonly name: string;
  readonly selector: ObjectSelector | undefined;
}

/** What the drain of a node with these pods would meet. */
export function outlookOf(
  pods: readonly OutlookPod[],
  budgets: readonly SelectingBudget[],
): Outlook {
  const inNamespace = Map.groupBy(pods, ({ namespace }) => namespace);
  return {
    budgets: budgets.flatMap(({ namespace, name, selector }) => {
      const own = inNamespace.get(namespace) ?? [];
      const covered = own.filter(({ labels }) => selects(selector, labels)).length;
      return covered === 0 ? [] : [{ namespace, name, pods: covered }];
    }),
  };
}
