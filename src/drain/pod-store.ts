import type { Kube } from '../kube/client.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import { POD } from '../kube/protobuf/kinds.ts';
import type { Log } from '../log.ts';
import { type TrimmedPod, trimPod } from './evictable.ts';
import { PodsByNode } from './pods-by-node.ts';

export interface PodStoreOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** @see InformerOptions.pause */
  readonly pause: () => Promise<void>;
  /** A pod of this node has come, changed or gone; not called before all have been listed. */
  readonly onChange: (node: string) => void;
  /** All have been listed. */
  readonly onSynced: () => void;
}

/** The pods that run, by node. */
export interface PodStore {
  /**
   * Whether they are to be known at all: only while nodes may have to be emptied. One list and one watch for
   * the whole cluster: a list and a watch for each node cost more than all the rest of its update.
   */
  isWanted: boolean;
  /** @returns undefined until all have been listed */
  of(node: string): readonly TrimmedPod[] | undefined;
  /** How many pods of a node have to go before it is updated. @returns undefined until all have been listed */
  toGo(node: string): number | undefined;
}

interface Watching {
  readonly pods: Informer<TrimmedPod>;
  readonly byNode: PodsByNode;
  readonly stop: AbortController;
}

/** Those that wait for a node are of no drain, and those that have ended are of none any more. */
export const RUNNING = 'spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed';

export function createPodStore(options: PodStoreOptions): PodStore {
  const { kube, log, signal, pause } = options;
  let watching: Watching | undefined;

  function start(): Watching {
    const stop = new AbortController();
    const byNode = new PodsByNode();
    const pods = startInformer<TrimmedPod>({
      ...{ kube, log, pause },
      path: '/api/v1/pods',
      kind: POD,
      query: { fieldSelector: RUNNING },
      trim: trimPod,
      onChange: ({ kind, object }) => {
        if (kind === 'changed') byNode.put(object);
        else byNode.drop(object);
        if (pods.isSynced && watching?.pods === pods) options.onChange(object.node);
      },
      signal: AbortSignal.any([signal, stop.signal]),
    });
    pods.synced().then(
      () => options.onSynced(),
      () => {}, // stopped before; nobody waits for it any more
    );
    return { pods, byNode, stop };
  }

  return {
    get isWanted() {
      return watching !== undefined;
    },
    set isWanted(wanted) {
      if (wanted === (watching !== undefined)) return;
      watching?.stop.abort(new Error('nothing is to be drained'));
      watching = wanted && !signal.aborted ? start() : undefined;
    },
    of(node) {
      if (watching?.pods.isSynced !== true) return undefined;
      return watching.byNode.of(node);
    },
    toGo(node) {
      return watching?.pods.isSynced === true ? watching.byNode.toGo(node) : undefined;
    },
  };
}
