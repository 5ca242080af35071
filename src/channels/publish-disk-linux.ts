import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../artifacts/file-store.ts';
import { isMissing } from '../artifacts/system-error.ts';

/** What publishing asks of a disk. Every call may be the last one: a test ends the process at each. */
export interface PublishDisk {
  /** @returns undefined where there is no such file */
  read(path: string): Promise<Buffer | undefined>;
  /** @returns what a link says; undefined where there is none */
  readLink(path: string): Promise<string | undefined>;
  /** @returns names; none where there is no such folder */
  list(folder: string): Promise<readonly string[]>;
  /** With all folders above it. */
  makeFolder(path: string): Promise<void>;
  /**
   * Whole and durable, or not at all: another name first, then renamed over what was there.
   * @param changedMs what the file says of its last change; else now
   */
  write(path: string, bytes: Uint8Array, changedMs?: number): Promise<void>;
  /** Whole and durable, or not at all: over a link that was there. */
  link(path: string, target: string): Promise<void>;
  /** Durable; a folder must not be there yet, or be empty. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Readable by the web server, whoever has written it. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

export const LOCAL_DISK: PublishDisk = {
  async read(path) {
    return absentIsUndefined(fs.readFile(path));
  },
  async readLink(path) {
    return absentIsUndefined(fs.readlink(path));
  },
  async list(folder) {
    return (await absentIsUndefined(fs.readdir(folder))) ?? [];
  },
  async makeFolder(path) {
    const first = await fs.mkdir(path, { recursive: true, mode: FOLDER_MODE });
    if (first !== undefined) await syncFolder(dirname(first));
  },
  async write(path, bytes, changedMs) {
    const beside = `${path}.new`;
    const handle = await fs.open(beside, 'w', FILE_MODE);
    try {
      await handle.writeFile(bytes);
      await handle.chmod(FILE_MODE);
      if (changedMs !== undefined) await handle.utimes(changedMs / 1000, changedMs / 1000);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(beside, path);
    await syncFolder(dirname(path));
  },
  async link(path, target) {
    const beside = `${path}.new`;
    await fs.rm(beside, { force: true });
    await fs.symlink(target, beside);
    await fs.rename(beside, path);
    await syncFolder(dirname(path));
  },
  async rename(from, to) {
    await fs.rename(from, to);
    await syncFolder(dirname(to));
  },
  async remove(path) {
    await fs.rm(path, { recursive: true, force: true });
  },
};

async function absentIsUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
