import { isSea } from 'node:sea';

/**
 * What makes an agent small: no compilers (there is nothing here that runs hot), a small nursery, one heap of
 * the C library. Measured on Node 24.21: 68 MB without them, 59 with them.
 */
export const LEAN_NODE_FLAGS = [
  '--max-semi-space-size=1',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--optimize-for-size',
] as const;
export const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const;

/**
 * What keeps an orchestrator small amid a run: each change of a Node is 10 kB that nobody needs a moment later. A
 * large nursery is filled to its end before anything is thrown out of it, and one that holds no look at thousands of
 * targets as a whole is cleaned up amid it: 2 MB of it cost a fourth of such a look, and 16 MB gain no more than 8.
 * Below 4 MB it would be cleaned up every second at rest, each time by all cores of the machine, for a megabyte.
 * Where there may be 4 GB of heap it is let grow to four times of what is alive before anybody cleans up; where there
 * may be one, to less than twice. With ten thousand nodes the whole process had some 250 MB at its peak.
 */
export const ORCHESTRATOR_NODE_FLAGS = [
  '--max-semi-space-size=8',
  '--min-semi-space-size=4',
  '--no-parallel-scavenge',
  '--max-old-space-size=1024',
] as const;

/**
 * Starts this very process anew with those settings, unless it has them: same process id, same open
 * files, 40 ms. Call it first, before anything is loaded. Does nothing where the system cannot do it.
 */
export function becomeLean(flags: readonly string[] = LEAN_NODE_FLAGS): void {
  const lean = flags.every((flag) => process.execArgv.includes(flag));
  // asked for once only, whatever becomes of it
  if (lean || process.env.AUTOPILOT_LEAN !== undefined) return;
  startAnew([...process.execArgv, ...flags]);
}

/**
 * Starts a lean process anew as it is, to give back memory that an update has left in pieces: 71 MB after a
 * download, 60 again afterwards. Only where nothing is under way; what is known is in the journal.
 */
export function shrink(): void {
  if (process.env.AUTOPILOT_LEAN !== undefined) startAnew(process.execArgv);
}

function startAnew(flags: readonly string[]): void {
  const { execPath, argv } = process;
  // A single file has no script to name, and takes Node's own flags as one.
  const args = isSea()
    ? [`--node-options=${flags.join(' ')}`, ...argv.slice(2)]
    : [...flags, ...argv.slice(1)];
  process.removeAllListeners('warning'); // of execve's being experimental
  try {
    process.execve?.(execPath, [execPath, ...args], {
      ...process.env,
      ...LEAN_ENVIRONMENT,
      AUTOPILOT_LEAN: '1',
    });
  } catch {
    // it runs as well, and is a little larger
  }
}
