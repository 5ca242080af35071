import { execFile } from 'node:child_process';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Given to the program's standard input. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end, whatever that is. */
export function tryRun(
  file: string,
  args: readonly string[],
  { env, input, timeoutMs = 60_000 }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') {
          const why = error.killed ? `no end within ${timeoutMs / 1000} s` : error.message;
          reject(new Error(`${file} ${args.join(' ')}: ${why}\n${stderr}`, { cause: error }));
          return;
        }
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
    // A program that ends without reading is judged by its code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/**
 * Runs a program that must succeed.
 * @returns what it printed
 * @throws Error with what it said
 */
export async function run(
  file: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await tryRun(file, args, options);
  if (code === 0) return stdout;
  throw new Error(
    `${file} ${args.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`,
  );
}
