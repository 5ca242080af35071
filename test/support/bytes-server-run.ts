import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Starts the server of bytes in a process of its own. */
export async function startBytesServer(): Promise<{ readonly origin: string; close(): void }> {
  const program = join(import.meta.dirname, 'bytes-server.ts');
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { origin: line.trim(), close: () => void child.stdin.end() };
}
