import { ORCHESTRATOR } from '../../support/api-server.ts';
import { ScaleScene } from '../../support/scale/scene.ts';
import { serverCpuMs } from './server-cpu.ts';

export interface FloorResult {
  readonly nodes: number;
  readonly concurrent: number;
  readonly seconds: number;
  readonly nodesPerSecond: number;
  readonly apiServerCpuMsPerNode: number;
}

/** How fast this API server takes what a run and its nodes write, with nobody to judge: no run can be faster. */
export async function measureFloor(
  { nodes, concurrent, answerMs }: Record<'nodes' | 'concurrent' | 'answerMs', number>,
  progress: (text: string) => void,
): Promise<FloorResult> {
  progress(`${nodes} nodes are made`);
  const scene = await ScaleScene.start({ nodes, answerMs });
  try {
    const { api, agents } = scene;
    const kubeconfig = await api.kubeconfig(ORCHESTRATOR);
    progress('all of them are updated');
    const cpuBefore = serverCpuMs(api.pid);
    const seconds = await agents.floor(kubeconfig, concurrent);
    const perNode = (value: number) => Math.round((100 * value) / nodes) / 100;
    return {
      ...{ nodes, concurrent, seconds },
      nodesPerSecond: Math.round((10 * nodes) / seconds) / 10,
      apiServerCpuMsPerNode: perNode(serverCpuMs(api.pid) - cpuBefore),
    };
  } finally {
    await scene.stop();
  }
}
