import type { Stage } from '../../tools/demo/stage.ts';
import { type Figure, figure } from './figures.ts';
import { MEMORY_METHOD, memoryAtRest, memoryNow, untilAsBefore } from './memory-of-hosts.ts';
import type { PartOptions } from './part.ts';
import { elapsedFigures, gapFigure, reactionFigure, UPDATES, updateRuns } from './update-runs.ts';

/** Updates of three controllers and two workers on Debian hosts. */
export async function hostsFigures(stage: Stage, options: PartOptions): Promise<readonly Figure[]> {
  const before = await memoryAtRest(stage.cluster, options);
  const rightAfter: number[] = [];
  const givenBackMs: number[] = [];
  const runs = await updateRuns(stage, options, async () => {
    rightAfter.push(...(await memoryNow(stage.cluster)));
    givenBackMs.push(...(await untilAsBefore(stage.cluster, before, options)));
  });
  const after = await memoryAtRest(stage.cluster, options);
  const idle = { unit: 'MB', bound: { atMost: 64 } } as const;
  return [
    ...elapsedFigures(runs, {
      name: 'update of 5 nodes',
      bound: { atMost: 60 },
      method:
        'kubectl apply to Completed; 3 controllers and then 2 workers one at a time, drained; systemd hosts on this machine',
    }),
    figure(
      {
        name: 'API server away',
        unit: 's',
        bound: { atMost: 6 },
        method:
          'longest time between two answers of one API server, past the load balancer, asked every 200 ms for an object of etcd on a new connection',
      },
      runs.flatMap(({ awayMs }) => [...awayMs.values()].map((ms) => ms / 1000)),
    ),
    gapFigure(runs),
    reactionFigure(runs),
    figure({ ...idle, name: 'agent memory, idle', method: MEMORY_METHOD }, before),
    figure(
      {
        name: 'agent memory, right after an update',
        unit: 'MB',
        method: 'VmRSS at the moment when the Plan is Completed',
      },
      rightAfter,
    ),
    figure(
      {
        name: 'until that is given back',
        unit: 's',
        method: 'from there until VmRSS is at most 105 % of that when idle',
      },
      givenBackMs.map((ms) => ms / 1000),
    ),
    figure(
      {
        ...idle,
        name: 'agent memory, after updates',
        method: `idle, after ${UPDATES} updates of 140 MB each`,
      },
      after,
    ),
  ];
}
