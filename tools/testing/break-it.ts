import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { type Break, broken } from '../../test/model/breaks/table.ts';

/** A test that fails while something is broken. */
export interface Catch {
  readonly file: string;
  readonly name: string;
}

/** What is run for each break: all that is quick and is about the pure core. */
const WATCHERS: readonly string[] = [
  'test/model/explorer.test.ts',
  'test/model/promises.test.ts',
  'test/model/verbs.test.ts',
  'test/unit/plans/*.test.ts',
  'test/unit/signals/*.test.ts',
  'test/unit/health/*.test.ts',
  'test/unit/node-agent/{steps,settle,journal,trial,undo.property,cancel}.test.ts',
];
/** They only show what is decided. */
const NOT_WATCHERS = /preview|explain|events/;
/** What a broken program may take: some breaks make it run in circles. */
const BOUND_MS = 10 * 60_000;

/** A copy of the clone that may be broken. */
export class Scratch {
  readonly folder: string;
  readonly #root: string;

  private constructor(root: string, folder: string) {
    this.#root = root;
    this.folder = folder;
  }

  static async of(root: string): Promise<Scratch> {
    const folder = await mkdtemp(join(tmpdir(), 'autopilot-breaks-'));
    for (const part of ['src', 'test', 'package.json', 'tsconfig.json']) {
      await cp(join(root, part), join(folder, part), { recursive: true });
    }
    for (const part of ['node_modules', 'tools', 'docs', 'crds', 'deploy']) {
      await symlink(join(root, part), join(folder, part));
    }
    return new Scratch(root, folder);
  }

  /** @returns the tests that fail while the break is in; none: it is not caught */
  async caughtBy(one: Break, seed: string): Promise<Catch[]> {
    const path = join(this.folder, one.file);
    const source = await readFile(join(this.#root, one.file), 'utf8');
    const text = broken(source, one);
    if (text === undefined) throw new Error(`${one.file} does not say once: ${one.text}`);
    await writeFile(path, text);
    try {
      return await this.failures(seed);
    } finally {
      await writeFile(path, source);
    }
  }

  /** @returns the tests that fail as the copy is */
  async failures(seed: string): Promise<Catch[]> {
    const caught: Catch[] = [];
    const stream = run({
      globPatterns: [...WATCHERS],
      cwd: this.folder,
      concurrency: 2,
      timeout: BOUND_MS,
      forceExit: true,
      env: { ...process.env, TEST_SEED: seed, TEST_RUNS: '150' },
    });
    stream.on('test:fail', ({ name, file = '', nesting }) => {
      const path = relative(this.folder, file);
      if (nesting === 0 && !NOT_WATCHERS.test(path)) caught.push({ file: path, name });
    });
    // It ends when all of it has been read.
    for await (const _ of stream);
    return caught;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}
