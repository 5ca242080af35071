import { sha256OfFile } from '../../../src/artifacts/file-store.ts';
import type { ClusterBase } from '../cluster/cluster-base.ts';
import type { HostView } from './world.ts';

/** What must be as before on a host that nobody touched. */
export interface Fingerprint {
  readonly version: string;
  readonly pid: number;
  readonly sha256: string | undefined;
  readonly exits: number;
  readonly cordoned: boolean;
}

/** Asks every host itself, not what is said about it. */
export async function fingerprints(
  cluster: ClusterBase,
  hosts: readonly HostView[],
): Promise<ReadonlyMap<string, Fingerprint>> {
  const all = await Promise.all(
    cluster.hosts.map(async (host) => {
      const [{ version, pid }, { restarts }, sha256] = await Promise.all([
        host.k0sStatus(),
        host.service('k0s'),
        sha256OfFile(host.binary),
      ]);
      const cordoned = hosts.find(({ name }) => name === host.name)?.cordoned ?? false;
      return [host.name, { version, pid, sha256, exits: restarts, cordoned }] as const;
    }),
  );
  return new Map(all);
}

/** @returns a sentence for each host that is not what it was; empty when all are */
export function differences(
  before: ReadonlyMap<string, Fingerprint>,
  after: ReadonlyMap<string, Fingerprint>,
  fields: readonly (keyof Fingerprint)[] = ['version', 'pid', 'sha256', 'exits', 'cordoned'],
): readonly string[] {
  return [...before].flatMap(([name, old]) =>
    fields
      .filter((field) => after.get(name)?.[field] !== old[field])
      .map((field) => `${name}: ${field} was ${old[field]}, is ${after.get(name)?.[field]}`),
  );
}
