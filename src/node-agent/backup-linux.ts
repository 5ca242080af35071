import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';

/** So much of what it printed last goes into the error. */
const KEPT_OUTPUT = 600;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface BackupOptions {
  readonly binary: string;
  /** Of k0s. */
  readonly dataFolder: string;
  /** Of k0s: by it `k0s backup` finds out what runs. */
  readonly statusSocket: string;
  /** Where the archive is made; must be there. */
  readonly folder: string;
  readonly withinMs: number;
}

/**
 * Runs `k0s backup` in a process group of its own, so that all of it ends at the deadline.
 * @returns path of the archive: the one file in the folder that was not there before
 * @throws Error with the end of what it printed
 */
export async function backupWith(options: BackupOptions): Promise<string> {
  const { folder } = options;
  const before = new Set(await readdir(folder));
  await run(options);
  const made = (await readdir(folder)).filter((name) => !before.has(name));
  const [name] = made;
  if (name === undefined || made.length > 1) {
    const found = made.length === 0 ? 'none' : made.join(', ');
    throw new Error(`wanted one new archive in ${folder} after \`k0s backup\`, found ${found}`);
  }
  return join(folder, name);
}

function run(options: BackupOptions): Promise<void> {
  const { binary, dataFolder, statusSocket, folder, withinMs } = options;
  const flags = ['--save-path', folder, '--data-dir', dataFolder, '--status-socket', statusSocket];
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ['backup', ...flags], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-KEPT_OUTPUT);
      });
    }
    let isLate = false;
    const deadline = setTimeout(
      () => {
        isLate = true;
        end();
      },
      Math.min(withinMs, LONGEST_TIMER_MS),
    );
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // gone already
      }
    };
    const fail = (what: string) => {
      clearTimeout(deadline);
      const last = said.trim();
      reject(new Error(`\`${binary} backup\` ${what}${last === '' ? '' : `: ${last}`}`));
    };
    child.on('error', (thrown) => fail(`cannot be run: ${messageOf(thrown)}`));
    child.on('close', (code, signal) => {
      end(); // what it may have left behind
      if (isLate) return fail(`did not end within ${Math.round(withinMs / 1000)} s`);
      if (code !== 0) return fail(`ended with ${signal ?? `exit code ${code}`}`);
      clearTimeout(deadline);
      resolve();
    });
  });
}
