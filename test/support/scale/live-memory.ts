/** Loaded into a process before its program: collects all garbage when it is asked, and answers what is left. */
import { getHeapSpaceStatistics } from 'node:v8';

export interface LiveMemory {
  readonly liveBytes: number;
}

/**
 * Of Node. What the engine adds to code that has become hot comes and goes as it sees fit, and would hide what
 * the program itself keeps.
 */
export const MEASURED = [
  '--expose-gc',
  '--no-flush-bytecode',
  '--no-lazy-feedback-allocation',
  ...['--import', import.meta.filename],
];

/** Where objects are; code has spaces of its own. */
const OF_OBJECTS = ['new_space', 'old_space', 'large_object_space', 'new_large_object_space'];
// A weak reference that was just followed is not dropped before the next job.
const ROUNDS = 2;

if (process.send !== undefined && globalThis.gc !== undefined) {
  process.on('message', () => {
    void collect().then((answer) => process.send?.(answer));
  });
  // Whoever may be asked must not go on living for that.
  process.channel?.unref();
}

async function collect(): Promise<LiveMemory> {
  for (let round = 0; round < ROUNDS; round++) {
    await globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const objects = getHeapSpaceStatistics()
    .filter(({ space_name }) => OF_OBJECTS.includes(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  return { liveBytes: objects + process.memoryUsage().external };
}
