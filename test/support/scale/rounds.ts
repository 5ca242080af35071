import { ANNOTATION } from '../../../src/api/meta.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { formatReport } from '../../../src/signals/report.ts';
import { inParallel, NEW, restingReport } from './nodes.ts';
import type { OrchestratorProcess } from './orchestrator.ts';
import type { ScaleScene } from './scene.ts';
import { assertCompleted, type Sample, type Soaked } from './soak.ts';

export interface RoundsOptions {
  readonly rounds: number;
  /** So many more before them: what is done for the first time stays for good. */
  readonly warmUp: number;
  /** Nodes that are updated in each round, by one Plan. */
  readonly updated: readonly string[];
  /** Plans in each round that find their nodes up to date: quick, and with a status like any other. */
  readonly quick: number;
  /** How many nodes they are about. */
  readonly idle: number;
}

const IDLE = { selector: { labels: 'is=idle' } };
/** Something of a request that is under way is seen now and then. */
const TRIES = 3;

/**
 * So many Plans in so short a time that what is kept of each can be told from all the rest: what is alive in the
 * orchestrator after each round of them.
 */
export async function soakInRounds(
  scene: ScaleScene,
  orchestrator: OrchestratorProcess,
  { rounds, warmUp, updated, quick, idle }: RoundsOptions,
): Promise<Soaked> {
  await makeIdle(scene.api.admin, idle);
  const samples: Sample[] = [];
  let plans = 0;
  let before: readonly string[] = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    // Not sooner: whether they have been forgotten yet must not be seen in any sample.
    for (const name of before) await scene.delete(name);
    before = await inTurn(quick, () => scene.apply(idle, IDLE, false));
    before = [...before, await scene.apply(updated.length, { static: { nodes: updated } })];
    for (const name of before) assertCompleted(await scene.ended(name));
    plans += before.length;
    const tries = await inTurn(TRIES, () => orchestrator.liveMB());
    if (round >= warmUp) samples.push([plans, Math.min(...tries)]);
  }
  return { plans, samples };
}

/**
 * How many megabytes each Plan adds: the median of the slopes between any two samples (Theil and Sen). What is kept
 * of each Plan is in all of them; a connection that had to be opened in one, or code that became hot, is not.
 */
export function growthPerPlan(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(([plansBefore, before], index) =>
    samples.slice(index + 1).map(([plans, mb]) => (mb - before) / (plans - plansBefore)),
  );
  return slopes.toSorted((a, b) => a - b)[Math.floor(slopes.length / 2)] ?? Number.NaN;
}

/** Nodes that run the version already. */
async function makeIdle(kube: Kube, count: number): Promise<void> {
  await inParallel(count, async (index) => {
    const name = `idle-${index}`;
    const os = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
    const labels = { ...os, 'kubernetes.io/hostname': name, is: 'idle' };
    const annotations = { [ANNOTATION.report]: formatReport(restingReport(NEW)) };
    await kube.request('POST', '/api/v1/nodes', {
      query: { fieldManager: 'autopilot-agent' },
      body: {
        metadata: { name, labels, annotations },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          nodeInfo: { kubeletVersion: 'v1.36.4+k0s', ...{ operatingSystem: 'linux' } },
        },
      },
    });
  });
}

async function inTurn<T>(times: number, act: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) results.push(await act());
  return results;
}
