import { UPDATE_POLICY } from '../api/meta.ts';
import { hasEmptyDir, mustGo, ownerOf } from '../drain/evictable.ts';
import { judgeReadyz, type Readiness } from '../health/readyz.ts';
import { askReadyz } from '../health/readyz-client.ts';
import type { Kube } from '../kube/client.ts';
import { controlNodeFacts } from '../kube/control-node-facts.ts';
import { getIfThere } from '../kube/get-if-there.ts';
import { nodeFacts } from '../kube/node-facts.ts';
import type { RawObject, RawPod } from '../kube/raw.ts';
import {
  BUDGETS,
  CONTROL_NODES,
  NODES,
  QUARANTINED_ARTIFACTS,
  UPDATE_POLICIES,
} from '../kube/target-path.ts';
import { trimBudget } from '../kube/trim-budget.ts';
import { type TrimmedControlNode, trimControlNode } from '../kube/trim-control-node.ts';
import { trimNode } from '../kube/trim-node.ts';
import type { ControlNodeFacts, PlanFacts } from '../plans/facts.ts';
import { outlookOf } from '../plans/outlook.ts';
import type { PreviewBudget, PreviewPod } from '../plans/preview-drains.ts';
import type { TrimmedPlan } from '../plans/trim-plan.ts';
import { trimQuarantine } from '../plans/trim-quarantine.ts';
import { type TrimmedUpdatePolicy, trimUpdatePolicy } from '../plans/trim-update-policy.ts';
import type { ObjectSelector } from '../targets/object-selector.ts';
import { list } from './preview-list.ts';
import { readPlans } from './read-plans.ts';

/** The cluster, read once. */
export interface ObservedCluster {
  readonly world: Pick<
    PlanFacts,
    'serverNowMs' | 'nodes' | 'controlNodes' | 'budgets' | 'quarantined'
  >;
  readonly plans: readonly TrimmedPlan[];
  readonly updatePolicy: TrimmedUpdatePolicy | undefined;
  readonly pods: readonly PreviewPod[];
  readonly budgets: readonly PreviewBudget[];
  /** What could not be seen from here, and what is taken for granted instead. */
  readonly notes: readonly string[];
}

const READYZ_TIMEOUT_MS = 3_000;

/** Lists only: nothing is written, and nothing is watched. Throws as {@link Kube.request} does. */
export async function observeCluster(kube: Kube, apiPort: number): Promise<ObservedCluster> {
  const [plans, nodes, controllers, budgets, policy, quarantined, pods] = await Promise.all([
    readPlans(kube),
    list(kube, NODES),
    list(kube, CONTROL_NODES),
    list<RawBudget>(kube, BUDGETS),
    storedPolicy(kube),
    list(kube, QUARANTINED_ARTIFACTS),
    list<RawPod>(kube, '/api/v1/pods'),
  ]);
  const serverNowMs = kube.serverClock.nowMs();
  const beside = { renewals: 0, drain: undefined };
  const going = pods.filter(mustGo).flatMap(podOf);
  const found = budgets.map(budgetOf);
  const outlooks = Map.groupBy(going, ({ node }) => node);
  const trimmed = controllers.map((raw) => trimControlNode(raw));
  const asked = await askAll(kube, trimmed, apiPort);
  return {
    world: {
      serverNowMs,
      nodes: byName(
        nodes.map((raw) => {
          const node = trimNode(raw);
          const going = outlooks.get(node.name) ?? [];
          const outlook = outlookOf(going, found);
          return nodeFacts(node, { ...beside, outlook, toGo: going.length });
        }),
      ),
      controlNodes: byName(
        trimmed.map((one) => controlNodeFacts(one, asked.answers.get(one.name)!)),
      ),
      budgets: budgets.map((raw) => trimBudget(raw)),
      quarantined: quarantined.map((raw) => trimQuarantine(raw)),
    },
    plans,
    updatePolicy: policy,
    pods: going,
    budgets: found,
    notes: asked.notes,
  };
}

async function storedPolicy(kube: Kube): Promise<TrimmedUpdatePolicy | undefined> {
  const stored = await getIfThere(kube, `${UPDATE_POLICIES}/${UPDATE_POLICY}`);
  return stored === undefined ? undefined : trimUpdatePolicy(stored);
}

type ApiServerFacts = ControlNodeFacts['apiServer'];

/**
 * Asks every API server for its own health. Where none can be reached but through the address of the
 * kubeconfig, nothing is known of them: an operator's own machine often stands outside of their network.
 */
async function askAll(
  kube: Kube,
  controllers: readonly TrimmedControlNode[],
  port: number,
): Promise<{ answers: ReadonlyMap<string, ApiServerFacts>; notes: readonly string[] }> {
  const found = await Promise.all(
    controllers.map(async ({ name, internalIp }) => {
      const answer =
        internalIp === undefined
          ? {
              kind: 'notAsked' as const,
              why: `the status of ControlNode ${name} has no InternalIP`,
            }
          : await askReadyz(internalIp, port, () => kube.credentials(), READYZ_TIMEOUT_MS);
      return { name, answer, readiness: judgeReadyz(answer, Date.now()) };
    }),
  );
  const isOutside = found.every(({ answer }) => answer.kind !== 'answered');
  const isGuessed = ({ readiness }: { readiness: Readiness }) =>
    isOutside || readiness.ready === 'Unknown';
  const answers = new Map(
    found.map((one) => {
      const { atMs, ready, message } = one.readiness;
      return [one.name, { ready: isGuessed(one) ? 'True' : ready, message, atMs, sinceMs: 0 }];
    }),
  );
  const notes = found
    .filter(isGuessed)
    .map(
      ({ name, readiness }) =>
        `the API server of controller ${name} could not be asked from here (${readiness.message}); it is taken to be ready`,
    );
  return { answers, notes };
}

interface RawBudget extends RawObject {
  readonly spec?: { readonly selector?: ObjectSelector };
  readonly status?: {
    readonly expectedPods?: number;
    readonly desiredHealthy?: number;
    readonly currentHealthy?: number;
    readonly disruptionsAllowed?: number;
  };
}

function budgetOf({ metadata, spec, status }: RawBudget): PreviewBudget {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    selector: spec?.selector,
    expectedPods: status?.expectedPods ?? 0,
    desiredHealthy: status?.desiredHealthy ?? 0,
    currentHealthy: status?.currentHealthy ?? 0,
    disruptionsAllowed: status?.disruptionsAllowed ?? 0,
  };
}

/** A pod that is on no node yet is nobody's to evict. */
function podOf(pod: RawPod): PreviewPod[] {
  const { metadata, spec } = pod;
  if (spec?.nodeName === undefined) return [];
  return [
    {
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      node: spec.nodeName,
      labels: metadata.labels ?? {},
      isManaged: ownerOf(pod) !== undefined,
      hasEmptyDir: hasEmptyDir(pod),
      finalizers: metadata.finalizers ?? [],
    },
  ];
}

function byName<T extends { readonly name: string }>(all: readonly T[]): Map<string, T> {
  return new Map(all.map((one) => [one.name, one]));
}
