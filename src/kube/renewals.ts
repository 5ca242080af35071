import type { TrimmedLease } from './trim-lease.ts';
import type { TrimmedNode } from './trim-node.ts';

/**
 * Counts how often a node has renewed its Lease since we first saw it on trial under its present order.
 * Condition Ready stays True for most of a minute after a kubelet has died, so that only a renewal proves
 * that the restarted one lives.
 *
 * Renewals are often made before the node's report of its restart gets here: nodes and Leases come by watches of
 * their own. The last two of them count where the node's own clock says that they came after the old process was
 * gone.
 *
 * It lives in memory: after a restart of ours it begins at nothing again, which delays a commit by a
 * renewal or two and can never bring one about too early.
 */
export interface Renewals {
  /** To be called with every change of a Node, before or after the Lease's own changes. */
  nodeChanged(node: Pick<TrimmedNode, 'name' | 'report'>): void;
  nodeDeleted(name: string): void;
  leaseChanged(lease: Pick<TrimmedLease, 'name' | 'renewTime'>): void;
  count(name: string): number;
}

interface Trial {
  readonly orderId: string;
  /** By the node's own clock. */
  readonly restartedAt: string | undefined;
  renewTime: string | undefined;
  count: number;
}

/** @param leaseOf what the Lease of a node says at this moment, undefined where there is none */
export function createRenewals(
  leaseOf: (name: string) => Pick<TrimmedLease, 'renewTime' | 'renewedBefore'> | undefined,
): Renewals {
  const trials = new Map<string, Trial>();
  return {
    nodeChanged({ name, report }) {
      const signal = report.kind === 'valid' ? report.value.signal : undefined;
      const known = trials.get(name);
      if (known && known.orderId !== signal?.id) trials.delete(name);
      if (signal?.phase !== 'OnTrial' || trials.has(name)) return;
      const { renewTime, renewedBefore } = leaseOf(name) ?? {};
      const { id: orderId, restartedAt } = signal;
      const count = [renewTime, renewedBefore].filter((at) => isAfter(at, restartedAt)).length;
      trials.set(name, { orderId, restartedAt, renewTime, count });
    },
    nodeDeleted(name) {
      trials.delete(name);
    },
    leaseChanged({ name, renewTime }) {
      const trial = trials.get(name);
      if (!trial || trial.renewTime === renewTime) return;
      // The first that is seen of a Lease may be from before the restart.
      const isNew = trial.renewTime !== undefined || isAfter(renewTime, trial.restartedAt);
      trial.renewTime = renewTime;
      if (isNew) trial.count += 1;
    },
    count: (name) => trials.get(name)?.count ?? 0,
  };
}

/** Both are stamps of one clock, the node's. */
function isAfter(renewTime: string | undefined, restartedAt: string | undefined): boolean {
  if (renewTime === undefined || restartedAt === undefined) return false;
  return Date.parse(renewTime) > Date.parse(restartedAt);
}
