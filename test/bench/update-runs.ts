import type { Stage } from '../../tools/demo/stage.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';
import { type Figure, figure } from './figures.ts';
import { type MeasuredUpdate, measureUpdate } from './host-update.ts';
import type { PartOptions } from './part.ts';
import { OURS, SPENT_ON, Timeline } from './timeline.ts';
import { Trace } from './trace.ts';

/** There and back again, so often. */
const ROUNDS = 2;
export const UPDATES = ROUNDS * 2;

const SPENT_METHOD = {
  kubernetes: 'a node is on trial: k0s starts, API or kubelet becomes healthy, two Lease renewals',
  drain: 'no trial; a cordoned node waits for its pods to leave within their budget',
  swap: 'neither; a node copies, syncs and renames its binary, and k0s is stopped and started',
  commit: 'none of these; a node has its verdict and has not answered',
  download: 'none of these; nodes download and verify',
  decide: 'none of these: reports, orders and decisions on their way',
} as const;

export interface Run extends Pick<MeasuredUpdate, 'elapsedMs' | 'awayMs'> {
  readonly gapsMs: readonly number[];
  readonly timeline: Timeline;
}

/**
 * Updates all nodes of a stage, there and back.
 * @param after what to do after each, before the next one
 */
export async function updateRuns(
  stage: Stage,
  { progress, signal, traceFile }: PartOptions,
  after: () => Promise<void> = async () => {},
): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const version of [NEW_VERSION, OLD_VERSION]) {
      const name = `bench-${runs.length + 1}`;
      progress(`update ${runs.length + 1} of ${UPDATES}, to ${version}`);
      const timeline = new Timeline();
      const trace = traceFile === undefined ? undefined : new Trace(traceFile, name);
      const update = await measureUpdate(stage, { name, version }, signal, (world) => {
        timeline.see(world);
        trace?.see(world);
      });
      const { state, conditions } = update.world.plan?.status ?? {};
      if (state !== 'Completed') {
        throw new Error(`${name} is ${state}: ${JSON.stringify(conditions)}`);
      }
      const stories = update.chronicle.stories();
      const gapsMs = stories.flatMap(({ gapMs }) => (gapMs === undefined ? [] : [gapMs]));
      runs.push({ elapsedMs: update.elapsedMs, awayMs: update.awayMs, gapsMs, timeline });
      await after();
    }
  }
  return runs;
}

/** `k0s gone`, as the agents report it. */
export function gapFigure(runs: readonly Run[]): Figure {
  return figure(
    {
      name: 'node down because of us',
      unit: 'ms',
      bound: { atMost: 200 },
      method:
        'end of the old k0s process to start of the new one, as the service manager tells and the agent reports (gapMs)',
    },
    runs.flatMap(({ gapsMs }) => gapsMs),
  );
}

export function reactionFigure(runs: readonly Run[]): Figure {
  return figure(
    {
      name: 'reaction to a report',
      unit: 'ms',
      method:
        "an onlooker's watch: a controller's report says Committed, until the next order to apply or the first cordon is seen",
    },
    runs.flatMap(({ timeline }) => timeline.reactionsMs),
  );
}

/** Each time once more: all of it, and what it was spent on. */
export function elapsedFigures(
  runs: readonly Run[],
  whole: Pick<Figure, 'name' | 'method' | 'bound'>,
): readonly Figure[] {
  const shares = runs.map(({ timeline: { spentMs } }) => {
    const total = SPENT_ON.reduce((sum, on) => sum + spentMs[on], 0);
    return (OURS.reduce((sum, on) => sum + spentMs[on], 0) / total) * 100;
  });
  return [
    figure(
      { ...whole, unit: 's' },
      runs.map(({ elapsedMs }) => elapsedMs / 1000),
    ),
    ...SPENT_ON.map((on) =>
      figure(
        {
          name: `  ${on}${OURS.includes(on) ? ' (ours)' : ''}`,
          unit: 's',
          method: SPENT_METHOD[on],
        },
        runs.map(({ timeline }) => timeline.spentMs[on] / 1000),
      ),
    ),
    figure(
      {
        name: 'our share of it',
        unit: '%',
        method: `time in which nothing but ${OURS.join(', ')} went on, of the whole`,
      },
      shares,
    ),
  ];
}
