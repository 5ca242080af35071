import {
  judgeContent,
  judgeVersion,
  type Objection,
  type StoredFile,
} from '../../artifacts/verify.ts';
import type { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';

/**
 * Judges what was downloaded and puts it where staged files lie. The content is judged before anything of
 * it is run (S11); then it must say its own version, as nobody, before anything on the host is touched.
 */
export async function verify(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
  file: StoredFile,
): Promise<Failure | undefined> {
  const { artifact } = signal.order;
  const { files } = host;
  const badContent = judgeContent(artifact, file);
  if (badContent) return reject(host, layout, badContent);
  await files.chmod(layout.partial, 0o755);
  const said = await host.k0s.versionOf(layout.partial);
  if (said.kind === 'forbidden') {
    return { class: 'Environment', reason: 'NotExecutable', message: said.message };
  }
  if (said.kind === 'failed') {
    return reject(host, layout, { reason: 'NotExecutable', message: said.message });
  }
  const badVersion = judgeVersion(artifact, said.version);
  if (badVersion) return reject(host, layout, badVersion);
  await files.sync(layout.partial);
  await files.rename(layout.partial, layout.staged);
  await files.syncFolder(layout.stagingFolder);
  return undefined;
}

async function reject(host: Host, layout: Layout, objection: Objection): Promise<Failure> {
  await host.files.remove(layout.partial);
  return { class: 'Artifact', ...objection };
}
