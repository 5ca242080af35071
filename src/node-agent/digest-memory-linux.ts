import type { BigIntStats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { sha256OfFile } from '../artifacts/file-store.ts';

interface Known {
  readonly sha256: string;
  readonly changedNs: bigint;
}

/** Digests of files that have not changed since they were read; a handful. */
export class DigestMemory {
  readonly #known = new Map<string, Known>();

  /**
   * Reads it now, whatever is remembered, so that the others need not.
   * @throws where it is there and cannot be read
   */
  async read(path: string): Promise<string | undefined> {
    const found = await fs.stat(path, { bigint: true }).catch(() => undefined);
    const sha256 = await sha256OfFile(path);
    if (found !== undefined && sha256 !== undefined) this.#remember(found, sha256);
    return sha256;
  }

  /** A second name or a rename is no new content, so the time of the inode's change does not count. */
  of(path: string): Promise<string | undefined> {
    return this.#of(path, () => true);
  }

  /** That time counts as well: times of content can be put back, this one cannot. */
  ofUntouched(path: string): Promise<string | undefined> {
    return this.#of(path, ({ ctimeNs }, known) => ctimeNs === known.changedNs);
  }

  async #of(
    path: string,
    isSame: (found: BigIntStats, known: Known) => boolean,
  ): Promise<string | undefined> {
    // absent or not to be read: both are no digest
    const found = await fs.stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined) return undefined;
    const known = this.#known.get(keyOf(found));
    if (known !== undefined && isSame(found, known)) return known.sha256;
    const sha256 = await sha256OfFile(path).catch(() => undefined);
    if (sha256 !== undefined) this.#remember(found, sha256);
    return sha256;
  }

  #remember(found: BigIntStats, sha256: string): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < 8) break;
      this.#known.delete(oldest);
    }
    this.#known.set(keyOf(found), { sha256, changedNs: found.ctimeNs });
  }
}

function keyOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}
