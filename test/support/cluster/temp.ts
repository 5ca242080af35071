import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'autopilot-';
/** A unix socket's path has at most 107 bytes; a long TMPDIR would use them up. */
const LONGEST_BASE = 40;

/**
 * Makes a folder for one cluster. Its name has our process id, so that what a killed process left behind
 * is found and removed by the next one.
 */
export function makeClusterFolder(): string {
  const base = tmpdir().length <= LONGEST_BASE ? tmpdir() : '/tmp';
  removeLeftovers(base);
  return mkdtempSync(join(base, `${PREFIX}${process.pid}-`));
}

function removeLeftovers(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(join(base, name), { recursive: true, force: true });
    } catch {
      // Another user's.
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
