import type { Command, PlanSpec } from '../../src/api/plan.ts';
import type { PolicyLayer } from '../../src/api/policy.ts';
import type { DrainFacts, DrainPod, Refusal } from '../../src/drain/judge/drain-facts.ts';
import { type ClusterPolicy, clusterPolicy } from '../../src/plans/cluster-policy.ts';
import type { ControlNodeFacts, NodeFacts, PlanFacts } from '../../src/plans/facts.ts';
import { NO_OTHERS } from '../../src/plans/others.ts';
import type { Report } from '../../src/signals/report.ts';

export const OLD = 'v1.36.1+k0s.0';
export const NEW = 'v1.36.3+k0s.0';
export const SHA = 'b'.repeat(64);
export const START_MS = Date.parse('2026-03-01T22:00:00Z');

export function aReport(host: Partial<Report['host']> = {}, signal?: Report['signal']): Report {
  return {
    v: 1,
    agent: { version: '0.1.0', heartbeatMs: 300_000, beat: 1 },
    host: {
      platform: 'linux-amd64',
      k0sVersion: OLD,
      binary: '/usr/local/bin/k0s',
      sha256: 'a'.repeat(64),
      freeBytes: 1e10,
      writable: true,
      epoch: 0,
      ...host,
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

function aHost(name: string) {
  return {
    name,
    uid: `uid-${name}`,
    labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    platform: 'linux-amd64',
    order: { kind: 'absent' as const },
    orderText: undefined,
    report: { kind: 'valid' as const, value: aReport() },
    reportedAtMs: START_MS - 1_000,
  };
}

export function aNode(name: string, over: Partial<NodeFacts> = {}): NodeFacts {
  return {
    ...aHost(name),
    ready: 'True',
    kubeletVersion: 'v1.36.1+k0s',
    unschedulable: false,
    cordon: undefined,
    softTaint: undefined,
    renewals: 0,
    toGo: 1,
    drain: undefined,
    ...over,
  };
}

export function aDrainPod(over: Partial<DrainPod> = {}): DrainPod {
  const name = over.name ?? 'web';
  return {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    labels: {},
    priority: 0,
    hasEmptyDir: false,
    owner: 'ReplicaSet/web-1',
    endsByMs: undefined,
    isOverdue: false,
    finalizers: [],
    refusal: undefined,
    ...over,
  };
}

export function aRefusal(message: string, over: Partial<Refusal> = {}): Refusal {
  return { at: 0, budget: undefined, message, seen: undefined, ...over };
}

/** A drain with so many pods left that nothing holds up. */
export function podsLeft(count: number): DrainFacts {
  return { pods: Array.from({ length: count }, (_, at) => aDrainPod({ name: `web-${at + 1}` })) };
}

export function aControlNode(name: string, over: Partial<ControlNodeFacts> = {}): ControlNodeFacts {
  return {
    ...aHost(name),
    k0sVersion: OLD,
    apiServer: { ready: 'True', message: 'ready', atMs: START_MS, sinceMs: 0 },
    ...over,
  };
}

interface UpdateOptions {
  readonly version?: string;
  readonly concurrent?: number;
  readonly force?: boolean;
  readonly sha256?: string;
  readonly url?: string;
  readonly mirrors?: string[];
  readonly controllers?: readonly string[] | string;
  readonly workers?: readonly string[] | string;
}

const target = (given: readonly string[] | string, concurrent: number) => ({
  discovery:
    typeof given === 'string' ? { selector: { labels: given } } : { static: { nodes: [...given] } },
  limits: { concurrent },
});

const platforms = (options: UpdateOptions, url: string) => ({
  'linux-amd64': {
    url: options.url ?? url,
    ...(options.sha256 === undefined ? {} : { sha256: options.sha256 }),
    ...(options.mirrors === undefined ? {} : { mirrors: options.mirrors }),
  },
});

/** An image bundle for workers by a list of names, or by a label selector. */
export function aBundle(options: Omit<UpdateOptions, 'controllers' | 'force'> = {}): Command {
  return {
    airgapupdate: {
      version: options.version ?? 'images of March',
      platforms: platforms(options, 'https://mirror.example/images.tar'),
      workers: target(options.workers ?? '', options.concurrent ?? 1),
    },
  };
}

/** Targets by a list of names, or by a label selector. */
export function anUpdate(options: UpdateOptions = {}): Command {
  return {
    k0supdate: {
      version: options.version ?? NEW,
      ...(options.force === undefined ? {} : { forceupdate: options.force }),
      platforms: platforms(options, 'https://mirror.example/k0s'),
      targets: {
        ...(options.controllers === undefined
          ? {}
          : { controllers: target(options.controllers, 1) }),
        ...(options.workers === undefined
          ? {}
          : { workers: target(options.workers, options.concurrent ?? 1) }),
      },
    },
  };
}

export function aSpec(...commands: Command[]): PlanSpec {
  return { id: 'upg-1', timestamp: 'now', commands };
}

/** What holds for every Plan, from one layer. */
export function aPolicy(layer: PolicyLayer): ClusterPolicy {
  return clusterPolicy(layer, undefined);
}

/** The gate that there is without any policy: nothing is worse than before. */
export function passing(atMs: number): PlanFacts['gates'] {
  const answer = { outcome: 'pass', message: 'as before', atMs, sinceMs: 0, failures: 0 } as const;
  return new Map([['workloads', answer]]);
}

export function someFacts(
  spec: PlanFacts['plan']['spec'],
  over: Omit<Partial<PlanFacts>, 'nodes' | 'controlNodes' | 'plan'> & {
    readonly nodes?: readonly NodeFacts[];
    readonly controlNodes?: readonly ControlNodeFacts[];
    readonly plan?: Partial<PlanFacts['plan']>;
  } = {},
): PlanFacts {
  const byName = <T extends { name: string }>(all: readonly T[]) =>
    new Map(all.map((one) => [one.name, one]));
  return {
    nowMs: START_MS,
    serverNowMs: START_MS,
    sightedSinceMs: 0,
    plansBefore: [],
    others: NO_OTHERS,
    policy: aPolicy({}),
    epoch: 3,
    budgets: [],
    quarantined: [],
    apiCheck: { kind: 'known', inUse: [] },
    gates: passing(over.nowMs ?? START_MS),
    baseline: { kind: 'stored' },
    jobs: new Map(),
    ...over,
    plan: {
      name: 'autopilot',
      uid: '01234567-89ab-cdef',
      generation: 1,
      spec,
      status: undefined,
      requests: [],
      deleted: false,
      ...over.plan,
    },
    nodes: byName(over.nodes ?? []),
    controlNodes: byName(over.controlNodes ?? []),
  };
}
