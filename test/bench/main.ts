/** `npm run bench`: the figures, on a cluster of three controllers and four workers. */
import { cpus, loadavg, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { follow, type Stage, setStage, strikeStage } from '../../tools/demo/stage.ts';
import { Screen } from '../../tools/screen.ts';
import { planManifest, thisPlatform } from '../support/manifests.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';
import { downloadFigures } from './download.ts';
import { type Figure, figure, figureLines, isWithin } from './figures.ts';
import { OURS, SPENT_ON, Timeline } from './timeline.ts';

/** There and back again, so often. */
const ROUNDS = 2;
const IDLE_MS = 30_000;

const SPENT_METHOD = {
  kubernetes: 'a node is on trial: k0s starts, API or kubelet becomes healthy, two Lease renewals',
  drain: 'no trial; a cordoned node waits for its pods to leave within their budget',
  swap: 'neither; a node copies, syncs and renames its binary, and k0s is stopped and started',
  commit: 'none of these; a node has its verdict and has not answered',
  download: 'none of these; nodes download and verify',
  decide: 'none of these: reports, orders and decisions on their way',
} as const;

const screen = new Screen(process.stderr);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interrupted.abort(new Error(`ended by ${name}`)));
}

// before there is a cluster that shares the cores
const downloads = await downloadFigures((text) => screen.progress(text));
const stage = await setStage((text) => screen.progress(text), interrupted.signal);
try {
  const idle = await agentMemory(stage);
  const runs: Run[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const version of [NEW_VERSION, OLD_VERSION]) {
      screen.progress(`update ${runs.length + 1} of ${ROUNDS * 2}, to ${version}`);
      runs.push(await measure(stage, `bench-${runs.length + 1}`, version));
    }
  }
  const after = await agentMemory(stage);
  screen.clear();
  const figures = [...figuresOf(runs, idle, after), ...downloads];
  const machine = {
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    node: process.version,
    load: loadavg().map((value) => Math.round(value * 10) / 10),
    date: new Date().toISOString(),
  };
  for (const line of figureLines(figures)) console.log(line);
  console.log(JSON.stringify({ machine, figures }));
  process.exitCode = figures.every(isWithin) ? 0 : 1;
} finally {
  await strikeStage(stage);
}

interface Run {
  readonly elapsedMs: number;
  readonly gapsMs: readonly number[];
  readonly timeline: Timeline;
}

async function measure(on: Stage, name: string, version: string): Promise<Run> {
  const timeline = new Timeline();
  const platforms = { [thisPlatform()]: await on.cluster.offer({ version }) };
  const manifest = planManifest({ name, version, platforms, concurrent: on.concurrent });
  const { world, chronicle } = await follow(
    on,
    name,
    manifest,
    (sight) => timeline.see(sight),
    interrupted.signal,
  );
  const state = world.plan?.status?.state;
  if (state !== 'Completed') {
    throw new Error(`${name} is ${state}: ${JSON.stringify(world.plan?.status?.conditions)}`);
  }
  return {
    elapsedMs: chronicle.elapsedMs,
    gapsMs: chronicle.stories().flatMap(({ gapMs }) => (gapMs === undefined ? [] : [gapMs])),
    timeline,
  };
}

/** Resident megabytes of every agent, after a while in which nothing happened. */
async function agentMemory({ cluster }: Stage): Promise<readonly number[]> {
  screen.progress(`agents to be idle for ${IDLE_MS / 1000} s`);
  await delay(IDLE_MS, undefined, { signal: interrupted.signal });
  return Promise.all(cluster.hosts.map((host) => host.memory('agent')));
}

function figuresOf(
  runs: readonly Run[],
  idle: readonly number[],
  after: readonly number[],
): readonly Figure[] {
  const shares = runs.map(({ timeline: { spentMs } }) => {
    const total = SPENT_ON.reduce((sum, on) => sum + spentMs[on], 0);
    return (OURS.reduce((sum, on) => sum + spentMs[on], 0) / total) * 100;
  });
  return [
    figure(
      {
        name: 'node down because of us',
        unit: 'ms',
        bound: 200,
        method:
          'end of the old k0s process to start of the new one, as the supervisor measures and the agent reports (gapMs)',
      },
      runs.flatMap(({ gapsMs }) => gapsMs),
    ),
    figure(
      {
        name: 'reaction to a report',
        unit: 'ms',
        method:
          "an onlooker's watch: a controller's report says Committed, until the next order to apply or the first cordon is seen",
      },
      runs.flatMap(({ timeline }) => timeline.reactionsMs),
    ),
    figure(
      {
        name: 'agent memory, idle',
        unit: 'MB',
        bound: 64,
        method: `VmRSS of the bundled program of each node, watching, ${IDLE_MS / 1000} s after anything happened`,
      },
      idle,
    ),
    figure(
      {
        name: 'agent memory, after updates',
        unit: 'MB',
        method: `the same, after ${runs.length} updates of 140 MB each`,
      },
      after,
    ),
    figure(
      {
        name: 'update of 7 nodes',
        unit: 's',
        method: `kubectl apply to Completed; 3 controllers one at a time, 4 workers ${stage.concurrent} at a time, drained; all on this machine`,
      },
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
