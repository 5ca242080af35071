import { messageOf } from '../errors.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import { type Informer, startInformer } from '../kube/informer.ts';
import type { Log } from '../log.ts';
import type { DrainFacts } from '../plans/facts.ts';
import { type TrimmedPod, trimPod } from './evictable.ts';
import { EvictionPace } from './eviction-pace.ts';
import { explainRefusal, explainStuck } from './explain.ts';

/** Evictions under way at once for one node; each may take as long as the API server's admission does. */
const AT_ONCE = 5;

export interface DrainClient {
  /**
   * What is left on a node. The first call begins to watch its pods: a list and a watch for the whole
   * drain, however long that takes. @returns undefined until they have been listed
   */
  observe(node: string): DrainFacts | undefined;
  /**
   * One round of evictions through the Eviction API, of the pods whose turn has come. Refusals end up in
   * {@link DrainFacts.blocked}. Safe to call at any time: what is under way, refused a moment ago or
   * terminating is left alone. Never throws for a single pod.
   * @throws the reason of `signal` when that is aborted
   */
  evict(node: string, signal?: AbortSignal): Promise<void>;
  /** A disruption budget of this namespace lets a pod go now: whoever it has refused is tried again. */
  budgetOpened(namespace: string): void;
  /** The drain is over or given up: stops watching. Harmless for a node that is not watched. */
  release(node: string): void;
}

export interface DrainOptions {
  readonly kube: Kube;
  readonly log: Log;
  /** Ends all watches. */
  readonly signal: AbortSignal;
  /** Called when {@link DrainClient.observe} may say something new, or when another round is due. */
  readonly onChange: (node: string) => void;
}

interface Drain {
  readonly pods: Informer<TrimmedPod>;
  readonly pace: EvictionPace;
  readonly stop: AbortController;
  /** Uids whose eviction is being asked for. */
  readonly underWay: Set<string>;
  timer: NodeJS.Timeout | undefined;
}

export function createDrainClient(options: DrainOptions): DrainClient {
  const { kube, log } = options;
  const drains = new Map<string, Drain>();

  function begin(node: string): Drain {
    const known = drains.get(node);
    if (known) return known;
    const stop = new AbortController();
    const onAbort = () => release(node);
    options.signal.addEventListener('abort', onAbort, { once: true });
    stop.signal.addEventListener('abort', () =>
      options.signal.removeEventListener('abort', onAbort),
    );
    if (options.signal.aborted) stop.abort();
    const pods = startInformer<TrimmedPod>({
      kube,
      path: '/api/v1/pods',
      query: { fieldSelector: `spec.nodeName=${node}` },
      trim: trimPod,
      onChange: () => {
        if (pods.isSynced) options.onChange(node);
      },
      log: log.child({ drain: node }),
      signal: stop.signal,
    });
    pods.synced().then(
      () => options.onChange(node),
      () => {}, // stopped before; nobody waits for it any more
    );
    const drain = {
      pods,
      pace: new EvictionPace(),
      stop,
      underWay: new Set<string>(),
      timer: undefined,
    };
    drains.set(node, drain);
    return drain;
  }

  function release(node: string): void {
    const drain = drains.get(node);
    if (!drain) return;
    drains.delete(node);
    clearTimeout(drain.timer);
    drain.stop.abort();
  }

  async function evictPod(drain: Drain, pod: TrimmedPod, signal: AbortSignal | undefined) {
    const nowMs = performance.now();
    drain.underWay.add(pod.uid);
    try {
      await kube.request('POST', `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/eviction`, {
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: pod.name, namespace: pod.namespace },
          // A StatefulSet's new pod has the name of the old one, and may be on another node by now.
          deleteOptions: { preconditions: { uid: pod.uid } },
        },
        signal,
      });
      drain.pace.accepted(pod.uid, nowMs);
      log.info({ pod: `${pod.namespace}/${pod.name}` }, 'evicted');
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      const gone = thrown instanceof ApiError && (thrown.status === 404 || thrown.status === 409);
      if (gone) {
        drain.pace.accepted(pod.uid, nowMs);
        return;
      }
      const refusal = thrown instanceof ApiError;
      const message = refusal ? explainRefusal(thrown) : messageOf(thrown);
      drain.pace.refused(pod.uid, message, nowMs, refusal ? thrown.retryAfterMs : undefined);
      const reason = refusal ? thrown.reason : 'ApiServerAway';
      log.debug({ pod: nameOf(pod), reason, message }, 'not evicted');
    } finally {
      drain.underWay.delete(pod.uid);
    }
  }

  /** Waits of refused pods end without any change in the cluster: somebody has to look again. */
  function wakeForNextRound(node: string, drain: Drain): void {
    clearTimeout(drain.timer);
    const nextAtMs = drain.pace.nextAtMs();
    if (nextAtMs === undefined || drain.stop.signal.aborted) return;
    drain.timer = setTimeout(
      () => options.onChange(node),
      Math.max(0, nextAtMs - performance.now()),
    );
  }

  return {
    observe(node) {
      const { pods, pace } = begin(node);
      if (!pods.isSynced) return undefined;
      return drainFacts([...pods.values()], pace, kube.serverClock.nowMs());
    },
    async evict(node, signal) {
      const drain = begin(node);
      if (!drain.pods.isSynced) return;
      const all = [...drain.pods.values()];
      drain.pace.keepOnly(new Set(all.map((pod) => pod.uid)));
      const nowMs = performance.now();
      const due = all.filter(
        (pod) =>
          pod.mustGo &&
          pod.endsByMs === undefined &&
          !drain.underWay.has(pod.uid) &&
          drain.pace.mayTry(pod.uid, nowMs),
      );
      const workers = Array.from({ length: Math.min(AT_ONCE, due.length) }, async () => {
        for (let pod = due.shift(); pod; pod = due.shift()) await evictPod(drain, pod, signal);
      });
      await Promise.all(workers);
      wakeForNextRound(node, drain);
      if (workers.length > 0) options.onChange(node);
    },
    budgetOpened(namespace) {
      for (const [node, drain] of drains) {
        const concerned = [...drain.pods.values()].filter((pod) => pod.namespace === namespace);
        drain.pace.hurry(new Set(concerned.map(({ uid }) => uid)), performance.now());
        wakeForNextRound(node, drain);
      }
    },
    release,
  };
}

/** Refused first, oldest first; then those that were told to end and do not. */
function drainFacts(
  all: readonly TrimmedPod[],
  pace: EvictionPace,
  serverNowMs: number | undefined,
): DrainFacts {
  const going = new Map(all.filter((pod) => pod.mustGo).map((pod) => [pod.uid, pod]));
  const blocked: { pod: string; message: string }[] = [];
  for (const { uid, message } of pace.blocked()) {
    const pod = going.get(uid);
    if (pod && pod.endsByMs === undefined) blocked.push({ pod: nameOf(pod), message });
  }
  for (const pod of going.values()) {
    const message = explainStuck(pod, serverNowMs);
    if (message !== undefined) blocked.push({ pod: nameOf(pod), message });
  }
  return { remaining: going.size, blocked };
}

function nameOf(pod: TrimmedPod): string {
  return `${pod.namespace}/${pod.name}`;
}
