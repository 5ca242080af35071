import type { Plan } from '../../../src/api/plan.ts';
import { memoryOf } from '../../bench/process-memory.ts';
import type { OrchestratorProcess } from './orchestrator.ts';
import type { ScaleScene } from './scene.ts';

const SAMPLE_EVERY_MS = 1_000;
/** Nodes are in so many zones; a Plan is about one of them. */
const ZONES = 3;
/** Plans that have ended stay for a while, as they do where people apply them. */
const KEPT_PLANS = 5;

export interface SoakOptions {
  readonly forMs: number;
  readonly plansPerMinute: number;
  readonly concurrent: number;
}

/** Megabytes, and when: milliseconds since the beginning, or after how many Plans. */
export type Sample = readonly [at: number, mb: number];

export interface Soaked {
  readonly plans: number;
  readonly samples: readonly Sample[];
}

/** One Plan after the other, each over a zone, and how much memory the orchestrator takes meanwhile. */
export async function soak(
  scene: ScaleScene,
  orchestrator: OrchestratorProcess,
  { forMs, plansPerMinute, concurrent }: SoakOptions,
): Promise<Soaked> {
  const samples: Sample[] = [];
  const begunMs = performance.now();
  const elapsedMs = () => performance.now() - begunMs;
  const sampling = setInterval(() => {
    samples.push([elapsedMs(), memoryOf(orchestrator.pid).residentMB]);
  }, SAMPLE_EVERY_MS);
  const names: string[] = [];
  let plans = 0;
  try {
    while (elapsedMs() < forMs) {
      const zone = `topology.kubernetes.io/zone=zone-${plans % ZONES}`;
      const name = await scene.apply(concurrent, { selector: { labels: zone } });
      assertCompleted(await scene.ended(name));
      names.push(name);
      while (names.length > KEPT_PLANS) await scene.delete(names.shift()!);
      plans++;
      const nextMs = (plans * 60_000) / plansPerMinute;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - elapsedMs())));
    }
  } finally {
    clearInterval(sampling);
  }
  for (const name of names) await scene.delete(name);
  return { plans, samples };
}

export function assertCompleted({ metadata, status }: Plan): void {
  if (status?.state === 'Completed') return;
  const why = JSON.stringify(status?.conditions);
  throw new Error(`${metadata.name} has ended as ${status?.state}: ${why}`);
}

/** How many megabytes are added in a minute, by the line that fits the samples best. */
export function slopeMBPerMinute(samples: readonly Sample[]): number {
  const count = samples.length;
  const meanAt = samples.reduce((sum, [at]) => sum + at, 0) / count;
  const meanMB = samples.reduce((sum, [, mb]) => sum + mb, 0) / count;
  let above = 0;
  let below = 0;
  for (const [at, mb] of samples) {
    above += (at - meanAt) * (mb - meanMB);
    below += (at - meanAt) ** 2;
  }
  return below === 0 ? Number.NaN : (60_000 * above) / below;
}

export function medianMB(samples: readonly Sample[]): number {
  const sorted = samples.map(([, mb]) => mb).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
