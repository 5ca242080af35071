import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ServiceConfig } from './config.ts';

export type ServiceState = 'running' | 'stopping' | 'stopped' | 'waiting';

/** What GET /services/NAME answers. Times in milliseconds of this process's own clock. */
export interface ServiceView {
  readonly name: string;
  readonly pid: number | null;
  /** `waiting`: it ended by itself and is started again after its delay. */
  readonly state: ServiceState;
  /** How often it has ended without having been told to. */
  readonly restarts: number;
  readonly startedAtMs: number | null;
  readonly stoppedAtMs: number | null;
  readonly lastExit: { readonly code: number | null; readonly signal: string | null } | null;
  readonly lastOutput: string;
}

const TAIL_BYTES = 4096;

/** One supervised process, restarted as systemd does with Restart=always. */
export class Service {
  readonly #config: ServiceConfig;
  #child: ChildProcess | undefined;
  #state: ServiceState = 'stopped';
  #restarts = 0;
  #startedAtMs: number | null = null;
  #stoppedAtMs: number | null = null;
  #lastExit: ServiceView['lastExit'] = null;
  #timer: NodeJS.Timeout | undefined;
  /** Wanted to run; false after `stop`. */
  #wanted = false;
  #ended = Promise.resolve();
  /** Commands are carried out one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(config: ServiceConfig) {
    this.#config = config;
  }

  view(): ServiceView {
    return {
      name: this.#config.name,
      pid: this.#child?.pid ?? null,
      state: this.#state,
      restarts: this.#restarts,
      startedAtMs: this.#startedAtMs,
      stoppedAtMs: this.#stoppedAtMs,
      lastExit: this.#lastExit,
      lastOutput: this.#tail(),
    };
  }

  start(): Promise<void> {
    return this.#inTurn(async () => this.#start());
  }

  /** Returns when the process has ended and what it left in its group has been killed. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  /** Stops it, if it runs, and starts it at once. @returns milliseconds without a process */
  restart(): Promise<{ gapMs: number | null }> {
    return this.#inTurn(async () => {
      const ran = this.#child !== undefined;
      await this.#stop();
      this.#start();
      const gapMs = (this.#startedAtMs ?? 0) - (this.#stoppedAtMs ?? 0);
      return { gapMs: ran ? gapMs : null };
    });
  }

  /** Ends it without warning, as a crash does; then it is restarted like after one. */
  kill(): void {
    this.#signalGroup('SIGKILL');
  }

  #inTurn<T>(command: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(command);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #start(): void {
    this.#wanted = true;
    clearTimeout(this.#timer);
    if (this.#child !== undefined) return;
    const { argv, cwd, env, log } = this.#config;
    const [program = '', ...args] = argv;
    const output = openSync(log, 'a', 0o644);
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true, // a process group of its own, so that nothing of it is left behind
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    this.#startedAtMs = performance.now();
    this.#child = child;
    this.#state = 'running';
    this.#ended = new Promise((resolve) => {
      let over = false;
      const end = (code: number | null, signal: string | null) => {
        if (over) return;
        over = true;
        this.#onEnd(child, code, signal);
        resolve();
      };
      child.on('exit', end);
      // it could not be started at all: no exit follows
      child.on('error', () => end(127, null));
    });
  }

  #onEnd(child: ChildProcess, code: number | null, signal: string | null): void {
    this.#stoppedAtMs = performance.now();
    killGroup(child.pid, 'SIGKILL');
    this.#child = undefined;
    this.#lastExit = { code, signal };
    if (!this.#wanted) {
      this.#state = 'stopped';
      return;
    }
    this.#restarts++;
    this.#state = 'waiting';
    this.#timer = setTimeout(() => void this.start(), this.#config.restartDelayMs);
  }

  async #stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    if (this.#child === undefined) {
      this.#state = 'stopped';
      return;
    }
    this.#state = 'stopping';
    this.#child.kill('SIGTERM');
    const patience = setTimeout(() => this.#signalGroup('SIGKILL'), this.#config.stopTimeoutMs);
    await this.#ended;
    clearTimeout(patience);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    killGroup(this.#child?.pid, signal);
  }

  #tail(): string {
    let file: number;
    try {
      file = openSync(this.#config.log, 'r');
    } catch {
      return '';
    }
    try {
      const { size } = fstatSync(file);
      const buffer = Buffer.alloc(Math.min(TAIL_BYTES, size));
      readSync(file, buffer, 0, buffer.length, size - buffer.length);
      return buffer.toString('utf8');
    } finally {
      closeSync(file);
    }
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // nothing is left of it
  }
}
