/** `npm run bench`: the figures, part by part. */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { SETTINGS, type Stage, setStage, strikeStage } from '../../tools/demo/stage.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { Screen } from '../../tools/screen.ts';
import { FAULT_POLICY } from '../support/cuts/broken.ts';
import { agentFigures } from './agent.ts';
import { channelFigures } from './channels.ts';
import { clusterFigures } from './cluster.ts';
import { downloadFigures } from './download.ts';
import { faultFigures } from './faults.ts';
import { type Figure, figureLines, isWithin } from './figures.ts';
import { hostsFigures } from './hosts.ts';
import { type BenchOptions, type PartName, parseOptions, USAGE } from './options.ts';
import { measureFloor } from './scale/floor.ts';
import { growthOf } from './scale/growth.ts';
import { measureIdle } from './scale/idle.ts';
import { machine, measureScale, type ScaleResult } from './scale/main.ts';
import { parseScale, SCALE_USAGE } from './scale/options.ts';
import { plotOf } from './scale/plot.ts';
import { startFigures } from './start.ts';

const screen = new Screen(process.stderr);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interrupted.abort(new Error(`ended by ${name}`)));
}
const common = {
  progress: (text: string) => screen.progress(text),
  signal: interrupted.signal,
};

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'scale') return scale(argv.slice(1));
  let asked: BenchOptions | 'help';
  try {
    asked = parseOptions(argv);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n\n${USAGE}`);
    return 2;
  }
  if (asked === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const { parts, faults, traceFile } = asked;
  const options = { ...common, traceFile };
  const isHeld: boolean[] = [];
  const measured = async (name: PartName, of: () => Promise<readonly Figure[]>) => {
    if (parts.includes(name)) isHeld.push(tell(name, await of()));
  };
  await measured('start', () => startFigures(options));
  await measured('agent', () => agentFigures(options));
  await measured('download', () => downloadFigures(options));
  await measured('channels', () => channelFigures(options));
  await measured('cluster', () => clusterFigures(options));
  if (!parts.includes('hosts') && !parts.includes('faults')) return isHeld.every(Boolean) ? 0 : 1;
  const why = whyNoHosts();
  if (why !== undefined) {
    console.log(`no figures of hosts here: ${why}`);
    return isHeld.every(Boolean) ? 0 : 1;
  }
  const stage: Stage = await setStage(options.progress, options.signal, {
    ...SETTINGS.debian,
    policy: FAULT_POLICY,
  });
  try {
    // nobody reads what it finds, and its connections are not what is measured
    await stage.prober.stop();
    await measured('hosts', () => hostsFigures(stage, options));
    await measured('faults', () => faultFigures(stage, faults, options));
  } finally {
    await strikeStage(stage);
  }
  return isHeld.every(Boolean) ? 0 : 1;
}

async function scale(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help')) {
    process.stdout.write(SCALE_USAGE);
    return 0;
  }
  const { runs, idle, isFloor, out } = parseScale(argv);
  if (idle !== undefined) {
    const result = await measureIdle(idle, common.progress);
    screen.clear();
    console.log(JSON.stringify(result, undefined, 2));
    return 0;
  }
  if (isFloor) {
    for (const options of runs) {
      const result = await measureFloor(options, common.progress);
      screen.clear();
      console.log(JSON.stringify(result, undefined, 2));
    }
    return 0;
  }
  // Before a run of an hour, not after it.
  if (out !== undefined) await mkdir(out, { recursive: true });
  const results: ScaleResult[] = [];
  for (const options of runs) {
    results.push(await measureScale(options, common.progress));
    screen.clear();
    console.log(JSON.stringify(results.at(-1), undefined, 2));
    // After each, for the largest takes longest and may not come to its end.
    if (out !== undefined) await leaveFigures(out, results);
  }
  const growth = growthOf(results);
  if (growth !== undefined) console.log(JSON.stringify({ growth }, undefined, 2));
  return results.every(({ state }) => state === 'Completed') ? 0 : 1;
}

async function leaveFigures(out: string, results: readonly ScaleResult[]): Promise<void> {
  const figures = { machine: machine(), growth: growthOf(results), runs: results };
  await writeFile(join(out, 'scale.json'), `${JSON.stringify(figures, undefined, 2)}\n`);
  await writeFile(join(out, 'scale.svg'), plotOf(results));
}

/** Prints a part as soon as it is done. @returns whether every bound was kept */
function tell(name: PartName, figures: readonly Figure[]): boolean {
  const machine = {
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    node: process.version,
    load: loadavg().map((value) => Math.round(value * 10) / 10),
    date: new Date().toISOString(),
  };
  screen.clear();
  console.log(`\n${name}`);
  for (const line of figureLines(figures)) console.log(line);
  console.log(JSON.stringify({ part: name, machine, figures }));
  return figures.every(isWithin);
}
