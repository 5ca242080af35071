/** Binaries that were built, or broken, once: outside the clone, each in a folder named after its key. */
import { glob, mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { withLock } from './lock.ts';

const KEPT_UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** Where everything lies that this project builds or fetches and can make again. */
export function cacheDir(): string {
  const { AUTOPILOT_CACHE, XDG_CACHE_HOME } = process.env;
  if (AUTOPILOT_CACHE) return resolve(AUTOPILOT_CACHE);
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'k0s-autopilot');
}

/**
 * @param key changes with everything that changes the binary
 * @returns absolute path of the binary, if it has been kept
 */
export async function findKept(key: string): Promise<string | undefined> {
  const entry = join(folder(), key);
  const binary = join(entry, 'k0s');
  try {
    await stat(binary);
    await utimes(entry, new Date(), new Date()); // in use: not to be pruned
    return binary;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Has a binary made, unless somebody else has made it meanwhile, and keeps it.
 * @param make writes it to the path that it is given
 * @returns where it is kept
 */
export async function keep(key: string, make: (path: string) => Promise<void>): Promise<string> {
  const entry = join(folder(), key);
  await mkdir(folder(), { recursive: true });
  // One lock for all of them: builds share nearly all of a cold one's work, so the second of two
  // builders is done in seconds if it waits for the first.
  await withLock(join(folder(), 'lock'), async () => {
    if (await findKept(key)) return;
    const unfinished = `${entry}.${process.pid}`;
    try {
      await mkdir(unfinished, { recursive: true });
      await make(join(unfinished, 'k0s'));
      await rm(entry, { recursive: true, force: true });
      await rename(unfinished, entry);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  });
  await prune();
  return join(entry, 'k0s');
}

function folder(): string {
  return join(cacheDir(), 'k0mini');
}

/** Removes what nobody has asked for in a month, and what builds that were cut off have left. */
async function prune(): Promise<void> {
  for await (const name of glob('*', { cwd: folder() })) {
    const path = join(folder(), name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > KEPT_UNUSED_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
