import type { Host } from '../host.ts';
import type { Layout } from '../layout.ts';

/** What k0s says it is; where it is down, what its binary says; undefined where neither says anything. */
export async function runningVersion(host: Host, layout: Layout): Promise<string | undefined> {
  const status = await host.k0s.status();
  if (status.kind === 'answers') return status.version;
  if ((await host.files.stat(layout.binary)) === undefined) return undefined;
  const said = await host.k0s.versionOf(layout.binary);
  return said.kind === 'said' ? said.version : undefined;
}
