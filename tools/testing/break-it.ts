import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { type Break, broken } from '../../test/model/breaks/table.ts';

/** A test that fails while something is broken. */
export interface Catch {
  readonly file: string;
  readonly name: string;
}

/** What is run for each break: all that is quick and is about the pure core. */
const WATCHERS: readonly string[] = [
  'test/model/explorer-tiny.test.ts',
  'test/model/promises.test.ts',
  'test/model/several.test.ts',
  'test/model/verbs.test.ts',
  'test/unit/plans/{agents,airgap,being-written,decide,failures,found-by-model,orphans,paused,preflight}.test.ts',
  'test/unit/plans/{hand-over,hybrid,overwritten,queue,requests,windows}.test.ts',
  'test/unit/signals/*.test.ts',
  'test/unit/health/*.test.ts',
  'test/unit/node-agent/{steps,fencing,settle,journal,trial,undo.property,cancel}.test.ts',
];
/** What a broken program may take: some breaks make it run in circles. */
const BOUND_MS = 5 * 60_000;

/** $BREAKS_TESTS names fewer of them, by commas, where a whole round takes too long: what they catch is caught. */
function watchers(): readonly string[] {
  return process.env.BREAKS_TESTS?.split(',') ?? WATCHERS;
}

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
    const reporter = join(import.meta.dirname, 'failures-reporter.ts');
    // All in one process: it is begun once for each break, and not once for each file.
    const args = ['--test', '--test-isolation=none', `--test-reporter=${reporter}`, ...watchers()];
    const env = { ...process.env, TEST_SEED: seed, TEST_RUNS: '15' };
    const child = spawn(process.execPath, args, { cwd: this.folder, env, timeout: BOUND_MS });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const [, signal] = await once(child, 'close');
    const caught = lines
      .filter((line) => line.startsWith('{'))
      .map((line): Catch => JSON.parse(line))
      .map(({ file, name }) => ({ file: relative(this.folder, file), name }));
    return signal === null ? caught : [...caught, { file: '', name: 'the tests do not end' }];
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}
