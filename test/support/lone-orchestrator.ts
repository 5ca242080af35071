import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** An orchestrator on an API server without any host: what it judges before a node is touched. */
export class LoneOrchestrator {
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  static async start(kubeconfig: string): Promise<LoneOrchestrator> {
    const folder = await mkdtemp(join(tmpdir(), 'autopilot-orchestrator-'));
    const log = await open(join(folder, 'log'), 'a');
    const child = spawn(process.execPath, [MAIN, 'controller', '--kubeconfig', kubeconfig], {
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    return new LoneOrchestrator(folder, child);
  }

  log(): Promise<string> {
    return readFile(join(this.#folder, 'log'), 'utf8');
  }

  /** It gives its Lease back. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
