import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How long each test file took last, in milliseconds, by its path in the clone. */
export type Durations = Readonly<Record<string, number>>;

/** @returns nothing known where the file is not there or cannot be read: the order is then any */
export async function readDurations(file: string): Promise<Durations> {
  try {
    const known: unknown = JSON.parse(await readFile(file, 'utf8'));
    const entries = Object.entries(known as object).filter(([, ms]) => typeof ms === 'number');
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

export async function writeDurations(file: string, durations: Durations): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  // Two runs may end at once: each writes a whole file, and the later one counts.
  const own = `${file}.${process.pid}`;
  await writeFile(own, `${JSON.stringify(durations, undefined, 2)}\n`);
  await rename(own, file);
}

/**
 * The longest first, so that no long one is left for the end while a core idles. What is not known yet may be
 * long, and goes before all others; those that take as long stay in the order that they were given in.
 */
export function longestFirst(files: readonly string[], durations: Durations): string[] {
  const of = (file: string) => durations[file] ?? Number.MAX_VALUE;
  return files.toSorted((a, b) => of(b) - of(a));
}
