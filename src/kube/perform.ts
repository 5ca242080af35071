import type { DrainRules } from '../drain/judge/drain-rules.ts';
import type { Action } from '../plans/facts.ts';
import type { Kube } from './client.ts';
import { cordon, uncordon } from './cordon.ts';
import { dropRequests } from './drop-requests.ts';
import type { Outcome } from './patch-target.ts';
import { quarantine } from './quarantine.ts';
import type { RawTaint } from './raw.ts';
import { releaseLeadership } from './release-leadership.ts';
import { removeSoftTaint, setSoftTaint } from './soft-taint.ts';
import { removeOrder, writeOrder } from './write-order.ts';

type Job = Extract<Action, { kind: 'job' }>;

export interface PerformPorts {
  readonly kube: Kube;
  /** All taints of a node as they were seen last. */
  readonly taintsOf: (node: string) => readonly RawTaint[] | undefined;
  /** One round of evictions; {@link DrainClient.evict}. */
  readonly evict: (node: string, rules: DrainRules, signal?: AbortSignal) => Promise<void>;
  /** {@link JobClient.begin} */
  readonly beginJob: (job: Job, signal?: AbortSignal) => Promise<void>;
}

/**
 * Carries out one action. Safe to repeat: after a crash, or when an answer was lost, the same action finds
 * the world as it wants it and says `done`.
 * @returns `done: false` where the world has moved on since it was judged: observe and judge again
 * @throws ApiError when the API server refuses for another reason (rights, admission),
 *   ApiUnreachableError when it cannot be asked
 */
export async function perform(
  { kube, taintsOf, evict, beginJob }: PerformPorts,
  action: Action,
  signal?: AbortSignal,
): Promise<Outcome> {
  switch (action.kind) {
    case 'order':
      return writeOrder(kube, action, signal);
    case 'removeOrder':
      return removeOrder(kube, action, signal);
    case 'cordon':
      return cordon(kube, action, taintsOf(action.name), signal);
    case 'uncordon':
      return uncordon(kube, action, taintsOf(action.name), signal);
    case 'evict':
      await evict(action.name, action.rules, signal);
      return { done: true };
    case 'softTaint':
      return setSoftTaint(kube, action.name, action.run, signal);
    case 'removeSoftTaint':
      return removeSoftTaint(kube, action.name, action.run, signal);
    case 'quarantine':
      return quarantine(kube, action, signal);
    case 'job':
      await beginJob(action, signal);
      return { done: true };
    case 'releaseLeadership':
      return releaseLeadership(kube, action, signal);
    case 'dropRequests':
      return dropRequests(kube, action, signal);
  }
}
