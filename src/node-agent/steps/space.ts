import { dirname } from 'node:path';
import type { Failure } from '../failure.ts';
import type { Files } from '../host.ts';

/** Left free after us: the rest of the host lives there too. */
const SPARE_BYTES = 16 * 1024 * 1024;
/** The copy itself, the second name, and the journal's. */
const WANTED_FILES = 8;

/**
 * The same for a copy of `from`: on the filesystem of `beside` it gets a second name, which takes no room.
 */
export async function spaceForCopy(
  files: Files,
  from: string,
  beside: string,
  bytes: number,
): Promise<Failure | undefined> {
  const [source, target] = [await files.stat(from), await files.stat(beside)];
  const shared = source !== undefined && source.device === target?.device;
  return spaceFor(files, dirname(beside), shared ? 0 : bytes);
}

/** @returns why a file of so many bytes cannot be put into a folder; undefined where it can */
export async function spaceFor(
  files: Files,
  folder: string,
  bytes: number,
): Promise<Failure | undefined> {
  const free = await files.free(folder);
  const wanted = bytes + SPARE_BYTES;
  if (free.bytes < wanted) {
    return diskFull(`wanted ${wanted} free bytes in ${folder}, found ${free.bytes}`);
  }
  if (free.files !== undefined && free.files < WANTED_FILES) {
    return diskFull(`wanted room for ${WANTED_FILES} files in ${folder}, found ${free.files}`);
  }
  return undefined;
}

function diskFull(message: string): Failure {
  return { class: 'Environment', reason: 'DiskFull', message };
}
