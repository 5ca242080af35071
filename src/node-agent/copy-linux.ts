import { execFile } from 'node:child_process';
import { chmod, chown, link, rm } from 'node:fs/promises';
import { copyWhole } from '../artifacts/file-store.ts';
import type { FileLook } from './host.ts';

const DEADLINE_MS = 10_000;

/**
 * Gives a file's bytes a second place, with mode, owner and extended attributes of another file. On one
 * filesystem that is a second name for the same bytes: nothing is written, and a small disk need not hold
 * them twice.
 *
 * Node knows nothing of extended attributes (capabilities, the label of SELinux, user's own), so coreutils'
 * `cp` is asked for them. Where it cannot give them (busybox has no such option, some filesystems keep no
 * attributes) the file goes without: it then has the label of its folder, as every new file there.
 */
export async function copyLike(from: string, to: string, like: FileLook): Promise<void> {
  try {
    await link(from, to);
    await chown(to, like.uid, like.gid);
  } catch {
    // another filesystem, or one without links; never onto itself
    await rm(to, { force: true });
    await copyWhole(from, to, like);
  }
  if (like.path !== undefined) await copyAttributes(like.path, to);
  // last: `cp` gives the other's mode as well, and a change of owner takes bits away
  await chmod(to, like.mode & 0o7777);
}

function copyAttributes(from: string, to: string): Promise<void> {
  const flags = ['--attributes-only', '--preserve=all', '--no-preserve=timestamps,links'];
  return new Promise((resolve) => {
    const options = { timeout: DEADLINE_MS, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } };
    execFile('cp', [...flags, '--', from, to], options, () => resolve());
  });
}
