import { basename, join } from 'node:path';
import { readArchive } from '../../artifacts/archive.ts';
import { messageOf } from '../../errors.ts';
import type { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';

export type BackedUp =
  | { readonly kind: 'made'; readonly backup: NonNullable<OpenSignal['backup']> }
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Has k0s save its cluster's state, and reads what it saved from the first byte to the last: a backup that
 * cannot be read is found out now, not on the day it is needed. Older ones go once the new one is in its
 * place. A crash leaves at most one backup more than wanted, which the next one removes.
 */
export async function backup(host: Host, layout: Layout, signal: OpenSignal): Promise<BackedUp> {
  const wanted = signal.order.backup;
  if (wanted === undefined) return failed('the order asks for none');
  const { files } = host;
  await files.makeFolder(layout.incomingBackup);
  await clear(host, layout);
  try {
    const made = await host.k0s.backup(layout.incomingBackup, wanted.withinMs);
    const size = (await files.stat(made))?.sizeBytes;
    if (size === undefined) return failed(`wanted an archive at ${made}, found none`);
    if ((await readArchive(files.read(made, size))) === 0) {
      return failed(`wanted files in ${made}, found none`);
    }
    await files.sync(made);
    const path = join(layout.backupFolder, basename(made));
    await files.rename(made, path);
    await files.syncFolder(layout.backupFolder);
    await prune(host, layout, basename(made), wanted.keep);
    return { kind: 'made', backup: { path, size } };
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    await clear(host, layout);
    return failed(messageOf(thrown));
  }
}

/** What was begun and never finished. */
async function clear({ files }: Host, layout: Layout): Promise<void> {
  for (const name of await files.list(layout.incomingBackup)) {
    await files.remove(join(layout.incomingBackup, name));
  }
}

/** Names end with the time at which they were made, so that they sort by it. */
async function prune({ files }: Host, layout: Layout, newest: string, keep: number): Promise<void> {
  const older = (await files.list(layout.backupFolder))
    .filter((name) => /^k0s_backup_.*\.tar\.gz$/.test(name) && name !== newest)
    .sort()
    .reverse();
  for (const name of older.slice(keep - 1)) await files.remove(join(layout.backupFolder, name));
}

function failed(message: string): BackedUp {
  return {
    kind: 'failed',
    failure: {
      class: 'Environment',
      reason: 'BackupFailed',
      message: `no backup was made, and nothing was touched: ${message}`,
    },
  };
}
