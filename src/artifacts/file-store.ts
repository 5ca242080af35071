import { createHash } from 'node:crypto';
import { constants, copyFile, type FileHandle, open } from 'node:fs/promises';
import { isMissing } from './system-error.ts';

/** One buffer per reading, so that hashing 250 MB costs no more memory than this. */
const CHUNK_BYTES = 256 * 1024;

/** @returns lower-case hex; undefined when there is no such file */
export async function sha256OfFile(path: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(bytesRead === CHUNK_BYTES ? buffer : buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/**
 * Copies a file; an existing target is replaced. The copy has to be synced by the caller, and is made by
 * the kernel (shared blocks where the filesystem can): the bytes never pass through our memory.
 */
export async function copyWhole(
  from: string,
  to: string,
  like: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const handle = await open(to, 'r');
  try {
    const found = await handle.stat();
    if (found.uid !== like.uid || found.gid !== like.gid) await handle.chown(like.uid, like.gid);
    // after the change of owner, which clears set-user-id bits
    await handle.chmod(like.mode & 0o7777);
  } finally {
    await handle.close();
  }
}

/** Makes the content of a file durable. */
export async function syncFile(path: string): Promise<void> {
  await sync(path);
}

/** Makes the names in a folder durable: without it a rename may be undone by a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await sync(path);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
