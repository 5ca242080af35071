import { execFile, spawn } from 'node:child_process';

const MOST_BYTES = 1024 * 1024;

/**
 * Runs a program of the service manager to its end.
 * @returns what it printed
 * @throws with what it complained of, when it fails, is not there or takes longer than `withinMs`
 */
export function runProgram(
  program: string,
  args: readonly string[],
  withinMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: withinMs,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_BYTES,
      env: ENVIRONMENT,
    } as const;
    execFile(program, args, options, (thrown, stdout, stderr) => {
      if (thrown === null) return resolve(stdout);
      const line = [program, ...args].join(' ');
      const how = thrown.killed
        ? `no end within ${withinMs} ms`
        : (stderr.trim() || stdout.trim() || thrown.message).slice(0, 500);
      reject(new Error(`\`${line}\`: ${how}`, { cause: thrown }));
    });
  });
}

/**
 * Runs a program that leaves others behind. They may keep what they were given to print to, so it is nowhere:
 * a pipe of ours would end them once we have gone.
 * @throws when it fails, is not there or takes longer than `withinMs`
 */
export function runForgotten(
  program: string,
  args: readonly string[],
  withinMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const line = [program, ...args].join(' ');
    const child = spawn(program, args, { stdio: 'ignore', env: ENVIRONMENT });
    const fail = (how: string) => reject(new Error(`\`${line}\`: ${how}`));
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`no end within ${withinMs} ms`);
    }, withinMs);
    child.on('error', (thrown) => {
      clearTimeout(deadline);
      fail(thrown.message);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(deadline);
      if (code === 0) resolve();
      else fail(`ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** Words and times in one form, no pager, no colours; nothing of ours reaches what is started. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  SYSTEMD_COLORS: '0',
  SYSTEMD_PAGER: '',
} as const;
