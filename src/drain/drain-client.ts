import { eachAtOnce } from '../each-at-once.ts';
import { messageOf } from '../errors.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import type { Log } from '../log.ts';
import { BudgetSightClient } from './budget-sight-client.ts';
import type { TrimmedPod } from './evictable.ts';
import { EvictionPace } from './eviction-pace.ts';
import { explainRefusal } from './explain.ts';
import { type DrainFacts, type DrainPod, nameOfPod } from './judge/drain-facts.ts';
import type { DrainRules } from './judge/drain-rules.ts';
import { judgeDrain } from './judge/judge-drain.ts';
import type { PodStore } from './pod-store.ts';

/** Evictions under way at once for one node; each may take as long as the API server's admission does. */
const AT_ONCE = 5;
/** Beyond the time that a pod was given to end, before it is called overdue: its node needs time to answer. */
const OVERDUE_AFTER_MS = 10_000;
/** A budget that refuses for longer is looked at: most open by themselves when a replacement is ready. */
const LOOKED_AT_AFTER_MS = 3_000;

export interface DrainClient {
  /** What is left on a node. @returns undefined until its pods have been listed */
  observe(node: string): DrainFacts | undefined;
  /**
   * One round of evictions through the Eviction API, of the pods whose turn has come by these rules.
   * Refusals end up in {@link DrainFacts}. Safe to call at any time: what is under way, refused a moment ago or
   * terminating is left alone. Never throws for a single pod.
   * @throws the reason of `signal` when that is aborted
   */
  evict(node: string, rules: DrainRules, signal?: AbortSignal): Promise<void>;
  /** A disruption budget of this namespace lets a pod go now: whoever it has refused is tried again. */
  budgetOpened(namespace: string): void;
  /** A pod of this node has come, changed or gone. */
  podsChanged(node: string): void;
  /** The drain is over or given up. Harmless for a node that is not drained. */
  release(node: string): void;
}

export interface DrainOptions {
  readonly kube: Kube;
  readonly log: Log;
  readonly pods: PodStore;
  readonly signal: AbortSignal;
  /** Called when {@link DrainClient.observe} may say something new, or when another round is due. */
  readonly onChange: (node: string) => void;
}

interface Drain {
  readonly node: string;
  readonly pace: EvictionPace;
  /** Uids whose eviction is being asked for. */
  readonly underWay: Set<string>;
  timer: NodeJS.Timeout | undefined;
}

export function createDrainClient(options: DrainOptions): DrainClient {
  const { kube, log } = options;
  const drains = new Map<string, Drain>();
  const budgets = new BudgetSightClient(kube, log, options.signal, (namespace) => {
    for (const node of drains.keys()) {
      if (podsOf(node).some((pod) => pod.namespace === namespace)) options.onChange(node);
    }
  });

  options.signal.addEventListener('abort', () => [...drains.keys()].forEach(release), {
    once: true,
  });

  function podsOf(node: string): readonly TrimmedPod[] {
    return options.pods.of(node) ?? [];
  }

  function begin(node: string): Drain {
    const known = drains.get(node);
    if (known) return known;
    const drain = { node, pace: new EvictionPace(), underWay: new Set<string>(), timer: undefined };
    drains.set(node, drain);
    return drain;
  }

  function release(node: string): void {
    const drain = drains.get(node);
    if (!drain) return;
    drains.delete(node);
    clearTimeout(drain.timer);
    if (drains.size === 0) budgets.forget();
  }

  async function evictPod(
    drain: Drain,
    pod: DrainPod,
    { graceSeconds }: DrainRules,
    signal: AbortSignal | undefined,
  ) {
    const nowMs = performance.now();
    drain.underWay.add(pod.uid);
    try {
      await kube.request('POST', `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/eviction`, {
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: pod.name, namespace: pod.namespace },
          // A StatefulSet's new pod has the name of the old one, and may be on another node by now.
          deleteOptions: {
            preconditions: { uid: pod.uid },
            ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
          },
        },
        signal,
      });
      drain.pace.accepted(pod.uid, nowMs);
      log.info({ pod: nameOfPod(pod) }, 'evicted');
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      const gone = thrown instanceof ApiError && (thrown.status === 404 || thrown.status === 409);
      if (gone) {
        drain.pace.accepted(pod.uid, nowMs);
        return;
      }
      const refusal = thrown instanceof ApiError;
      const words = refusal
        ? explainRefusal(thrown)
        : { budget: undefined, message: messageOf(thrown) };
      drain.pace.refused(pod.uid, words, nowMs, refusal ? thrown.retryAfterMs : undefined);
      const reason = refusal ? thrown.reason : 'ApiServerAway';
      log.debug({ pod: nameOfPod(pod), reason, message: words.message }, 'not evicted');
    } finally {
      drain.underWay.delete(pod.uid);
    }
  }

  /** Waits of refused pods end without any change in the cluster: somebody has to look again. */
  function wakeForNextRound(node: string, drain: Drain): void {
    clearTimeout(drain.timer);
    const nextAtMs = drain.pace.nextAtMs();
    if (nextAtMs === undefined || drains.get(node) !== drain || options.signal.aborted) return;
    drain.timer = setTimeout(
      () => options.onChange(node),
      Math.max(0, nextAtMs - performance.now()),
    );
  }

  function factsOf({ node, pace }: Drain): DrainFacts {
    const serverNowMs = kube.serverClock.nowMs();
    const refused = pace.blocked();
    const places = [...refused.keys()];
    return {
      pods: podsOf(node)
        .filter(({ mustGo }) => mustGo)
        .map(({ mustGo: _, resourceVersion: __, node: ___, ...pod }) => {
          const words = refused.get(pod.uid);
          const budget = words?.budget;
          return {
            ...pod,
            isOverdue:
              pod.endsByMs !== undefined &&
              serverNowMs !== undefined &&
              serverNowMs >= pod.endsByMs + OVERDUE_AFTER_MS,
            refusal: words && {
              at: places.indexOf(pod.uid),
              budget,
              message: words.message,
              seen: budget === undefined ? undefined : budgets.get(pod.namespace, budget),
            },
          };
        }),
    };
  }

  /** Why they do not open is found out about budgets that have refused for some time. */
  function lookAtBudgets({ node, pace }: Drain): void {
    const sinceMs = performance.now() - LOOKED_AT_AFTER_MS;
    const refused = pace.blocked();
    for (const { uid, namespace } of podsOf(node)) {
      const { budget, firstAtMs = 0 } = refused.get(uid) ?? {};
      if (budget !== undefined && firstAtMs <= sinceMs) budgets.ask(namespace, budget);
    }
  }

  return {
    observe(node) {
      const drain = begin(node);
      return options.pods.of(node) === undefined ? undefined : factsOf(drain);
    },
    async evict(node, rules, signal) {
      const drain = begin(node);
      if (options.pods.of(node) === undefined) return;
      drain.pace.keepOnly(new Set(podsOf(node).map((pod) => pod.uid)));
      const nowMs = performance.now();
      const due = judgeDrain(factsOf(drain), rules).due.filter(
        ({ uid }) => !drain.underWay.has(uid) && drain.pace.mayTry(uid, nowMs),
      );
      await eachAtOnce(due, AT_ONCE, (pod) => evictPod(drain, pod, rules, signal));
      lookAtBudgets(drain);
      wakeForNextRound(node, drain);
      if (due.length > 0) options.onChange(node);
    },
    budgetOpened(namespace) {
      for (const [node, drain] of drains) {
        const concerned = podsOf(node).filter((pod) => pod.namespace === namespace);
        drain.pace.hurry(new Set(concerned.map(({ uid }) => uid)), performance.now());
        wakeForNextRound(node, drain);
      }
    },
    podsChanged(node) {
      if (drains.has(node)) options.onChange(node);
    },
    release,
  };
}
