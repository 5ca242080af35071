import { messageOf } from '../../src/errors.ts';
import type { Stage } from '../../tools/demo/stage.ts';
import { type BrokenCase, playBroken } from '../support/cuts/broken.ts';
import { HostCluster } from '../support/hosts/host-cluster.ts';
import { WORKLOAD } from '../support/manifests.ts';
import { Chronicle } from '../support/observe/chronicle.ts';
import { type Availability, Prober } from '../support/observe/prober.ts';
import { type Figure, figure } from './figures.ts';
import type { PartOptions } from './part.ts';

const HEALED_WITHIN_S = 120;
/** Below it a person would have noticed; one API server of three is away at a time. */
const ANSWERED_PERCENT = 99;

interface Fault extends Pick<BrokenCase, 'fault' | 'role'> {
  readonly undoneMs: number;
  readonly asBeforeMs: number;
  readonly leastReplicas: number;
  readonly api: Availability;
  /** Why it did not end as it should; its times are infinite then. */
  readonly trouble?: string;
}

/** Broken releases on a controller or a worker of the hosts, one after the other. */
export async function faultFigures(
  stage: Stage,
  cases: readonly BrokenCase[],
  { progress, signal }: PartOptions,
): Promise<readonly Figure[]> {
  const faults: Fault[] = [];
  for (const [i, one] of cases.entries()) {
    signal.throwIfAborted();
    progress(`fault ${i + 1} of ${cases.length}: ${one.fault} on a ${one.role}`);
    const suffered = await suffer(stage, one);
    faults.push(suffered);
    const after = `as before after ${(suffered.asBeforeMs / 1000).toFixed(1)} s`;
    progress(suffered.trouble ?? after);
  }
  const names = [...new Set(faults.map(({ fault }) => fault))];
  return [
    ...names.map((name) =>
      figure(
        {
          name: `as before, after: ${name}`,
          unit: 's',
          bound: { atMost: HEALED_WITHIN_S },
          method: MEANING[name] ?? '',
        },
        faults.filter(({ fault }) => fault === name).map(({ asBeforeMs }) => asBeforeMs / 1000),
      ),
    ),
    figure(
      {
        name: 'of that: until the old k0s was put back',
        unit: 's',
        method: "from the swap to `Undone` in the agent's journal, of all of them",
      },
      faults.map(({ undoneMs }) => undoneMs / 1000),
    ),
    figure(
      {
        name: 'replicas ready at the least',
        unit: '',
        bound: { atLeast: WORKLOAD.minAvailable },
        method: `of the ${WORKLOAD.replicas} of a Deployment, at any moment of a fault`,
      },
      faults.map(({ leastReplicas }) => leastReplicas),
    ),
    figure(
      {
        name: 'API requests answered',
        unit: '%',
        bound: { atLeast: ANSWERED_PERCENT },
        method: 'ten a second through the load balancer, each on a new connection and once only',
      },
      faults.map(({ api }) => (api.answered / api.asked) * 100),
    ),
    figure(
      {
        name: 'API without an answer for',
        unit: 's',
        method: 'the longest of each fault, by the same requests',
      },
      faults.map(({ api }) => api.longestGapMs / 1000),
    ),
  ];
}

/** What each is, on a controller and on a worker; from the swap until the host is as before. */
const MEANING: Readonly<Record<string, string>> = {
  exits: 'k0s ends as soon as it is started',
  version: 'k0s runs, and says that it is another version',
  late: 'k0s is good at first, and ends after a while',
  route: "k0s takes the host's default route away; nobody else can reach the host",
  kubelet: 'a worker: its kubelet never becomes ready',
  apiserver: 'a controller: its API server never becomes ready',
};

async function suffer({ cluster, observer }: Stage, wanted: BrokenCase): Promise<Fault> {
  if (!(cluster instanceof HostCluster)) throw new TypeError('faults need Debian hosts');
  const { fault, role } = wanted;
  const chronicle = new Chronicle();
  const prober = new Prober();
  const forget = observer.onChange((world) => chronicle.see(world));
  prober.start(
    `${cluster.kube.server}/api/v1/namespaces/default`,
    await cluster.kube.credentials(),
  );
  try {
    chronicle.see(observer.world());
    const times = await timesOf(cluster, wanted);
    const leastReplicas = chronicle.lowestReadyReplicas;
    return { fault, role, ...times, leastReplicas, api: await prober.stop() };
  } finally {
    forget();
    await prober.stop();
  }
}

/** A fault that ends badly is a figure beyond its bound, and no reason not to measure the others. */
async function timesOf(
  cluster: HostCluster,
  wanted: BrokenCase,
): Promise<Pick<Fault, 'undoneMs' | 'asBeforeMs' | 'trouble'>> {
  const never = { undoneMs: Number.POSITIVE_INFINITY, asBeforeMs: Number.POSITIVE_INFINITY };
  try {
    const { healedAfterMs, asBeforeAfterMs, message } = await playBroken(cluster, wanted);
    if (healedAfterMs === undefined || asBeforeAfterMs === undefined) {
      return { ...never, trouble: `no swap and undo was seen; ${message}` };
    }
    return { undoneMs: healedAfterMs, asBeforeMs: asBeforeAfterMs };
  } catch (thrown) {
    return { ...never, trouble: messageOf(thrown) };
  }
}
