import type { Log } from '../log.ts';
import type { Kube } from './client.ts';
import { type Informer, startInformer } from './informer.ts';
import { LEASE } from './protobuf/kinds.ts';
import { NODE_LEASES } from './target-path.ts';
import { type TrimmedLease, trimLease } from './trim-lease.ts';

export interface LeaseStoreOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** @see InformerOptions.pause */
  readonly pause: () => Promise<void>;
  readonly onChange: (lease: TrimmedLease) => void;
  /** Called when {@link LeaseStore.healthy} may have changed. */
  readonly onHealth: () => void;
}

/**
 * The Leases of Nodes. Thousands of kubelets renew theirs every ten seconds, so that they are only watched while
 * a node may be on trial.
 */
export interface LeaseStore {
  isWanted: boolean;
  /** What the Lease of a node says; undefined where there is none, or nobody has listed them. */
  of(node: string): TrimmedLease | undefined;
  /** false: they are wanted, and what is known may be out of date. */
  readonly healthy: boolean;
}

export function createLeaseStore(options: LeaseStoreOptions): LeaseStore {
  const { kube, log, signal, pause, onHealth } = options;
  let watching:
    | { readonly leases: Informer<TrimmedLease>; readonly stop: AbortController }
    | undefined;

  function start() {
    const stop = new AbortController();
    const leases = startInformer<TrimmedLease>({
      ...{ kube, log, pause, onHealth },
      path: NODE_LEASES,
      kind: LEASE,
      trim: trimLease,
      onChange: ({ object }) => options.onChange(object),
      signal: AbortSignal.any([signal, stop.signal]),
    });
    return { leases, stop };
  }

  return {
    get isWanted() {
      return watching !== undefined;
    },
    set isWanted(wanted) {
      if (wanted === (watching !== undefined)) return;
      watching?.stop.abort(new Error('no node is on trial'));
      watching = wanted && !signal.aborted ? start() : undefined;
      onHealth();
    },
    of: (node) => watching?.leases.get(`kube-node-lease/${node}`),
    get healthy() {
      return watching?.leases.healthy ?? true;
    },
  };
}
