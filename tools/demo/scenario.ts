import { planManifest, thisPlatform, WORKLOAD } from '../../test/support/manifests.ts';
import type { Chronicle } from '../../test/support/observe/chronicle.ts';
import { fingerprints } from '../../test/support/observe/fingerprint.ts';
import type { World } from '../../test/support/observe/world.ts';
import {
  BROKEN_VERSION,
  brokenRelease,
  type Fault,
  NEW_VERSION,
  type Release,
} from '../../test/support/releases.ts';
import { brokenChecks, updateChecks } from './checks.ts';
import { Sabotage } from './sabotage.ts';
import { follow, type Stage } from './stage.ts';
import { type Check, type RunFacts, runFacts } from './summary.ts';

export interface Watching {
  /** The manifest, before it is applied. */
  readonly onPlan: (manifest: object) => void;
  readonly onSight: (world: World, chronicle: Chronicle) => void;
  readonly onEvent: (sentence: string) => void;
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface Outcome {
  readonly facts: RunFacts;
  readonly checks: readonly Check[];
  readonly chronicle: Chronicle;
}

/** A good release for all nodes. */
export async function updateAll(
  stage: Stage,
  kill: 'orchestrator' | 'agent' | undefined,
  watching: Watching,
): Promise<Outcome> {
  const name = 'update';
  const sabotage = kill && new Sabotage(stage, kill, watching.onEvent);
  const release = { version: NEW_VERSION };
  const { world, chronicle } = await order(
    stage,
    { name, release, concurrent: stage.concurrent },
    {
      ...watching,
      onSight(sight, written) {
        sabotage?.see(sight);
        watching.onSight(sight, written);
      },
    },
  );
  const after = await fingerprints(stage.cluster, world.hosts);
  const checks = [...updateChecks(NEW_VERSION, world, chronicle, after, stage.concurrent)];
  if (sabotage) checks.push(await judge(sabotage));
  const state = world.plan?.status?.state ?? 'none';
  return { facts: runFacts(name, NEW_VERSION, state, chronicle), checks, chronicle };
}

/**
 * A broken release. Its defect shows on the first node that gets it: a controller, or, where controllers
 * do not have it, a worker.
 */
export async function refuseBroken(
  stage: Stage,
  fault: Fault,
  watching: Watching,
): Promise<Outcome> {
  const name = `broken-${fault}`;
  const before = await fingerprints(stage.cluster, stage.observer.world().hosts);
  const release = brokenRelease(fault);
  // One worker at a time: a release that nobody has run yet is shown to one node first.
  const broken = { name, release, concurrent: 1, ...(fault === 'kubelet' && { controllers: [] }) };
  const { world, chronicle } = await order(stage, broken, watching);
  const after = await fingerprints(stage.cluster, stage.observer.world().hosts);
  const state = world.plan?.status?.state ?? 'none';
  return {
    facts: runFacts(name, BROKEN_VERSION, state, chronicle),
    checks: brokenChecks(world, chronicle, before, after),
    chronicle,
  };
}

interface Ordered {
  readonly name: string;
  readonly release: Release;
  /** Workers at once. */
  readonly concurrent: number;
  /** All unless said otherwise. */
  readonly controllers?: readonly string[];
}

async function order(
  stage: Stage,
  { name, release, ...targets }: Ordered,
  { onPlan, onSight, onProgress, signal }: Watching,
): Promise<{ readonly world: World; readonly chronicle: Chronicle }> {
  const offer = await stage.cluster.offer(release, onProgress);
  const { version } = release;
  const platforms = { [thisPlatform()]: offer };
  const manifest = planManifest({ name, version, platforms, ...targets });
  onPlan(manifest);
  const { world, chronicle } = await follow(stage, name, manifest, onSight, signal);
  // Evicted pods have to find their new nodes before the next thing happens.
  const full = (sight: World) => sight.readyReplicas === WORKLOAD.replicas;
  await stage.observer.until('all replicas to be ready again', full, { signal });
  return { world, chronicle };
}

async function judge(sabotage: Sabotage): Promise<Check> {
  const what = sabotage.done ?? 'something was killed in the middle of the update';
  try {
    await sabotage.recovered;
    return { what: `${what}; it was started again`, ok: sabotage.done !== undefined };
  } catch (thrown) {
    return { what, ok: false, found: String(thrown) };
  }
}
