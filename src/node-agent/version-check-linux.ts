import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { codeOf } from '../artifacts/system-error.ts';
import { messageOf } from '../errors.ts';
import type { SaidVersion } from './host.ts';

const DEADLINE_MS = 10_000;
const OUTPUT_CAP_BYTES = 64 * 1024;
/** nobody: whatever the file turns out to be, it may touch nothing. */
const NOBODY = 65_534;

/**
 * Runs `FILE version` as nobody, with an empty environment, in `/`. The file is handed over opened, so
 * that nobody needs no way into the folder where it lies.
 */
export async function versionOfFile(path: string): Promise<SaidVersion> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return { kind: 'forbidden', message: `cannot open ${path}` };
  try {
    return await run(path, file.fd);
  } finally {
    await file.close();
  }
}

function run(path: string, fd: number): Promise<SaidVersion> {
  return new Promise((resolve) => {
    const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const child = spawn('/proc/self/fd/3', ['version'], {
      ...asNobody,
      argv0: 'k0s',
      env: {},
      cwd: '/',
      detached: true, // its own group, so that all of it can be ended
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    let stdout = '';
    let stderr = '';
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // gone already
      }
    };
    const deadline = setTimeout(() => {
      end();
      settle({
        kind: 'failed',
        message: `\`${path} version\` hangs: no end within ${DEADLINE_MS / 1000} s`,
      });
    }, DEADLINE_MS);
    const settle = (said: SaidVersion) => {
      clearTimeout(deadline);
      resolve(said);
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > OUTPUT_CAP_BYTES) end();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < 2000) stderr += text;
    });
    child.on('error', (thrown) => {
      const forbidden = codeOf(thrown) === 'EACCES' || codeOf(thrown) === 'EPERM';
      const hint = forbidden ? ' (is its filesystem mounted noexec?)' : '';
      const message = `cannot run ${path}${hint}: ${messageOf(thrown)}`;
      settle({ kind: forbidden ? 'forbidden' : 'failed', message });
    });
    child.on('close', (code, signal) => {
      end();
      if (code === 0) return settle({ kind: 'said', version: stdout.trim() });
      const how = signal === null ? `exit code ${code}` : signal;
      const said = (stderr || stdout).trim().slice(0, 300);
      settle({
        kind: 'failed',
        message: `\`${path} version\` ended with ${how}${said ? `: ${said}` : ''}`,
      });
    });
  });
}
