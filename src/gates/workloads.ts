/** What is not as it should be of one workload. All zero: healthy. */
export interface Trouble {
  /** Replicas that are wanted and not available. */
  readonly missing: number;
  /** Pods with a container that crashes again and again, or has crashed since the last look. */
  readonly crashing: number;
  /** Pods that have not started: no node fits, or their images are not there. */
  readonly pending: number;
}

/** The workloads of a cluster at one moment. Keys: `Deployment default/web`. */
export interface Survey {
  /** When it was begun, by the clock of the API server; epoch milliseconds. */
  readonly takenAtMs: number;
  /** How many were looked at. */
  readonly total: number;
  /** Only those that are in trouble. */
  readonly troubled: ReadonlyMap<string, Trouble>;
  /** Why a pod of theirs has not started, in the words of the scheduler or the kubelet; of some. */
  readonly hints: ReadonlyMap<string, string>;
  /** Those that were made so shortly before that their age alone does not tell. */
  readonly young: ReadonlySet<string>;
  /** Restarts of each pod that ever had one, by uid: the next survey sees which are new. */
  readonly restarts: ReadonlyMap<string, number>;
}

/** An object that keeps pods running, as one page of its collection has it. */
export interface RawWorkload {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly availableReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberAvailable?: number;
  };
}

export interface RawSurveyPod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly RawContainer[];
    readonly containerStatuses?: readonly RawContainer[];
  };
}

interface RawContainer {
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

export const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

export interface SurveyOptions {
  readonly takenAtMs: number;
  readonly ignoreNamespaces: readonly string[];
  /** Nodes that we are emptying or restarting at this moment: what is down there is down because of us. */
  readonly nodesUnderWay: readonly string[];
  /** {@link Survey.restarts} of the survey before; undefined: there was none. */
  readonly restartsBefore: ReadonlyMap<string, number> | undefined;
  /** Workloads that were made after that survey are not looked at; undefined: all are. */
  readonly before: Pick<Survey, 'takenAtMs' | 'young'> | undefined;
}

/** Times of creation are cut to the second, and the API server's clock is known to about one. */
const UNSURE_MS = 2_000;

/** Takes in pages of workloads, and then pages of pods, and keeps counts only. */
export class Surveyor {
  readonly #options: SurveyOptions;
  readonly #ignored: ReadonlySet<string>;
  readonly #underWay: ReadonlySet<string>;
  readonly #known = new Set<string>();
  readonly #young = new Set<string>();
  readonly #troubled = new Map<string, Trouble>();
  readonly #hints = new Map<string, string>();
  readonly #restarts = new Map<string, number>();

  constructor(options: SurveyOptions) {
    this.#options = options;
    this.#ignored = new Set(options.ignoreNamespaces);
    this.#underWay = new Set(options.nodesUnderWay);
  }

  addWorkloads(kind: WorkloadKind, page: readonly RawWorkload[]): void {
    for (const { metadata, spec, status } of page) {
      const key = keyOf(kind, metadata);
      if (!this.#isWatched(key, metadata)) continue;
      this.#known.add(key);
      const missing =
        kind === 'DaemonSet'
          ? (status?.desiredNumberScheduled ?? 0) -
            (status?.numberAvailable ?? 0) -
            this.#underWay.size
          : (spec?.replicas ?? 1) - (status?.availableReplicas ?? 0);
      if (missing > 0) this.#count(key, { missing });
    }
  }

  addPods(page: readonly RawSurveyPod[]): void {
    for (const pod of page) {
      const { uid, deletionTimestamp } = pod.metadata;
      const phase = pod.status?.phase;
      const isOver = phase === 'Succeeded' || phase === 'Failed' || deletionTimestamp !== undefined;
      const key = isOver ? undefined : this.#workloadOf(pod);
      if (key === undefined) continue;
      const containers = [
        ...(pod.status?.initContainerStatuses ?? []),
        ...(pod.status?.containerStatuses ?? []),
      ];
      const restarts = containers.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
      if (restarts > 0) this.#restarts.set(uid, restarts);
      if (this.#underWay.has(pod.spec?.nodeName ?? '')) continue;
      const { restartsBefore } = this.#options;
      const isNew = restartsBefore !== undefined && restarts > (restartsBefore.get(uid) ?? 0);
      const isBackingOff = containers.some(
        ({ state }) => state?.waiting?.reason === 'CrashLoopBackOff',
      );
      if (isBackingOff || isNew) this.#count(key, { crashing: 1 });
      else if (phase === 'Pending') {
        this.#count(key, { pending: 1 });
        const hint = whyPending(pod);
        if (hint !== undefined && !this.#hints.has(key)) this.#hints.set(key, hint);
      }
    }
  }

  end(): Survey {
    return {
      takenAtMs: this.#options.takenAtMs,
      total: this.#known.size,
      troubled: this.#troubled,
      hints: this.#hints,
      young: this.#young,
      restarts: this.#restarts,
    };
  }

  #isWatched(
    key: string,
    { namespace = '', creationTimestamp, deletionTimestamp }: RawWorkload['metadata'],
  ): boolean {
    if (deletionTimestamp !== undefined || this.#ignored.has(namespace)) return false;
    const { before, takenAtMs } = this.#options;
    const madeAtMs = Date.parse(creationTimestamp ?? '');
    if (madeAtMs + 2 * UNSURE_MS > takenAtMs) this.#young.add(key);
    const maybeNew = before !== undefined && madeAtMs + UNSURE_MS > before.takenAtMs;
    return !maybeNew || before.young.has(key);
  }

  /**
   * What a pod belongs to. Undefined: nothing that is looked at. Jobs end by themselves and are tried again
   * by their own rules, a static pod belongs to its node, and what is new cannot be worse than before.
   */
  #workloadOf({ metadata }: RawSurveyPod): string | undefined {
    const { namespace, labels, ownerReferences = [] } = metadata;
    const owner = ownerReferences.find(({ controller }) => controller === true);
    if (owner === undefined) {
      const key = keyOf('Pod', metadata);
      return this.#isWatched(key, metadata) ? key : undefined;
    }
    if (owner.kind === 'Job' || owner.kind === 'Node') return undefined;
    const hash = `-${labels?.['pod-template-hash'] ?? ''}`;
    // A Deployment names its ReplicaSets by the hash that their pods carry: none of them need be listed.
    const ofDeployment = owner.kind === 'ReplicaSet' && hash !== '-' && owner.name.endsWith(hash);
    const key = ofDeployment
      ? keyOf('Deployment', { namespace, name: owner.name.slice(0, -hash.length) })
      : keyOf(owner.kind, { namespace, name: owner.name });
    const isListed = ofDeployment || WORKLOAD_KINDS.some((kind) => kind === owner.kind);
    if (isListed) return this.#known.has(key) ? key : undefined;
    // Of an owner that we do not list, such as one of a database operator, nobody knows its age.
    return this.#ignored.has(namespace ?? '') ? undefined : key;
  }

  #count(key: string, more: Partial<Trouble>): void {
    const { missing, crashing, pending } = this.#troubled.get(key) ?? HEALTHY;
    this.#troubled.set(key, {
      missing: missing + (more.missing ?? 0),
      crashing: crashing + (more.crashing ?? 0),
      pending: pending + (more.pending ?? 0),
    });
  }
}

export const HEALTHY: Trouble = { missing: 0, crashing: 0, pending: 0 };

function keyOf(
  kind: string,
  { namespace, name }: { readonly namespace?: string | undefined; readonly name: string },
): string {
  return `${kind} ${namespace ?? ''}/${name}`;
}

function whyPending({ status }: RawSurveyPod): string | undefined {
  const unscheduled = status?.conditions?.find(
    ({ type, status: truth }) => type === 'PodScheduled' && truth === 'False',
  );
  if (unscheduled?.message !== undefined) return unscheduled.message;
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
    .map(({ state }) => state?.waiting)
    .find((one) => one?.reason !== undefined);
  return waiting === undefined ? undefined : `${waiting.reason} ${waiting.message ?? ''}`;
}
