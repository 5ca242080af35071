import { setStage, strikeStage } from '../../tools/demo/stage.ts';
import { figure } from './figures.ts';
import { MEMORY_METHOD, memoryAtRest } from './memory-of-hosts.ts';
import type { Part } from './part.ts';
import { elapsedFigures, gapFigure, reactionFigure, UPDATES, updateRuns } from './update-runs.ts';

/** Updates of a cluster whose hosts are processes of this machine. */
export const clusterFigures: Part = async (options) => {
  const stage = await setStage(options.progress, options.signal);
  try {
    const before = await memoryAtRest(stage.cluster, options);
    const runs = await updateRuns(stage, options);
    const after = await memoryAtRest(stage.cluster, options);
    return [
      gapFigure(runs),
      reactionFigure(runs),
      figure(
        { name: 'agent memory, idle', unit: 'MB', bound: { atMost: 64 }, method: MEMORY_METHOD },
        before,
      ),
      figure(
        {
          name: 'agent memory, after updates',
          unit: 'MB',
          method: `the same, after ${UPDATES} updates of 140 MB each`,
        },
        after,
      ),
      ...elapsedFigures(runs, {
        name: 'update of 7 nodes',
        method: `kubectl apply to Completed; 3 controllers one at a time, 4 workers ${stage.concurrent} at a time, drained; all on this machine`,
      }),
    ];
  } finally {
    await strikeStage(stage);
  }
};
