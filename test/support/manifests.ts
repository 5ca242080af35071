import { API_VERSION } from '../../src/api/meta.ts';
import type { Offer } from './cluster/cluster.ts';

export const WORKLOAD = {
  namespace: 'default',
  name: 'shop',
  labels: 'app=shop',
  replicas: 6,
  /** What the PodDisruptionBudget demands. */
  minAvailable: 5,
} as const;

/** A Deployment spread over the nodes, and its disruption budget. */
export function workloadManifests(): string {
  const { name, namespace, replicas, minAvailable } = WORKLOAD;
  const selector = { matchLabels: { app: name } };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector,
      template: {
        metadata: { labels: selector.matchLabels },
        spec: {
          // Imaginary containers end at once; real ones would get their time.
          terminationGracePeriodSeconds: 1,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: selector,
            },
          ],
          containers: [{ name: 'shop', image: 'registry.example/shop:1' }],
        },
      },
    },
  };
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace },
    spec: { minAvailable, selector },
  };
  return [deployment, budget].map((manifest) => JSON.stringify(manifest)).join('\n---\n');
}

export interface PlanOptions {
  readonly name: string;
  readonly version: string;
  readonly platforms: Readonly<Record<string, Partial<Offer>>>;
  /** Workers at once. */
  readonly concurrent?: number;
  /** By name; all of the kind when left out, none when empty. */
  readonly controllers?: readonly string[];
  readonly workers?: readonly string[];
  readonly forceupdate?: boolean;
}

/** A Plan as a user of k0s writes it. */
export function planManifest(options: PlanOptions): object {
  const { name, version, platforms, concurrent = 1, controllers, workers, forceupdate } = options;
  const target = (names: readonly string[] | undefined) => ({
    discovery: names ? { static: { nodes: names } } : { selector: {} },
  });
  return {
    apiVersion: API_VERSION,
    kind: 'Plan',
    metadata: { name },
    spec: {
      id: name,
      timestamp: 'now',
      commands: [
        {
          k0supdate: {
            version,
            ...(forceupdate !== undefined && { forceupdate }),
            platforms,
            targets: {
              ...(controllers?.length !== 0 && { controllers: target(controllers) }),
              ...(workers?.length !== 0 && {
                workers: { ...target(workers), limits: { concurrent } },
              }),
            },
          },
        },
      ],
    },
  };
}

/** The platform of this machine, as Plans name it. */
export function thisPlatform(): string {
  return `linux-${process.arch === 'x64' ? 'amd64' : process.arch}`;
}
