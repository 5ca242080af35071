import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ORCHESTRATOR_NODE_FLAGS } from '../../../src/lean-linux.ts';
import { eventually } from '../eventually.ts';
import { type LiveMemory, MEASURED } from './live-memory.ts';

export interface OrchestratorOptions {
  /** Path of the bundle, or of src/main.ts. */
  readonly program: string;
  readonly kubeconfig: string;
  /** Its log is a file there. */
  readonly folder: string;
  readonly name?: string;
  /** Of Node. */
  readonly nodeOptions?: readonly string[];
  /** {@link OrchestratorProcess.liveMB} will be asked of it. */
  readonly measured?: boolean;
}

/** It may have to list thousands of nodes, and to wait for the Lease of one that was killed. */
const ACTING_MS = 180_000;

/** An orchestrator as a process of its own. */
export class OrchestratorProcess {
  readonly startedMs = Date.now();
  readonly #child: ChildProcess;
  readonly #logFile: string;

  private constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.#logFile = logFile;
  }

  static async start(options: OrchestratorOptions): Promise<OrchestratorProcess> {
    const { program, kubeconfig, folder, name = 'orchestrator', nodeOptions = [] } = options;
    const measured = options.measured === true;
    const logFile = join(folder, `${name}.log`);
    const log = await open(logFile, 'w');
    const args = ['controller', '--kubeconfig', kubeconfig, '--metrics-address', 'off'];
    // One that starts itself anew for its flags would lose the channel by which it is asked.
    const ofNode = [...nodeOptions, ...(measured ? [...ORCHESTRATOR_NODE_FLAGS, ...MEASURED] : [])];
    const child = spawn(process.execPath, [...ofNode, program, ...args], {
      stdio: ['ignore', log.fd, log.fd, measured ? 'ipc' : 'ignore'],
    });
    await log.close();
    return new OrchestratorProcess(child, logFile);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  log(): Promise<string> {
    return readFile(this.#logFile, 'utf8');
  }

  /** Waits until it leads. @returns epoch milliseconds */
  acting(): Promise<number> {
    const acting = async () => actingSince(await this.log());
    return eventually('the orchestrator to act', acting, { timeoutMs: ACTING_MS });
  }

  /** What is alive in it, after all garbage has been collected. */
  async liveMB(): Promise<number> {
    const answered = once(this.#child, 'message');
    this.#child.send('how much?');
    const [{ liveBytes }] = (await answered) as [LiveMemory];
    return liveBytes / 2 ** 20;
  }

  async end(how: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasExited) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(how);
    await exited;
  }
}

function actingSince(log: string): number | undefined {
  const line = log.split('\n').find((one) => one.includes('"msg":"acting"'));
  return line === undefined ? undefined : Date.parse((JSON.parse(line) as { time: string }).time);
}
