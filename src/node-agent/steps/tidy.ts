import { isSettled } from '../../signals/lifecycle.ts';
import type { Files } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';

/**
 * Removes what an order has left on the host once it is settled, and gives the binary before a committed
 * update its lasting name. Done twice it does nothing more.
 */
export async function tidy(
  files: Files,
  layout: Layout,
  signal: OpenSignal | undefined,
): Promise<void> {
  await files.remove(layout.partial);
  await files.remove(layout.staged);
  await files.remove(layout.incoming);
  if (signal === undefined || !isSettled(signal.phase)) return;
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
