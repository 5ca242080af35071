import { dirname } from 'node:path';
import { DownloadError } from '../../src/artifacts/errors.ts';
import type {
  FileInfo,
  Files,
  Host,
  HostClock,
  K0sProcess,
  Network,
  ServiceManager,
} from '../../src/node-agent/host.ts';
import { sha256Of } from './sha256.ts';

/**
 * How the agent ends at a chosen host call:
 * - `killed`: before the call, and all that was done before it stays
 * - `torn`: in the middle of the call, what it writes is half there
 * - `power`: the machine goes, and with it everything that was not synced
 */
export type CrashKind = 'killed' | 'torn' | 'power';

/** The agent is no more. Nothing may catch it. */
export class Crash {
  readonly kind: CrashKind;
  constructor(kind: CrashKind) {
    this.kind = kind;
  }
}

interface Inode {
  content: string;
  durable: string;
  mode: number;
}

/** A binary is its text: `k0s VERSION`, and what is wrong with it. */
export function binaryOf(
  version: string,
  fault: 'sound' | 'exits' | 'lies' | 'silent' | 'otherFile' = 'sound',
): string {
  return `k0s ${version} ${fault}`;
}

const RESTART_DELAY_MS = 10_000;

/** A host in memory, whose every call can be the last one. Its time passes only when somebody sleeps. */
export class SimulatedHost implements Host {
  readonly binary: string;
  /** What URLs deliver; an Error is thrown. */
  readonly web = new Map<string, string | DownloadError>();
  /** Contents that have been run, to check that nothing unverified was. */
  readonly executed: string[] = [];
  calls = 0;
  /** Names of the calls so far. */
  readonly log: string[] = [];
  crashAt: { readonly call: number; readonly kind: CrashKind } | undefined;
  /** Fails calls with a system error: name of call to error code. */
  readonly errors = new Map<string, string>();
  freeBytes = 1e12;
  /** How often k0s was restarted by order. */
  restarts = 0;

  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  readonly #whole = new Set<string>();
  #nowMs = 1_000_000;
  #boot = 1;
  #nextPid = 100;
  #process: { pid: number; content: string } | undefined;
  #restartAtMs: number | undefined;
  #exits = 0;

  constructor(binary: string, content: string) {
    this.binary = binary;
    this.addWhole(content);
    const inode: Inode = { content, durable: content, mode: 0o100755 };
    this.#names.set(binary, inode);
    this.#durableNames.set(binary, inode);
    this.#start();
  }

  /** A content that may stand at the binary's path. */
  addWhole(content: string): void {
    this.#whole.add(content);
  }

  content(path: string): string | undefined {
    return this.#names.get(path)?.content;
  }

  overwrite(path: string, content: string): void {
    this.#names.set(path, { content, durable: content, mode: 0o100644 });
    this.#durableNames.set(path, this.#names.get(path)!);
  }

  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  get runs(): string | undefined {
    return this.#process?.content;
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#restartAtMs !== undefined && this.#restartAtMs <= untilMs) {
      this.#nowMs = this.#restartAtMs;
      this.#start();
    }
    this.#nowMs = untilMs;
  }

  /** After a crash: what is left of the host when the agent is started again. */
  revive(kind: CrashKind): void {
    this.crashAt = undefined;
    if (kind === 'power') this.reboot();
  }

  reboot(): void {
    this.#names = new Map(this.#durableNames);
    for (const inode of this.#names.values()) inode.content = inode.durable;
    this.#boot++;
    this.#nowMs = 20_000;
    this.#exits = 0;
    this.#start();
    this.#checkInPlace();
  }

  /** S4: whatever happens next, power cut included, a whole binary stands at its path. */
  #checkInPlace(): void {
    for (const [view, inode, text] of [
      ['now', this.#names.get(this.binary), 'content'],
      ['after a power cut', this.#durableNames.get(this.binary), 'durable'],
    ] as const) {
      const content = inode?.[text];
      const runnable = ((inode?.mode ?? 0) & 0o111) !== 0;
      if (content === undefined || !this.#whole.has(content) || !runnable) {
        throw new Error(
          `no whole runnable binary ${view}: ${JSON.stringify(content)} after ${this.log.slice(-5).join(', ')}`,
        );
      }
    }
  }

  #start(): void {
    this.#restartAtMs = undefined;
    const content = this.#names.get(this.binary)?.content ?? '';
    if (content.endsWith(' exits')) {
      this.#process = undefined;
      this.#exits++;
      this.#restartAtMs = this.#nowMs + RESTART_DELAY_MS;
      return;
    }
    this.#process = { pid: this.#nextPid++, content };
  }

  #restart(): void {
    this.restarts++;
    const exits = this.#exits;
    this.#process = undefined;
    this.#start();
    // the old process was told to end
    this.#exits = Math.max(this.#exits, exits);
  }

  async #call<T>(name: string, act: () => T, tear?: () => void): Promise<T> {
    this.calls++;
    this.log.push(name);
    if (this.crashAt?.call === this.calls) {
      const { kind } = this.crashAt;
      if (kind === 'torn') tear?.();
      throw new Crash(kind);
    }
    const code = this.errors.get(name.split(' ')[0] ?? '');
    if (code !== undefined) throw systemError(code, name);
    const result = act();
    this.#checkInPlace();
    return result;
  }

  readonly files: Files = {
    stat: (path) => this.#call(`stat ${path}`, () => this.#info(path)),
    list: (folder) =>
      this.#call(`list ${folder}`, () =>
        [...this.#names.keys()]
          .filter((path) => dirname(path) === folder)
          .map((path) => path.slice(folder.length + 1)),
      ),
    makeFolder: (path) => this.#call(`makeFolder ${path}`, () => undefined),
    readText: (path) => this.#call(`readText ${path}`, () => this.#names.get(path)?.content),
    writeText: (path, text) =>
      this.#call(
        `writeText ${path}`,
        () => this.#put(path, text, 0o100600),
        () => this.#put(path, text.slice(0, text.length / 2), 0o100600),
      ),
    copy: (from, to, like) =>
      this.#call(
        `copy ${to}`,
        () => this.#put(to, this.#require(from).content, like.mode),
        () => this.#put(to, this.#require(from).content.slice(0, 4), 0o100600),
      ),
    link: (from, to) =>
      this.#call(`link ${to}`, () => {
        if (this.#names.has(to)) throw systemError('EEXIST', to);
        this.#names.set(to, this.#require(from));
      }),
    rename: (from, to) =>
      this.#call(`rename ${to}`, () => {
        const inode = this.#require(from);
        // a filesystem that does what POSIX says: two names of one file both stay
        if (this.#names.get(to) === inode) return;
        this.#names.set(to, inode);
        this.#names.delete(from);
      }),
    remove: (path) => this.#call(`remove ${path}`, () => void this.#names.delete(path)),
    chmod: (path, mode) =>
      this.#call(`chmod ${path}`, () => {
        this.#require(path).mode = 0o100000 | mode;
      }),
    sync: (path) =>
      this.#call(`sync ${path}`, () => {
        const inode = this.#require(path);
        inode.durable = inode.content;
      }),
    syncFolder: (folder) =>
      this.#call(`syncFolder ${folder}`, () => {
        for (const path of this.#durableNames.keys()) {
          if (dirname(path) === folder) this.#durableNames.delete(path);
        }
        for (const [path, inode] of this.#names) {
          if (dirname(path) === folder) this.#durableNames.set(path, inode);
        }
      }),
    sha256: (path) => this.#call(`sha256 ${path}`, () => this.#digest(path)),
    knownSha256: (path) => this.#call(`knownSha256 ${path}`, () => this.#digest(path)),
    freeBytes: (folder) => this.#call(`freeBytes ${folder}`, () => this.freeBytes),
    isWritable: (folder) => this.#call(`isWritable ${folder}`, () => true),
  };

  readonly clock: HostClock = {
    bootId: () => `boot-${this.#boot}`,
    uptimeMs: () => this.#nowMs,
    sleep: async (ms) => this.advance(ms),
  };

  readonly network: Network = {
    fetch: (url, to, options) =>
      this.#call(
        `fetch ${url}`,
        () => {
          const found = this.web.get(url);
          if (found instanceof DownloadError) {
            this.advance(1000);
            throw found;
          }
          const content = found ?? '';
          options.onProgress?.(content.length, content.length);
          this.#put(to, content, 0o100600);
          this.#require(to).durable = content;
          return { sizeBytes: content.length, sha256: sha256Of(content) };
        },
        () => this.#put(to, 'k0s', 0o100600),
      ),
  };

  readonly k0s: K0sProcess = {
    status: () =>
      this.#call('status', () => {
        const content = this.#process?.content;
        if (this.#process === undefined || content === undefined || content.endsWith(' silent')) {
          return { kind: 'silent', message: 'nobody listens' } as const;
        }
        const [, version = ''] = content.split(' ');
        return {
          kind: 'answers',
          version: content.endsWith(' lies') ? 'v0.0.0+k0s.0' : version,
          pid: this.#process.pid,
        } as const;
      }),
    runningSha256: (pid) =>
      this.#call('runningSha256', () =>
        this.#process?.pid === pid ? sha256Of(this.#process.content) : undefined,
      ),
    versionOf: (path) =>
      this.#call('versionOf', () => {
        const { content, mode } = this.#require(path);
        this.executed.push(content);
        if ((mode & 0o111) === 0) return { kind: 'forbidden', message: 'no execute bit' } as const;
        const [name, version = ''] = content.split(' ');
        return name === 'k0s'
          ? ({ kind: 'said', version } as const)
          : ({ kind: 'failed', message: 'no program for this machine' } as const);
      }),
  };

  readonly service: ServiceManager = {
    state: () =>
      this.#call('state', () => ({
        pid: this.#process?.pid,
        exits: this.#exits,
        lastOutput: this.#process === undefined ? 'k0s: broken on purpose\n' : '',
      })),
    restart: () =>
      this.#call(
        'restart',
        () => {
          this.#restart();
          return { gapMs: 12 };
        },
        () => this.#restart(),
      ),
  };

  #put(path: string, content: string, mode: number): void {
    const before = this.#names.get(path);
    if (before) {
      before.content = content;
      before.mode = mode;
      return;
    }
    this.#names.set(path, { content, durable: '', mode });
  }

  #require(path: string): Inode {
    const inode = this.#names.get(path);
    if (inode) return inode;
    throw systemError('ENOENT', path);
  }

  #info(path: string): FileInfo | undefined {
    const inode = this.#names.get(path);
    return inode && { sizeBytes: inode.content.length, mode: inode.mode, uid: 0, gid: 0 };
  }

  #digest(path: string): string | undefined {
    const inode = this.#names.get(path);
    return inode && sha256Of(inode.content);
  }
}

export function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
