import { dirname } from 'node:path';

/**
 * What a power cut leaves of everything that was not synced:
 * - `lost`: nothing of it
 * - `names`: every name, and of the contents only what was synced (a rename overtakes its file)
 * - `torn`: every name, and of each content that was not synced the first half, then zeros
 */
export type Loss = 'lost' | 'names' | 'torn';

interface Inode {
  /** One character is one byte. */
  content: string;
  durable: string;
  mode: number;
  modifiedMs: number;
}

/** A filesystem in memory that keeps apart what is on the disk and what is only about to be. */
export class SimulatedDisk {
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();

  /** Content and name are on the disk at once. */
  plant(path: string, content: string, mode: number): void {
    const inode: Inode = { content, durable: content, mode, modifiedMs: 0 };
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  content(path: string): string | undefined {
    return this.#names.get(path)?.content;
  }

  info(path: string): { size: number; mode: number; modifiedMs: number } | undefined {
    const inode = this.#names.get(path);
    return inode && { size: inode.content.length, mode: inode.mode, modifiedMs: inode.modifiedMs };
  }

  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  namesIn(folder: string): readonly string[] {
    const inside = this.paths().filter((path) => dirname(path) === folder);
    return inside.map((path) => path.slice(folder.length + 1));
  }

  /** Everything that may be found at a path: now, and after a power cut of any kind but a torn write. */
  everythingThatMayBeAt(path: string): { content: string | undefined; mode: number }[] {
    const now = this.#names.get(path);
    const durable = this.#durableNames.get(path);
    return [
      { content: now?.content, mode: now?.mode ?? 0 },
      { content: now?.durable, mode: now?.mode ?? 0 },
      { content: durable?.durable, mode: durable?.mode ?? 0 },
    ];
  }

  write(path: string, content: string, mode: number, nowMs: number): void {
    const inode = this.#names.get(path);
    if (inode === undefined) {
      this.#names.set(path, { content, durable: '', mode, modifiedMs: nowMs });
      return;
    }
    Object.assign(inode, { content, mode, modifiedMs: nowMs });
  }

  /** @returns the file's content, to be replaced: an open file keeps its inode, whatever its name becomes */
  open(path: string, mode: number, nowMs: number): { content: string; sync: () => void } {
    if (!this.#names.has(path)) this.write(path, '', mode, nowMs);
    const inode = this.require(path);
    return {
      get content() {
        return inode.content;
      },
      set content(content: string) {
        Object.assign(inode, { content, modifiedMs: nowMs });
      },
      sync: () => {
        inode.durable = inode.content;
      },
    };
  }

  chmod(path: string, mode: number): void {
    this.require(path).mode = 0o100000 | mode;
  }

  link(from: string, to: string): void {
    if (this.#names.has(to)) throw systemError('EEXIST', to);
    this.#names.set(to, this.require(from));
  }

  rename(from: string, to: string): void {
    const inode = this.require(from);
    // a filesystem that does what POSIX says: two names of one file both stay
    if (this.#names.get(to) === inode) return;
    this.#names.set(to, inode);
    this.#names.delete(from);
  }

  remove(path: string): void {
    this.#names.delete(path);
  }

  sync(path: string): void {
    const inode = this.require(path);
    inode.durable = inode.content;
  }

  syncFolder(folder: string): void {
    for (const path of this.#durableNames.keys()) {
      if (dirname(path) === folder) this.#durableNames.delete(path);
    }
    for (const [path, inode] of this.#names) {
      if (dirname(path) === folder) this.#durableNames.set(path, inode);
    }
  }

  powerCut(loss: Loss): void {
    if (loss === 'lost') this.#names = new Map(this.#durableNames);
    else this.#durableNames = new Map(this.#names);
    for (const inode of new Set(this.#names.values())) {
      inode.content = loss === 'torn' ? torn(inode) : inode.durable;
      inode.durable = inode.content;
    }
  }

  require(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode) return inode;
    throw systemError('ENOENT', path);
  }
}

/** The size got there before the rest of the bytes, as it does on some filesystems. */
function torn({ content, durable }: Inode): string {
  if (content === durable) return content;
  const kept = content.startsWith(durable) ? durable.length : 0;
  const half = kept + Math.floor((content.length - kept) / 2);
  return content.slice(0, half) + '\0'.repeat(content.length - half);
}

export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
