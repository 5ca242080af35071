import { setImmediate as nextRound } from 'node:timers/promises';

/** Whatever the system has received is handed on within one whole round of the event loop; begun ones do not count. */
const ROUNDS = 2;

/**
 * The same chunks, read in bursts: whenever all that has come has been read, `pause` is waited for before more is
 * taken. What comes meanwhile waits in buffers of the system, and of the sender when those are full. It ends at once
 * when the connection fails; what the sender has ended is known after the pause.
 */
export async function* inBursts<T>(
  chunks: AsyncIterable<T>,
  pause: () => Promise<void>,
): AsyncGenerator<T> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      if (!(await isThere(next))) await Promise.race([pause(), failureOf(next)]);
      const { done, value } = await next;
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function isThere(next: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settled = () => {
    isSettled = true;
  };
  next.then(settled, settled);
  for (let round = 0; round < ROUNDS && !isSettled; round++) await nextRound();
  return isSettled;
}

function failureOf(next: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    next.catch(reject);
  });
}
