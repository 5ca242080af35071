import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../test/support/eventually.ts';
import { planManifest, thisPlatform, WORKLOAD } from '../../test/support/manifests.ts';
import { fingerprints } from '../../test/support/observe/fingerprint.ts';
import type { World } from '../../test/support/observe/world.ts';
import { BROKEN_VERSION, brokenRelease } from '../../test/support/releases.ts';
import { rollbackChecks } from './checks.ts';
import type { Outcome, Watching } from './scenario.ts';
import { follow, followOn, type Stage } from './stage.ts';
import { runFacts } from './summary.ts';

const exec = promisify(execFile);
const MAIN = join(import.meta.dirname, '../../src/main.ts');
const NAME = 'broken-late';
/** It dies 90 s after its start, at every start. */
const DIES_WITHIN_MS = 240_000;

export interface LateWatching extends Watching {
  /** What is typed, before it is. */
  readonly onCommand: (command: string) => void;
}

/**
 * A release that passes every trial, is kept on all nodes, and dies a while later, again and again: a person puts
 * the whole run back.
 */
export async function putBackLate(stage: Stage, watching: LateWatching): Promise<Outcome> {
  const { cluster, observer } = stage;
  const { onPlan, onSight, onEvent, onProgress, onCommand, signal } = watching;
  const before = await fingerprints(cluster, observer.world().hosts);
  const offer = await cluster.offer(brokenRelease('later'), onProgress);
  const manifest = planManifest({
    name: NAME,
    version: BROKEN_VERSION,
    platforms: { [thisPlatform()]: offer },
    concurrent: stage.concurrent,
  });
  onPlan(manifest);
  const kept = await follow(stage, NAME, manifest, onSight, signal);
  const state = kept.world.plan?.status?.state;
  onEvent(`every node runs ${BROKEN_VERSION}, and the Plan is ${state}`);
  const died = await firstDeath(stage, before, signal);
  onEvent(`${died}: k0s has died, long after it was kept; its service starts it again`);
  onCommand(`autopilot rollback ${NAME} --yes`);
  const args = ['rollback', NAME, '--yes', '--kubeconfig', cluster.kubeconfig];
  const { world, chronicle } = await followOn(stage, {
    begin: () => exec(process.execPath, [MAIN, ...args]),
    onSight,
    signal,
    isEnd: ({ plan }) => plan?.status?.rollback !== undefined,
  });
  const full = (sight: World) => sight.readyReplicas === WORKLOAD.replicas;
  await observer.until('all replicas to be ready again', full, { signal });
  const after = await fingerprints(cluster, world.hosts);
  chronicle.lowestReadyReplicas = Math.min(
    chronicle.lowestReadyReplicas,
    kept.chronicle.lowestReadyReplicas,
  );
  const ended = world.plan?.status?.state ?? 'none';
  return {
    facts: runFacts(NAME, BROKEN_VERSION, ended, chronicle),
    checks: rollbackChecks(state, world, chronicle, before, after),
    chronicle,
  };
}

/** @returns the name of the first host whose k0s has ended by itself */
async function firstDeath(
  { cluster }: Stage,
  before: ReadonlyMap<string, { readonly exits: number }>,
  signal: AbortSignal,
): Promise<string> {
  return eventually(
    'a k0s to die',
    async () => {
      signal.throwIfAborted();
      for (const host of cluster.hosts) {
        const { restarts } = await host.service('k0s');
        if (restarts > (before.get(host.name)?.exits ?? 0)) return host.name;
      }
      return undefined;
    },
    { timeoutMs: DIES_WITHIN_MS },
  );
}
