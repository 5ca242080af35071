import { byName } from '../../targets/order.ts';
import { type DrainFacts, type DrainPod, nameOfPod, type UnhealthyPod } from './drain-facts.ts';
import { type DrainRules, staysBy } from './drain-rules.ts';

/** Why a pod is still there, in the order in which it is told: what never ends by itself first. */
export const BLOCK_CAUSES = ['Rule', 'Refused', 'Overdue', 'Priority'] as const;

export interface BlockedPod {
  /** `shop/web-1` */
  readonly pod: string;
  readonly cause: (typeof BLOCK_CAUSES)[number];
  /** In one sentence that does not name the pod, and stays the same while nothing changes. */
  readonly message: string;
}

/** How far a drain has come. */
export interface DrainView {
  /** Pods that have to go and are still there, those already terminating included. */
  readonly remaining: number;
  /** Pods that may be asked to go now. */
  readonly due: readonly DrainPod[];
  readonly blocked: readonly BlockedPod[];
}

/** Judges the pods of a node by the rules of a policy. */
export function judgeDrain({ pods }: DrainFacts, rules: DrainRules): DrainView {
  const stays = staysBy(rules);
  const going = pods.filter(({ labels }) => !stays(labels));
  const lowest = Math.min(...going.map(({ priority }) => priority));
  const due: DrainPod[] = [];
  const blocked: (BlockedPod & { readonly at: number })[] = [];
  for (const pod of going) {
    const block = (cause: BlockedPod['cause'], message: string, at = 0) =>
      blocked.push({ pod: nameOfPod(pod), cause, message, at });
    const { hasEmptyDir } = pod;
    const forbidden = forbiddenBy(rules, { hasEmptyDir, isManaged: pod.owner !== undefined });
    if (pod.endsByMs !== undefined) {
      if (pod.isOverdue) block('Overdue', explainOverdue(pod, pod.endsByMs));
    } else if (forbidden !== undefined) {
      block('Rule', forbidden);
    } else if (rules.order === 'LowPriorityFirst' && pod.priority > lowest) {
      block('Priority', waitsForLower(pod, going));
    } else {
      due.push(pod);
      if (pod.refusal !== undefined) block('Refused', explainRefused(pod), pod.refusal.at);
    }
  }
  return {
    remaining: going.length,
    due,
    blocked: blocked
      .toSorted((a, b) => rank(a) - rank(b) || a.at - b.at || byName(a.pod, b.pod))
      .map(({ at: _, ...one }) => one),
  };
}

function rank({ cause }: BlockedPod): number {
  return BLOCK_CAUSES.indexOf(cause);
}

/** @returns why a rule of the policy forbids to evict it, and what a person can do */
export function forbiddenBy(
  rules: DrainRules,
  pod: { readonly hasEmptyDir: boolean; readonly isManaged: boolean },
): string | undefined {
  if (!pod.isManaged && rules.unmanaged === 'Block') {
    return 'no controller would make it anew (drain.unmanaged: Block); make it anew elsewhere, then delete it';
  }
  if (pod.hasEmptyDir && rules.emptyDir === 'Block') {
    return 'what its emptyDir volumes hold would be lost (drain.emptyDir: Block); save it, then delete the pod';
  }
  return undefined;
}

const SHOWN_PODS = 3;

function waitsForLower({ priority }: DrainPod, going: readonly DrainPod[]): string {
  const lower = going.filter((other) => other.priority < priority).map(nameOfPod);
  return `goes after ${count(lower.length, 'pod')} of lower priority: ${listed(lower.toSorted(byName))}`;
}

function explainOverdue({ finalizers }: DrainPod, endsByMs: number): string {
  const why =
    finalizers.length > 0
      ? `finalizers hold it: ${finalizers.join(', ')}`
      : 'the kubelet has not ended it';
  return `should have ended by ${new Date(endsByMs).toISOString().replace('.000', '')}, ${why}`;
}

function explainRefused({ refusal, owner }: DrainPod): string {
  const { budget, message, seen } = refusal!;
  if (budget === undefined || seen === undefined) return message;
  const { needed, healthy, expected, unhealthy } = seen;
  const sum = `budget ${budget} allows no disruption now (needs ${needed} healthy pods, has ${healthy} of ${expected})`;
  if (unhealthy.length > 0) {
    const parts = unhealthy.slice(0, SHOWN_PODS).map((one) => explainUnhealthy(one, owner));
    const rest = unhealthy.length - parts.length;
    return [sum, ...parts, ...(rest > 0 ? [`${rest} more are not healthy`] : [])].join('; ');
  }
  return needed >= expected && expected > 0
    ? `${sum}; it spares none of them: lower it, or run one replica more`
    : sum;
}

function explainUnhealthy({ name, owner, why }: UnhealthyPod, ownerOfBlocked?: string): string {
  const isKin = owner !== undefined && owner === ownerOfBlocked;
  return `${name}${isKin ? ` of the same ${owner.split('/')[0]}` : ''} ${why}`;
}

/** What a node waits for in one sentence; the most telling pod is named. */
export function describeDrain(view: DrainView | undefined): string {
  if (view === undefined) return 'its pods are being listed';
  const [first, ...more] = view.blocked;
  if (first === undefined) return `${count(view.remaining, 'pod')} still to go`;
  const others = more.length === 0 ? '' : `, and ${count(more.length, 'more pod')}`;
  return `${first.pod}: ${first.message}${others}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - SHOWN_PODS;
  const shown = names.slice(0, SHOWN_PODS).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
