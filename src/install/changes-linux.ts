import { randomUUID } from 'node:crypto';
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../errors.ts';
import { runProgram } from '../node-agent/service-program-client.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
export const ROOT: Owner = { uid: 0, gid: 0 };

const WITHIN_MS = 120_000;

/**
 * Changes of a host, one after the other, each told in a line, and each with its way back: what fails in the middle
 * leaves the host as it was. Told only, where it is a dry run. What is already as it should be is not touched.
 */
export class HostChanges {
  readonly #dryRun: boolean;
  readonly #stop: AbortSignal;
  readonly #say: (line: string) => void;
  readonly #back: (() => Promise<unknown>)[] = [];
  /** Folders that are not there, and would be by now. */
  readonly #imagined = new Set<string>();
  #count = 0;

  /** @param stop between two changes, when somebody has lost patience: what was done can be undone */
  constructor(dryRun: boolean, say: (line: string) => void, stop: AbortSignal) {
    this.#stop = stop;
    this.#dryRun = dryRun;
    this.#say = say;
  }

  /** How many things were, or would have been, changed. */
  get count(): number {
    return this.#count;
  }

  async folder(path: string, mode: number, owner: Owner): Promise<void> {
    const found = await stated(path);
    if (found?.isDirectory()) return this.#rights(path, mode, owner, found);
    if (found) throw new Error(`wanted the folder ${path}, found a file`);
    await this.#change(
      `make ${path}/`,
      async () => {
        await mkdir(path, { mode });
        await chmod(path, mode);
        await chown(path, owner.uid, owner.gid);
      },
      () => rmdir(path),
    );
    this.#imagined.add(path);
  }

  /** @returns whether it is, or would be, another one than before */
  async text(path: string, text: string, mode: number, owner: Owner): Promise<boolean> {
    const found = await stated(path);
    if (found?.isDirectory()) throw new Error(`wanted the file ${path}, found a folder`);
    const before = await readFile(path, 'utf8').catch(absent);
    if (found && before === text) {
      await this.#rights(path, mode, owner, found);
      return false;
    }
    const verb = before === undefined ? 'write' : 'change';
    await this.#change(
      `${verb} ${path}`,
      () => put(path, (fresh) => writeFile(fresh, text, { mode, flag: 'wx' }), mode, owner),
      () =>
        before === undefined || found === undefined
          ? rm(path, { force: true })
          : put(path, (fresh) => writeFile(fresh, before), found.mode & 0o7777, found),
    );
    return true;
  }

  /** A second name. What is there already, whatever it is, is somebody's own. */
  async link(path: string, to: string): Promise<void> {
    if ((await stated(path)) !== undefined) return;
    await this.#change(
      `link ${path} to ${to}`,
      () => symlink(to, path),
      () => rm(path, { force: true }),
    );
  }

  /** Puts a whole program in place, so that one that runs goes on as it is. */
  async program(from: string, path: string): Promise<boolean> {
    if (from === path) return false; // it was put there by hand
    const [ours, theirs] = await Promise.all([readFile(from), readFile(path).catch(absent)]);
    if (theirs !== undefined && ours.equals(theirs)) return false;
    const aside = `${path}.${randomUUID()}`;
    await this.#change(
      `${theirs === undefined ? 'copy' : 'replace'} ${path}`,
      async () => {
        if (theirs !== undefined) await writeFile(aside, theirs, { mode: 0o755 });
        try {
          await put(path, (fresh) => copyFile(from, fresh), 0o755, ROOT);
        } catch (thrown) {
          await rm(aside, { force: true });
          throw thrown;
        }
      },
      () => (theirs === undefined ? rm(path, { force: true }) : rename(aside, path)),
      () => rm(aside, { force: true }),
    );
    return true;
  }

  /** @param back what undoes it; the same thing is never done in a dry run */
  async command(
    sentence: string,
    argv: readonly string[],
    back?: readonly string[],
  ): Promise<void> {
    await this.#change(
      sentence,
      () => run(argv),
      () => (back === undefined ? Promise.resolve() : run(back)),
    );
  }

  /** For good: there is no way back from here. */
  async remove(path: string): Promise<void> {
    const found = await stated(path);
    if (found === undefined) return;
    await this.#change(`remove ${path}${found.isDirectory() ? '/' : ''}`, () =>
      rm(path, { recursive: true }),
    );
  }

  async removeIfEmpty(path: string): Promise<void> {
    const names = await readdir(path).catch(absent);
    if (names?.length === 0) await this.#change(`remove ${path}/`, () => rmdir(path));
  }

  /** All is well: what was kept for the way back goes. */
  async settle(): Promise<void> {
    for (const after of this.#after.splice(0)) await after().catch(() => undefined);
    this.#back.length = 0;
  }

  /** Undoes all that was changed, the last thing first, whatever of it fails. @returns what could not be undone */
  async revert(): Promise<readonly string[]> {
    const failures: string[] = [];
    for (const back of this.#back.reverse()) {
      await back().catch((thrown: unknown) => failures.push(messageOf(thrown)));
    }
    this.#back.length = 0;
    return failures;
  }

  readonly #after: (() => Promise<unknown>)[] = [];

  async #rights(
    path: string,
    mode: number,
    owner: Owner,
    found: { readonly mode: number; readonly uid: number; readonly gid: number },
  ): Promise<void> {
    const is = found.mode & 0o7777;
    if (is === mode && found.uid === owner.uid && found.gid === owner.gid) return;
    const to =
      (rights: number, { uid, gid }: Owner) =>
      async () => {
        await chown(path, uid, gid);
        await chmod(path, rights);
      };
    await this.#change(`give ${path} its owner and mode`, to(mode, owner), to(is, found));
  }

  async #change(
    sentence: string,
    act: () => Promise<unknown>,
    back: () => Promise<unknown> = () => Promise.resolve(),
    after?: () => Promise<unknown>,
  ): Promise<void> {
    this.#stop.throwIfAborted();
    this.#count++;
    this.#say(`${this.#dryRun ? 'would ' : ''}${sentence}`);
    if (this.#dryRun) return;
    await act();
    this.#back.push(back);
    if (after !== undefined) this.#after.push(after);
  }
}

export function run(argv: readonly string[]): Promise<string> {
  const [program = '', ...args] = argv;
  return runProgram(program, args, WITHIN_MS);
}

/** Beside it and then in its place, synced: a power cut finds the old file or the new one. */
async function put(
  path: string,
  make: (fresh: string) => Promise<unknown>,
  mode: number,
  owner: Owner,
): Promise<void> {
  const fresh = `${path}.${randomUUID()}`;
  try {
    await make(fresh);
    await chown(fresh, owner.uid, owner.gid);
    await chmod(fresh, mode);
    await sync(fresh);
    await rename(fresh, path);
    await sync(dirname(path));
  } catch (thrown) {
    await rm(fresh, { force: true });
    throw thrown;
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function stated(path: string) {
  return lstat(path).catch(absent);
}

function absent(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== 'ENOENT' && thrown.code !== 'ENOTDIR') throw thrown;
}
