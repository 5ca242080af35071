import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { copyWhole } from '../artifacts/file-store.ts';
import type { FileInfo } from './host.ts';

const DEADLINE_MS = 10_000;

/**
 * Copies a file's bytes, with mode, owner and extended attributes of another one. Node knows nothing of the
 * latter (capabilities, the label of SELinux, user's own), so coreutils' `cp` is asked for them. Where it
 * cannot give them (busybox has no such option, some filesystems keep no attributes) the copy goes without:
 * the system then gives it the label of its folder, as it does for every new file there.
 */
export async function copyLike(from: string, to: string, like: FileInfo): Promise<void> {
  await copyWhole(from, to, like);
  if (like.path === undefined) return;
  await copyAttributes(like.path, to);
  // `cp` gives the other's mode as well, and a change of owner would have taken capabilities away
  await chmod(to, like.mode & 0o7777);
}

function copyAttributes(from: string, to: string): Promise<void> {
  const flags = ['--attributes-only', '--preserve=all', '--no-preserve=timestamps,links'];
  return new Promise((resolve) => {
    const options = { timeout: DEADLINE_MS, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } };
    execFile('cp', [...flags, '--', from, to], options, () => resolve());
  });
}
