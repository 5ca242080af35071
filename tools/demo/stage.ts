import type { PolicyLayer } from '../../src/api/policy.ts';
import { Cluster } from '../../test/support/cluster/cluster.ts';
import type { ClusterBase } from '../../test/support/cluster/cluster-base.ts';
import { HostCluster } from '../../test/support/hosts/host-cluster.ts';
import { WORKLOAD, workloadManifests } from '../../test/support/manifests.ts';
import { Chronicle } from '../../test/support/observe/chronicle.ts';
import { Observer } from '../../test/support/observe/observer.ts';
import { Prober } from '../../test/support/observe/prober.ts';
import type { World } from '../../test/support/observe/world.ts';

/** Shorter than the defaults, so that a person sees a trial end while watching. */
export const DEMO_POLICY = {
  confirmTimeout: '60s',
  gate: { timeout: '50s' },
  drain: { timeout: '2m' },
} as const;

/** What a stage is made of. */
export interface Setting {
  readonly controllers: number;
  readonly workers: number;
  /** They belong to as many of the controllers. */
  readonly orchestrators: number;
  /** `processes`: of one machine, as the user who started it. `debian`: hosts with their own systemd; root. */
  readonly hosts: 'processes' | 'debian';
  /** {@link DEMO_POLICY} unless said otherwise. */
  readonly policy?: PolicyLayer;
}

export const SETTINGS = {
  processes: { controllers: 3, workers: 4, orchestrators: 2, hosts: 'processes' },
  debian: { controllers: 3, workers: 2, orchestrators: 2, hosts: 'debian' },
} as const satisfies Readonly<Record<Setting['hosts'], Setting>>;

const ZONES = 2;

/** A cluster with a workload, watched from outside. */
export interface Stage {
  readonly cluster: ClusterBase;
  /** The workers that may be away at once: the others have to bear their pods. */
  readonly concurrent: number;
  readonly observer: Observer;
  readonly prober: Prober;
}

export async function setStage(
  onProgress: (text: string) => void,
  signal: AbortSignal,
  { hosts, policy = DEMO_POLICY, ...sizes }: Setting = SETTINGS.processes,
): Promise<Stage> {
  const options = { ...sizes, zones: ZONES, policy, onProgress, signal };
  const cluster: ClusterBase =
    hosts === 'debian' ? await HostCluster.start(options) : await Cluster.start(options);
  try {
    onProgress(`a Deployment of ${WORKLOAD.replicas} replicas to be ready`);
    await cluster.apply(workloadManifests());
    const observer = await Observer.start({ kube: cluster.kube, workload: WORKLOAD });
    const wanted = ({ readyReplicas }: World) => readyReplicas === WORKLOAD.replicas;
    await observer.until('all replicas to be ready', wanted, { signal });
    const prober = new Prober();
    const { server } = cluster.kube;
    prober.start(`${server}/api/v1/namespaces/default`, await cluster.kube.credentials());
    return { cluster, concurrent: Math.max(1, sizes.workers - 2), observer, prober };
  } catch (thrown) {
    await cluster.stop();
    throw thrown;
  }
}

export async function strikeStage({ cluster, observer, prober }: Stage): Promise<void> {
  await prober.stop();
  await observer.stop();
  await cluster.stop();
}

const ENDED = new Set(['Completed', 'ApplyFailed', 'IncompleteTargets', 'Restricted', 'Warning']);
const ENDS_WITHIN_MS = 600_000;

/**
 * Applies a Plan and follows it to its end.
 * @param onSight called with every change, and what has been written down so far
 */
export async function follow(
  stage: Stage,
  name: string,
  manifest: object,
  onSight: (world: World, chronicle: Chronicle) => void,
  signal: AbortSignal,
): Promise<{ readonly world: World; readonly chronicle: Chronicle }> {
  stage.observer.planName = name;
  return followOn(stage, { begin: () => stage.cluster.apply(manifest), onSight, signal });
}

interface Followed {
  /** Sets the Plan that is watched in motion. */
  readonly begin: () => Promise<unknown>;
  readonly onSight: (world: World, chronicle: Chronicle) => void;
  readonly signal: AbortSignal;
  /** What its end has to say besides. */
  readonly isEnd?: (world: World) => boolean;
}

/** Watches the Plan of the stage from now to its end. */
export async function followOn(
  { observer }: Stage,
  { begin, onSight, signal, isEnd = () => true }: Followed,
): Promise<{ readonly world: World; readonly chronicle: Chronicle }> {
  const chronicle = new Chronicle();
  const see = (world: World) => {
    chronicle.see(world);
    onSight(world, chronicle);
  };
  const forget = observer.onChange(see);
  try {
    see(observer.world());
    await begin();
    const hasEnded = (world: World) => ENDED.has(world.plan?.status?.state ?? '') && isEnd(world);
    const within = { timeoutMs: ENDS_WITHIN_MS, signal };
    const world = await observer.until('the Plan to end', hasEnded, within);
    return { world, chronicle };
  } finally {
    forget();
  }
}
