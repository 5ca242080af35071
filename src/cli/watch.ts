import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config.ts';
import { untilStopped } from '../stopping.ts';
import type { Format } from './cluster-options.ts';
import { isExpected, troubleOf } from './print-trouble.ts';
import { Redraw } from './redraw.ts';

/** Between two looks, counted from the answers of the first. */
const LOOK_MS = 1_000;

export interface Watched<T> {
  readonly look: () => Promise<T>;
  /** Its last line end included. */
  readonly text: (found: T) => string;
  readonly output: Format;
}

/**
 * Shows again and again how something stands, until it is interrupted: in the place of the picture before on a
 * terminal, else each change behind the other.
 * @returns what was seen last; undefined where nothing ever was
 * @throws ConfigError where what is looked at is not there
 */
export async function watchIt<T>({ look, text, output }: Watched<T>): Promise<T | undefined> {
  const stop = untilStopped();
  const redraw = new Redraw(process.stdout);
  let found: T | undefined;
  let told = '';
  while (!stop.aborted) {
    try {
      found = await look();
      const now = text(found);
      // Into a file or a program only what has changed.
      if (process.stdout.isTTY || now !== told) redraw.show(now, output);
      told = now;
    } catch (thrown) {
      if (!isExpected(thrown) || thrown instanceof ConfigError) {
        redraw.end();
        throw thrown;
      }
      // An API server that is being updated: it is asked again.
      redraw.note(troubleOf(thrown, '').sentence);
    }
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => {});
  }
  redraw.end();
  return found;
}
