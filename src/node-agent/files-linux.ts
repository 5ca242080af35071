import * as fs from 'node:fs/promises';
import { syncFile, syncFolder } from '../artifacts/file-store.ts';
import { isMissing } from '../artifacts/system-error.ts';
import { copyLike } from './copy-linux.ts';
import type { DigestMemory } from './digest-memory-linux.ts';
import type { FileSink, Files } from './host.ts';

const CHUNK_BYTES = 256 * 1024;

/** The filesystems of this machine. */
export function linuxFiles(digests: DigestMemory): Files {
  return {
    async stat(path) {
      const found = await orAbsent(fs.stat(path));
      if (found === undefined) return undefined;
      const { dev, size, mtimeMs, mode, uid, gid } = found;
      return { path, device: dev, sizeBytes: size, modifiedMs: mtimeMs, mode, uid, gid };
    },
    list: async (folder) => (await orAbsent(fs.readdir(folder))) ?? [],
    makeFolder: async (path) => void (await fs.mkdir(path, { recursive: true, mode: 0o700 })),
    readText: (path) => orAbsent(fs.readFile(path, 'utf8')),
    writeText: (path, text) => fs.writeFile(path, text, { mode: 0o600 }),
    openAt,
    read,
    copy: copyLike,
    link: fs.link,
    rename: fs.rename,
    remove: (path) => fs.rm(path, { force: true }),
    chmod: fs.chmod,
    sync: syncFile,
    syncFolder,
    sha256: (path) => digests.read(path),
    knownSha256: (path) => digests.of(path),
    untouchedSha256: (path) => digests.ofUntouched(path),
    async free(folder) {
      const { bavail, bsize, files, ffree } = await fs.statfs(folder);
      // btrfs and some network filesystems make their files as they go, and say that they have none
      return { bytes: bavail * bsize, files: files === 0 ? undefined : ffree };
    },
    isWritable: (folder) =>
      fs.access(folder, fs.constants.W_OK).then(
        () => true,
        () => false,
      ),
  };
}

async function openAt(path: string, atByte: number): Promise<FileSink> {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = fs.constants;
  const file = await fs.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    const { size } = await file.stat();
    if (size < atByte) throw new Error(`wanted at least ${atByte} bytes in ${path}, found ${size}`);
    // what was there may have been made to run just before a crash; what comes has not been verified
    await file.chmod(0o600);
    await file.truncate(atByte);
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
  return new BatchingSink(file, atByte);
}

/**
 * Writes many small pieces as few large ones, and the next is gathered while the last one is stored: a
 * piece of a download is 64 KiB, and each call into the system's threads costs as much as hashing it. What
 * cannot be stored is told by one of the calls after, at the latest by `sync`.
 */
class BatchingSink implements FileSink {
  readonly #file: fs.FileHandle;
  #position: number;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #storing: Promise<void> = Promise.resolve();

  constructor(file: fs.FileHandle, position: number) {
    this.#file = file;
    this.#position = position;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    if (this.#batchBytes >= CHUNK_BYTES) await this.#flush();
  }

  /** Waits for the batch before this one, not for this one. */
  async #flush(): Promise<void> {
    await this.#storing;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#storing = this.#store(batch);
    // whoever waits for it next hears of its failure
    this.#storing.catch(() => undefined);
  }

  async #store(batch: readonly Uint8Array[]): Promise<void> {
    for (let rest = batch; rest.length > 0; ) {
      const { bytesWritten } = await this.#file.writev(rest, this.#position);
      this.#position += bytesWritten;
      rest = after(rest, bytesWritten);
    }
  }

  async sync(): Promise<void> {
    await this.#flush();
    await this.#storing;
    // the length is synced with it, the times need not be
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
      await this.#storing;
    } finally {
      await this.#file.close();
    }
  }
}

/** What is left of some pieces once so many bytes of them have been stored. */
function after(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let stored = bytes;
  let index = 0;
  for (; index < pieces.length; index++) {
    const { length } = pieces[index] as Uint8Array;
    if (stored < length) break;
    stored -= length;
  }
  const [first, ...rest] = pieces.slice(index);
  return first === undefined ? [] : [first.subarray(stored), ...rest];
}

/** One buffer for all of it, so that memory does not grow with the file. */
async function* read(path: string, endByte: number): AsyncGenerator<Uint8Array> {
  const file = await fs.open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let position = 0; position < endByte; ) {
      const length = Math.min(CHUNK_BYTES, endByte - position);
      const { bytesRead } = await file.read(buffer, 0, length, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

export async function orAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
