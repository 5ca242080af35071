import * as fs from 'node:fs/promises';
import { sha256OfFile } from '../artifacts/file-store.ts';

/** Digests of files that have not changed since they were read; a handful. */
export class DigestMemory {
  readonly #known = new Map<string, string>();

  async of(path: string): Promise<string | undefined> {
    // absent or not to be read: both are no digest
    const found = await fs.stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined) return undefined;
    // not the time of the inode's change: a second name or a rename is no new content
    const key = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const sha256 = await sha256OfFile(path).catch(() => undefined);
    if (sha256 === undefined) return undefined;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < 8) break;
      this.#known.delete(oldest);
    }
    this.#known.set(key, sha256);
    return sha256;
  }
}
