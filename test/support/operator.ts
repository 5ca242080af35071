import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster/cluster.ts';

const exec = promisify(execFile);
const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** Somebody who may ask things of Plans, and does so with the command line. */
export interface Operator {
  /** Path of a kubeconfig of theirs. */
  readonly config: string;
  /** Runs `autopilot ARGS`. @returns what it printed; rejects where it ends with another code than 0 */
  autopilot(...args: string[]): Promise<string>;
}

/** Binds a user of this name to the role `autopilot:operator`. */
export async function anOperator(cluster: Cluster, name: string): Promise<Operator> {
  const config = await cluster.kubeconfigFor(name, []);
  await cluster.kubectl(
    ...['create', 'clusterrolebinding', `operator-${name}`],
    ...['--clusterrole', 'autopilot:operator', '--user', name],
  );
  return {
    config,
    async autopilot(...args) {
      return (await exec(process.execPath, [MAIN, ...args, '--kubeconfig', config])).stdout;
    },
  };
}
