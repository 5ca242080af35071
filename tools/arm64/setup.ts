import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheDir } from '../k0mini/cache.ts';

const SCRIPT = join(import.meta.dirname, '../setup-arm64.sh');
const CANNOT = 3;

/** What to put before a program of arm64 so that it runs here, or why it cannot. */
export type Arm64 = { readonly argv: readonly [string, ...string[]] } | { readonly why: string };

/**
 * Finds qemu and arm64's libraries, or gets Debian's packages of them into the cache.
 * @throws Error when they could be had, and something went wrong; under `CI=true` also when they cannot
 */
export function findArm64(): Arm64 {
  const folder = join(cacheDir(), 'arm64');
  const { status, stdout, stderr, error } = spawnSync('sh', [SCRIPT, folder], { encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) {
    const found = stdout.trim();
    return { argv: [join(found, 'usr/bin/qemu-aarch64-static'), '-L', found] };
  }
  const why = stderr.trim();
  if (status === CANNOT && process.env.CI !== 'true') return { why };
  throw new Error(why);
}
