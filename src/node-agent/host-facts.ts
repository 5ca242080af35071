import type { Report } from '../signals/report.ts';
import type { Host, K0sStatus } from './host.ts';
import type { Journal } from './journal.ts';
import type { Layout } from './layout.ts';

/** What is true of this host now, order or not. */
export async function readHostFacts(
  host: Host,
  layout: Layout,
  platform: string,
  journal: Journal,
  status: K0sStatus,
): Promise<Report['host']> {
  const { files } = host;
  const sha256 = await files.knownSha256(layout.binary);
  const kept = journal.previous && (await files.stat(layout.previous));
  const free = [layout.binaryFolder, layout.stateFolder].map((folder) => freeIn(host, folder));
  const writable =
    (await files.isWritable(layout.binaryFolder)) && (await files.isWritable(layout.stateFolder));
  return {
    platform,
    ...(status.kind === 'answers' && { k0sVersion: status.version }),
    binary: layout.binary,
    ...(sha256 !== undefined && { sha256 }),
    freeBytes: Math.min(...(await Promise.all(free))),
    writable,
    ...(kept && journal.previous && { previous: journal.previous }),
    epoch: journal.epoch,
  };
}

/** A folder that cannot be asked has no room for us. */
function freeIn(host: Host, folder: string): Promise<number> {
  return host.files.free(folder).then(
    ({ bytes }) => bytes,
    () => 0,
  );
}
