import { stat } from 'node:fs/promises';
import { isMissing } from '../artifacts/system-error.ts';
import { factsOfFile } from './artifact-file-store.ts';
import type { PublishDisk } from './publish-disk-linux.ts';

interface Known {
  readonly mark: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export type Digest = Pick<Known, 'sizeBytes' | 'sha256'>;

/**
 * Digests of files that have not been touched since they were read, so that a renewal of a channel does not
 * read all its releases again. It is a memory and no proof: `verify` reads everything.
 */
export class KnownDigests {
  readonly #disk: PublishDisk;
  readonly #file: string;
  readonly #known: Map<string, Known>;

  private constructor(disk: PublishDisk, file: string, known: Map<string, Known>) {
    this.#disk = disk;
    this.#file = file;
    this.#known = known;
  }

  /** @returns one that knows nothing where the file is missing or cannot be read */
  static async open(disk: PublishDisk, file: string): Promise<KnownDigests> {
    const bytes = await disk.read(file);
    let known = new Map<string, Known>();
    try {
      const entries: unknown = bytes === undefined ? [] : JSON.parse(bytes.toString());
      if (Array.isArray(entries)) known = new Map(entries);
    } catch {
      // written by nobody but us; whatever it is, reading the files again is right
    }
    return new KnownDigests(disk, file, known);
  }

  /** @returns undefined where there is no such file */
  async of(path: string, isThorough: boolean): Promise<Digest | undefined> {
    const mark = await markOf(path);
    if (mark === undefined) return undefined;
    const known = this.#known.get(path);
    if (!isThorough && known?.mark === mark) return known;
    const facts = await factsOfFile(path);
    if (facts === undefined) return undefined;
    const { sizeBytes, sha256 } = facts;
    // of a file that changes while it is read nothing is remembered
    if ((await markOf(path)) === mark) this.#known.set(path, { mark, sizeBytes, sha256 });
    return { sizeBytes, sha256 };
  }

  async save(): Promise<void> {
    await this.#disk.write(this.#file, Buffer.from(JSON.stringify([...this.#known])));
  }
}

/** The time of the inode's change counts: that of the content can be put back, this one cannot. */
async function markOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
