import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheDir } from '../k0mini/cache.ts';

const SCRIPT = join(import.meta.dirname, '../setup-prometheus.sh');
const CANNOT = 3;

/** A Prometheus that can be started, or why there is none. */
export type Prometheus = { readonly binary: string } | { readonly why: string };

/**
 * Finds Prometheus, or gets Debian's package of it into the cache.
 * @throws Error when it could be had, and something went wrong; under `CI=true` also when it cannot: what is
 *   not tested there is tested nowhere
 */
export function findPrometheus(): Prometheus {
  const folder = join(cacheDir(), 'prometheus');
  const { status, stdout, stderr, error } = spawnSync('sh', [SCRIPT, folder], { encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) return { binary: stdout.trim() };
  const why = stderr.trim();
  if (status === CANNOT && process.env.CI !== 'true') return { why };
  throw new Error(why);
}
