import { follow, type Stage } from '../../tools/demo/stage.ts';
import { API_PORT } from '../support/cluster/addresses.ts';
import { planManifest, thisPlatform } from '../support/manifests.ts';
import type { Chronicle } from '../support/observe/chronicle.ts';
import { Prober } from '../support/observe/prober.ts';
import type { World } from '../support/observe/world.ts';

export interface MeasuredUpdate {
  readonly world: World;
  readonly chronicle: Chronicle;
  /** From `kubectl apply` to the end of the Plan. */
  readonly elapsedMs: number;
  /** By controller: longest time in which its own API server did not answer. */
  readonly awayMs: ReadonlyMap<string, number>;
}

/** Often enough for a tenth of a second, seldom enough not to be in the way. */
const PROBE_EVERY_MS = 200;

/** Updates all nodes of a stage, and asks each API server all the while, past the load balancer. */
export async function measureUpdate(
  stage: Stage,
  { name, version }: { readonly name: string; readonly version: string },
  signal: AbortSignal,
  onSight: (world: World) => void = () => {},
): Promise<MeasuredUpdate> {
  const { cluster, concurrent } = stage;
  const platforms = { [thisPlatform()]: await cluster.offer({ version }) };
  const manifest = planManifest({ name, version, platforms, concurrent });
  const credentials = await cluster.kube.credentials();
  const probers = new Map<string, Prober>();
  for (const { name: host, role, address } of cluster.hosts) {
    if (role !== 'controller') continue;
    const prober = new Prober();
    const url = `https://${address}:${API_PORT}/api/v1/namespaces/default`;
    prober.start(url, credentials, PROBE_EVERY_MS);
    probers.set(host, prober);
  }
  try {
    const { world, chronicle } = await follow(stage, name, manifest, onSight, signal);
    const elapsedMs = chronicle.elapsedMs;
    const awayMs = new Map<string, number>();
    for (const [host, prober] of probers) awayMs.set(host, (await prober.stop()).longestGapMs);
    return { world, chronicle, elapsedMs, awayMs };
  } finally {
    await Promise.all([...probers.values()].map((prober) => prober.stop()));
  }
}
