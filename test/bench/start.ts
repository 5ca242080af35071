import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildForHosts } from '../../tools/build.ts';
import { ownArchitecture } from '../../tools/single-file/node-binaries.ts';
import { figure } from './figures.ts';
import type { Part } from './part.ts';

const run = promisify(execFile);
const RUNS = 20;

/** Commands that a person waits for, and none of which asks a cluster anything. */
const COMMANDS = [['--version'], ['--help'], ['pause', '--help']];

/** The single file, from its start to its end, with its pages in memory as they are on a host where it runs. */
export const startFigures: Part = async ({ progress, signal }) => {
  const program = await buildForHosts(ownArchitecture());
  await run(program, ['--help']);
  const figures = [];
  for (const args of COMMANDS) {
    const said = args.join(' ');
    progress(`autopilot ${said}, ${RUNS} times`);
    const tookMs: number[] = [];
    for (let n = 0; n < RUNS; n++) {
      signal.throwIfAborted();
      const beganMs = performance.now();
      await run(program, args);
      tookMs.push(performance.now() - beganMs);
    }
    figures.push(
      figure(
        {
          name: `autopilot ${said}`,
          unit: 'ms',
          bound: { atMost: 150 },
          method:
            'from its start to its end, one after the other, on a machine that has just run it',
        },
        tookMs,
      ),
    );
  }
  return figures;
};
