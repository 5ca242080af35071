import { ScaleScene } from '../../support/scale/scene.ts';
import { cpuMsOf, memoryOf } from '../process-memory.ts';

export interface IdleOptions {
  readonly nodes: number;
  /** Of agents: reports that say nothing new. */
  readonly heartbeatsPerSecond: number;
  /** Of kubelets: their Leases. */
  readonly renewalsPerSecond: number;
  readonly seconds: number;
}

export interface IdleResult extends IdleOptions {
  /** Of one core. */
  readonly cpuPercent: number;
  readonly residentMB: number;
  readonly startToActingS: number;
}

/** What a start leaves is collected for half a minute after it, and would be half of what is measured. */
const SETTLE_MS = 60_000;

/** What a cluster costs in which nothing is to be done. */
export async function measureIdle(
  options: IdleOptions,
  progress: (text: string) => void,
): Promise<IdleResult> {
  progress(`${options.nodes} nodes are made`);
  const scene = await ScaleScene.start({ nodes: options.nodes });
  try {
    progress('the orchestrator starts');
    const orchestrator = await scene.orchestrator();
    const actingMs = await orchestrator.acting();
    const { heartbeatsPerSecond, renewalsPerSecond, seconds } = options;
    scene.agents.tell({ kind: 'beat', perSecond: heartbeatsPerSecond, renewalsPerSecond });
    progress('it comes to rest');
    await pause(SETTLE_MS);
    progress(`${seconds} s are measured`);
    const { pid } = orchestrator;
    const [cpuBefore, begunMs] = [cpuMsOf(pid), performance.now()];
    await pause(seconds * 1000);
    const cpuMs = cpuMsOf(pid) - cpuBefore;
    const wallMs = performance.now() - begunMs;
    return {
      ...options,
      cpuPercent: Math.round((10_000 * cpuMs) / wallMs) / 100,
      residentMB: Math.round(memoryOf(pid).residentMB),
      startToActingS: (actingMs - orchestrator.startedMs) / 1000,
    };
  } finally {
    await scene.stop();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
