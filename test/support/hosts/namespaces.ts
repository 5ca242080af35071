import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Finished, type RunOptions, run, tryRun } from '../cluster/run.ts';

export type NamespaceKind = 'mount' | 'pid' | 'net';

/**
 * Kernel namespaces that are held by one sleeping process. It sleeps on our end of a pipe, so they end, and
 * with them every process, mount and network link in them, when we end them or die, however we die.
 */
export class Namespaces {
  /** Of the process that holds them; 1 in its own pid namespace. */
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #kinds: readonly NamespaceKind[];

  private constructor(child: ChildProcess, pid: number, kinds: readonly NamespaceKind[]) {
    this.#child = child;
    this.#ended = once(child, 'exit');
    this.pid = pid;
    this.#kinds = kinds;
  }

  static async start(kinds: readonly NamespaceKind[]): Promise<Namespaces> {
    const forks = kinds.includes('pid');
    const flags = [
      ...kinds.map((kind) => `--${kind}`),
      ...(kinds.includes('mount') ? ['--propagation', 'private'] : []),
      ...(forks ? ['--fork', '--kill-child', '--mount-proc'] : []),
    ];
    const child = spawn('unshare', [...flags, 'sh', '-c', 'echo; exec cat >/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Out of the terminal's process group: Ctrl-C is for us, and we end our hosts in order.
      detached: true,
    });
    child.stdin.on('error', () => {});
    const [first] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`unshare ${flags.join(' ')} ended with ${code}; is this root?`);
      }),
    ]);
    if (first === undefined || child.pid === undefined) throw new Error('unshare did not start');
    const pid = forks ? childrenOf(child.pid)[0]! : child.pid;
    return new Namespaces(child, pid, kinds);
  }

  /** The beginning of a command line whose end runs in here. */
  enter(...kinds: readonly NamespaceKind[]): readonly string[] {
    const wanted = kinds.length > 0 ? kinds : this.#kinds;
    return ['nsenter', `--target=${this.pid}`, ...wanted.map((kind) => `--${kind}`), '--'];
  }

  /** Runs a program in here that must succeed. @returns what it printed */
  run(argv: readonly string[], options?: RunOptions): Promise<string> {
    const [program = '', ...args] = [...this.enter(), ...argv];
    return run(program, args, options);
  }

  tryRun(argv: readonly string[], options?: RunOptions): Promise<Finished> {
    const [program = '', ...args] = [...this.enter(), ...argv];
    return tryRun(program, args, options);
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }
}

/** @returns ids of the processes that it has started and that have not been waited for */
export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return []; // it has ended meanwhile
  }
}
