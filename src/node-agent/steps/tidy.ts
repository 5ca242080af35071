import { isSettled } from '../../signals/lifecycle.ts';
import type { DownloadRules } from '../agent-policy.ts';
import type { Files, Host } from '../host.ts';
import type { Journal, OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';
import { forgetOldPartial } from '../partial-record.ts';

/**
 * Removes what an order has left on the host once it is settled, and gives the binary before a committed
 * update its lasting name. What has come of a download stays for a while: the next attempt goes on with
 * it. Done twice it does nothing more.
 */
export async function tidy(
  { files, clock }: Host,
  layout: Layout,
  { signal }: Journal,
  { keepPartialMs }: Pick<DownloadRules, 'keepPartialMs'>,
): Promise<void> {
  await forgetOldPartial(files, layout, { wallMs: clock.wallMs(), keepMs: keepPartialMs });
  await files.remove(layout.staged);
  await files.remove(layout.incoming);
  await files.remove(layout.incomingImages);
  if (signal === undefined || !isSettled(signal.phase)) return;
  await keepPrevious(files, layout, signal);
}

async function keepPrevious(files: Files, layout: Layout, signal: OpenSignal): Promise<void> {
  if (signal.order.artifact.kind !== 'k0s') return;
  if ((await files.stat(layout.undo)) === undefined) return;
  if (signal.phase === 'Committed') {
    await files.rename(layout.undo, layout.previous);
    await files.syncFolder(layout.binaryFolder);
    return;
  }
  // kept for a person where it could not be put back
  const live = await files.sha256(layout.binary);
  if (live === signal.previous?.sha256) await files.remove(layout.undo);
}
