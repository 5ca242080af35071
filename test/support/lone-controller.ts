import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finished, tryRun } from './cluster/run.ts';
import { makeClusterFolder } from './cluster/temp.ts';
import { eventually } from './eventually.ts';

/** What a process ended with. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** k0mini as a bare controller process: nothing of ours in its API, no agent, nobody who restarts it. */
export class LoneController {
  readonly address: string;
  readonly folder: string;
  readonly dataDir: string;
  readonly config: string;
  readonly #binary: string;
  #child: ChildProcess | undefined;
  #ended: Promise<Ending> | undefined;

  constructor(binary: string) {
    this.#binary = binary;
    // One that clusters and API servers of other tests do not take.
    this.address = `127.${randomInt(2, 60)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;
    this.folder = makeClusterFolder();
    this.dataDir = join(this.folder, 'data');
    this.config = join(this.folder, 'k0s.yaml');
    mkdirSync(this.dataDir);
    writeFileSync(
      this.config,
      JSON.stringify({ kind: 'ClusterConfig', spec: { api: { address: this.address } } }),
    );
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get statusSocket(): string {
    return join(this.folder, 'run', 'status.sock');
  }

  start(): void {
    const log = openSync(this.#log, 'a');
    const child = spawn(this.#binary, ['controller', '--config', this.config, ...this.#places], {
      env: this.#env,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.#child = child;
  }

  /** When the process has ended by itself, or by {@link stop}. */
  ended(): Promise<Ending> {
    if (this.#ended === undefined) throw new Error('the controller was not started');
    return this.#ended;
  }

  async untilReady(): Promise<void> {
    await eventually('the API server to be ready', async () => {
      if (this.#child?.exitCode != null) throw new Error(`it ended: ${this.#tail()}`);
      const { code, stderr } = await this.kubectl('get', '--raw', '/readyz');
      if (code !== 0) throw new Error(stderr);
      return true;
    });
  }

  /** A command of k0s on this controller's folders. */
  k0s(...args: readonly string[]): Promise<Finished> {
    return tryRun(this.#binary, [...args, ...this.#places], { env: this.#env });
  }

  kubectl(...args: readonly string[]): Promise<Finished> {
    return tryRun(this.#binary, ['kubectl', '--data-dir', this.dataDir, ...args]);
  }

  log(): Promise<string> {
    return readFile(this.#log, 'utf8');
  }

  async stop(): Promise<void> {
    if (this.#child === undefined) return;
    this.#child.kill('SIGTERM');
    await this.ended();
  }

  /** Ends it, and removes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  get #log(): string {
    return join(this.folder, 'log');
  }

  get #places(): readonly string[] {
    return ['--data-dir', this.dataDir, '--run-dir', join(this.folder, 'run')];
  }

  get #env(): Record<string, string> {
    return { PATH: process.env.PATH ?? '', K0MINI_HOSTNAME: 'cp-1' };
  }

  #tail(): string {
    return readFileSync(this.#log, 'utf8').slice(-2_000);
  }
}
