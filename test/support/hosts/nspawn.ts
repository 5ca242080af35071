import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { eventually } from '../eventually.ts';
import type { Cgroup } from './cgroup.ts';
import { childrenOf, type Namespaces } from './namespaces.ts';

export interface NspawnOptions {
  readonly namespaces: Namespaces;
  readonly cgroup: Cgroup;
  readonly hostname: string;
  /** As the namespaces see it. */
  readonly root: string;
  /** File that gets what the host prints; appended to. */
  readonly console: string;
}

/** What systemd-nspawn ends with when the host wants to be booted again. */
const WANTS_REBOOT = 133;
const LAST_LINES = 20;

/** One boot of a host, from power-on to its end. */
export class Nspawn {
  /** Of the host's init, as this process sees it. */
  readonly initPid: number;
  /** Whether the host wants to be booted again; resolves when all its processes are gone. */
  readonly ended: Promise<'off' | 'reboot'>;

  private constructor(initPid: number, ended: Promise<'off' | 'reboot'>) {
    this.initPid = initPid;
    this.ended = ended;
  }

  /** Resolves when the init runs. @throws Error with the end of the console when it does not come to that */
  static async boot(options: NspawnOptions): Promise<Nspawn> {
    const { namespaces, cgroup, hostname, root, console } = options;
    const nspawn = [
      ...['systemd-nspawn', '--quiet', '--boot', '--register=no', '--keep-unit', '--settings=no'],
      ...[`--machine=${hostname}`, `--hostname=${hostname}`, `--directory=${root}`],
      ...['--console=pipe', '--resolv-conf=off', '--timezone=off', '--link-journal=no'],
      // Of process 1 of the pid namespace that this runs in, and that holds the host's network.
      ...['--network-namespace-path=/proc/1/ns/net', '--capability=CAP_NET_ADMIN'],
    ];
    const joined = 'echo 0 >"$0"/cgroup.procs && exec "$@"';
    const [program = '', ...args] = [
      ...namespaces.enter(),
      ...['sh', '-c', joined, cgroup.folder],
      ...nspawn,
    ];
    const log = openSync(console, 'a');
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: {
        PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
        // Also where this machine has the older hierarchies: the hosts are of today.
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
      },
      detached: true,
    });
    closeSync(log);
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const initPid = await eventually(`the init of ${hostname}`, () => initOf(child), {
      timeoutMs: 20_000,
      everyMs: 5,
      signal: abortedBy(exited, hostname, console),
    });
    const ended: Promise<'off' | 'reboot'> = exited.then(([code]) =>
      code === WANTS_REBOOT ? 'reboot' : 'off',
    );
    return new Nspawn(initPid, ended);
  }
}

/** nsenter -> systemd-nspawn -> the host's process 1, which is a helper at first. */
function initOf(nsenter: ChildProcess): number | undefined {
  return childrenOf(nsenter.pid!)
    .flatMap(childrenOf)
    .find((pid) => {
      const ids = /^NSpid:\s+(.*)$/m.exec(statusOf(pid))?.[1]?.split('\t') ?? [];
      return ids.at(-1) === '1';
    });
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}

function abortedBy(
  exited: Promise<[number | null]>,
  hostname: string,
  console: string,
): AbortSignal {
  const aborted = new AbortController();
  exited.then(([code]) => {
    const last = readFileSync(console, 'utf8').trim().split('\n').slice(-LAST_LINES).join('\n');
    aborted.abort(
      new Error(`${hostname} did not boot: systemd-nspawn ended with ${code}:\n${last}`),
    );
  });
  return aborted.signal;
}
