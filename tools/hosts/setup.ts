import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildBase } from './base.ts';
import { INITS } from './recipe.ts';

const SCRIPT = join(import.meta.dirname, '../setup-hosts.sh');
const CANNOT = 3;

/**
 * Makes this machine able to run hosts: installs programs where they are missing. Does nothing after the
 * first time.
 * @returns why it cannot, in one sentence; undefined when it can
 * @throws Error when it should be able to, and something went wrong; under `CI=true` also when it cannot:
 *   what is not tested there is tested nowhere
 */
export function whyNoHosts(): string | undefined {
  const { status, stderr, error } = spawnSync('sh', [SCRIPT], { encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) return undefined;
  const said = stderr.trim();
  if (status === CANNOT && process.env.CI !== 'true') return said;
  throw new Error(said);
}

/** The same, and makes the bases, so that nobody has to wait for them later. */
export async function prepareHosts(
  onProgress: (text: string) => void,
): Promise<string | undefined> {
  const why = whyNoHosts();
  if (why !== undefined) return why;
  for (const init of INITS) await buildBase(init, onProgress);
  return undefined;
}
