import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const RENEWAL_MS = 5_000;
const STALE_MS = 60_000;

/**
 * Runs a task while nobody else runs one under the same lock file. A lock whose holder has died is
 * taken over. In rare cases two tasks run after that: what they do must not depend on being alone.
 */
export async function withLock<T>(file: string, task: () => Promise<T>): Promise<T> {
  const self = `${hostname()} ${process.pid}`;
  while (!(await acquire(file, self))) await sleep(500);
  // The holder renews the lock's time as it goes: an age is all that other machines can judge by.
  const renewal = setInterval(() => {
    utimes(file, new Date(), new Date()).catch(() => {});
  }, RENEWAL_MS);
  try {
    return await task();
  } finally {
    clearInterval(renewal);
    if ((await holder(file)) === self) await rm(file, { force: true });
  }
}

async function acquire(file: string, self: string): Promise<boolean> {
  try {
    await writeFile(file, self, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (await isStale(file)) await rm(file, { force: true });
  return false;
}

async function isStale(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (!found) return false;
  if (Date.now() - found.mtimeMs > STALE_MS) return true;
  const [host, pid] = (await holder(file)).split(' ');
  return host === hostname() && pid !== undefined && !isRunning(Number(pid));
}

async function holder(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
