import { type Failure, orHostFailure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { Binary, OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';
import { copyStaged } from './copy-staged.ts';
import { runningVersion } from './running-version.ts';
import { spaceForCopy } from './space.ts';

/**
 * What runs on this host before anything is touched. Its version is what k0s says of itself; where k0s is
 * down (that may be why it is updated), what its binary says. A binary that nobody has touched since it was read
 * for a report is not read again: what an undo puts back is, by the undo.
 */
export async function measurePrevious(host: Host, layout: Layout): Promise<Binary | undefined> {
  const sha256 = await host.files.untouchedSha256(layout.binary);
  if (sha256 === undefined) return undefined;
  return { version: (await runningVersion(host, layout)) ?? 'unknown', sha256 };
}

/**
 * Puts the staged binary in place. At every instant a whole, verified binary is at its path (S4): the new
 * one is written beside it, synced, read again, and renamed over. The old one keeps a second name.
 * @returns why nothing was touched; throws after the rename, to be tried again
 */
export async function swap(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
): Promise<Failure | undefined> {
  const { files } = host;
  const { staged, previous } = signal;
  if (staged === undefined || previous === undefined) {
    return swapFailed('the journal names no staged binary, or none to go back to');
  }
  const swapped =
    (await files.knownSha256(layout.binary)) === staged.sha256 &&
    (await files.knownSha256(layout.undo)) === previous.sha256;
  if (!swapped) {
    const failure = await orHostFailure(`cannot prepare the swap of ${layout.binary}`, () =>
      prepare(host, layout, staged, previous),
    );
    if (failure) return failure;
    await files.rename(layout.incoming, layout.binary);
  }
  await files.syncFolder(layout.binaryFolder);
  return undefined;
}

async function prepare(
  host: Host,
  layout: Layout,
  staged: NonNullable<OpenSignal['staged']>,
  previous: Binary,
): Promise<Failure | undefined> {
  const { files } = host;
  const live = await files.stat(layout.binary);
  if (live === undefined) return swapFailed(`wanted a binary at ${layout.binary}, found none`);
  const full = await spaceForCopy(files, layout.staged, layout.binary, staged.size);
  if (full) return full;
  const like = { ...live, mode: live.mode | 0o100 };
  const wrong = await copyStaged(files, layout.staged, layout.incoming, {
    like,
    staged,
    what: 'binary',
  });
  if (wrong !== undefined) return swapFailed(wrong);
  return keepPrevious(host, layout, previous);
}

/** The rename leaves the old file alone, so a second name keeps it whole at no cost. */
async function keepPrevious(
  host: Host,
  layout: Layout,
  previous: Binary,
): Promise<Failure | undefined> {
  const { files } = host;
  if ((await files.knownSha256(layout.undo)) !== previous.sha256) {
    await files.remove(layout.undo);
    try {
      await files.link(layout.binary, layout.undo);
    } catch (thrown) {
      if (!(thrown instanceof Error) || !('code' in thrown)) throw thrown;
      // no hard links here (vfat, some network filesystems): a copy does as well
      const live = await files.stat(layout.binary);
      if (live === undefined) return swapFailed(`${layout.binary} has vanished`);
      await files.copy(layout.binary, layout.undo, live);
    }
    const kept = await files.knownSha256(layout.undo);
    if (kept !== previous.sha256) {
      return swapFailed(
        `wanted sha256 ${previous.sha256} at ${layout.binary}, found ${kept}: somebody replaced it meanwhile`,
      );
    }
  }
  // also when it was there: a copy made before a crash reads well long before it is on the disk
  await files.sync(layout.undo);
  await files.syncFolder(layout.binaryFolder);
  return undefined;
}

function swapFailed(message: string): Failure {
  return { class: 'Environment', reason: 'SwapFailed', message };
}
