import type { Command, PlanSpec } from '../../../src/api/plan.ts';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { type ClusterPolicy, clusterPolicy } from '../../../src/plans/cluster-policy.ts';
import { SHA_OLD } from './agent.ts';
import type { Host, State, WorldSpec } from './state.ts';
import { NOW_MS } from './time.ts';

export const OLD = 'v1.36.1+k0s.0';
export const NEW = 'v1.36.3+k0s.0';
/** So few different lengths as possible: sums of them meet, and with them states. */
const SHORT: PolicyLayer = {
  acknowledgeTimeout: '60s',
  confirmTimeout: '2m',
  settleTimeout: '1m',
  download: { timeout: '1m' },
  gate: { timeout: '1m', stable: '30s' },
  drain: { timeout: '1m' },
  backup: { timeout: '1m' },
};
export const STABLE_MS = 30_000;

/** What of a world never changes. */
export interface Setting {
  readonly world: WorldSpec;
  readonly spec: PlanSpec;
  readonly policy: ClusterPolicy;
  readonly braked: ClusterPolicy;
  readonly limit: number;
  readonly maxFailures: number;
}

export function settingOf(world: WorldSpec): Setting {
  const all = { discovery: { selector: {} } };
  const limit = world.limit ?? 1;
  const workers = { ...all, limits: { concurrent: limit } };
  const controllers = { ...all, limits: { concurrent: 1 } };
  const update: Command = {
    k0supdate: {
      version: world.to ?? NEW,
      platforms: { 'linux-amd64': { url: 'http://mirror.example/k0s' } },
      targets: {
        ...(world.controllers > 0 ? { controllers } : {}),
        ...(world.workers > 0 ? { workers } : {}),
      },
    },
  };
  const bundle: Command = {
    airgapupdate: {
      version: 'images of March',
      platforms: { 'linux-amd64': { url: 'http://mirror.example/images.tar' } },
      workers,
    },
  };
  const layer: PolicyLayer = {
    ...SHORT,
    ...world.policy,
    // Soft taints take nothing from anybody, and would double the states; see promises.test.ts.
    drain: { ...SHORT.drain, softTaint: false, ...world.policy?.drain },
  };
  const { maxFailures } = layer;
  return {
    world,
    spec: { id: 'x', timestamp: 'now', commands: world.bundle ? [bundle, update] : [update] },
    policy: clusterPolicy(layer, undefined),
    braked: clusterPolicy({ ...layer, paused: true }, undefined),
    limit,
    maxFailures: typeof maxFailures === 'number' ? maxFailures : 0,
  };
}

export function firstState({ world }: Setting): State {
  const names = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}`);
  const binary = { version: world.from ?? OLD, sha256: SHA_OLD };
  const host = (role: Host['role'], name: string, hasNode: boolean): Host => ({
    name,
    role,
    hasNode,
    exists: true,
    order: undefined,
    mark: undefined,
    unschedulable: world.cordoned?.includes(name) ?? false,
    foreign: world.cordoned?.includes(name) ?? false,
    signal: undefined,
    toldVersion: binary.version,
    toldEpoch: 0,
    live: binary,
    running: binary,
    kept: binary,
    boot: 1,
    isDown: false,
    sick: undefined,
    readySinceMs: NOW_MS - 3_600_000,
    pods: hasNode && !(world.empty === true && role === 'worker') ? 1 : 0,
    stuck: false,
    delivered: undefined,
    journal: { v: 1, epoch: 0, settled: [] },
    untidy: false,
    trial: undefined,
    silent: false,
    gaveUp: false,
    liar: false,
  });
  return {
    hosts: [
      ...names('cp', world.controllers).map((name, at) =>
        host('controller', name, at < (world.hybrids ?? 0)),
      ),
      ...names('w', world.workers).map((name) => host('worker', name, true)),
    ],
    leader: {
      epoch: 1,
      known: undefined,
      sightedSinceMs: NOW_MS - 600_000,
      renewed: [],
      stale: {},
    },
    ghost: undefined,
    strays: 0,
    plan: { exists: true, stored: undefined, requests: [], braked: false },
    faultsLeft: world.budget,
    askedLeft: world.askedBudget ?? 0,
    harmed: false,
  };
}
