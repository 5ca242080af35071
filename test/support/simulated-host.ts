import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { DownloadError } from '../../src/artifacts/errors.ts';
import type {
  Files,
  Host,
  HostClock,
  K0sProcess,
  Network,
  RemoteFile,
  ServiceManager,
} from '../../src/node-agent/host.ts';
import { sha256Of } from './sha256.ts';
import { readBinary } from './simulated-binary.ts';
import { type Loss, SimulatedDisk, systemError } from './simulated-disk.ts';

/**
 * How the agent ends at a chosen host call:
 * - `killed`: before the call, and all that was done before it stays
 * - `torn`: in the middle of the call, what it writes is half there
 * - `power-*`: the machine goes before the call, and of what was not synced stays what the disk's loss says
 */
export type CrashKind = 'killed' | 'torn' | `power-${Loss}`;
export const CRASH_KINDS: readonly CrashKind[] = [
  'killed',
  'torn',
  'power-lost',
  'power-names',
  'power-torn',
];

/** The agent is no more. Nothing may catch it. */
export class Crash {
  readonly kind: CrashKind;
  constructor(kind: CrashKind) {
    this.kind = kind;
  }
}

const RESTART_DELAY_MS = 10_000;
/** A simulated file comes in so many pieces. */
const PIECES = 3;
/** So that a download of three pieces passes the age at which what is there is made durable. */
const PIECE_TAKES_MS = 4000;

/** What `k0s backup` leaves, one character a byte. */
const ARCHIVE = await archiveOf('etcd-snapshot.db', 'a snapshot');

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
  /** Where a folder has less than the others. */
  readonly freeBytesIn = new Map<string, number>();
  freeFiles: number | undefined = 1e6;
  /** How often k0s was restarted by order. */
  restarts = 0;
  /** Staged files and the binary share a filesystem: a copy is a second name. */
  copiesAreNames = false;
  /** What a backup contains. */
  archive = ARCHIVE;

  readonly #disk = new SimulatedDisk();
  readonly #whole = new Set<string>();
  #nowMs = 1_000_000;
  #boot = 1;
  #nextPid = 100;
  #process: { pid: number; content: string } | undefined;
  #restartAtMs: number | undefined;
  #exits = 0;
  #backups = 0;

  constructor(binary: string, content: string) {
    this.binary = binary;
    this.addWhole(content);
    this.#disk.plant(binary, content, 0o100755);
    this.startK0s();
  }

  /** A content that may stand at the binary's path. */
  addWhole(content: string): void {
    this.#whole.add(content);
  }

  content(path: string): string | undefined {
    return this.#disk.content(path);
  }

  overwrite(path: string, content: string): void {
    this.#disk.plant(path, content, 0o100644);
  }

  paths(): readonly string[] {
    return this.#disk.paths();
  }

  get runs(): string | undefined {
    return this.#process?.content;
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#restartAtMs !== undefined && this.#restartAtMs <= untilMs) {
      this.#nowMs = this.#restartAtMs;
      this.startK0s();
    }
    this.#nowMs = untilMs;
  }

  /**
   * After a crash: what is left of the host when the agent is started again.
   * @returns whether the machine was booted, and k0s is not started yet
   */
  revive(kind: CrashKind): boolean {
    this.crashAt = undefined;
    if (kind === 'killed' || kind === 'torn') return false;
    this.boot(kind.slice('power-'.length) as Loss);
    return true;
  }

  /** A power cut and a boot, up to the moment before k0s is started. */
  boot(loss: Loss = 'lost'): void {
    this.#disk.powerCut(loss);
    this.#boot++;
    this.#nowMs = 20_000;
    this.#exits = 0;
    this.#process = undefined;
    this.#restartAtMs = undefined;
    this.#checkInPlace();
  }

  reboot(loss: Loss = 'lost'): void {
    this.boot(loss);
    this.startK0s();
  }

  /** S4: whatever happens next, power cut included, a whole binary stands at its path. */
  #checkInPlace(): void {
    for (const { content, mode } of this.#disk.everythingThatMayBeAt(this.binary)) {
      const runnable = (mode & 0o111) !== 0;
      if (content === undefined || !this.#whole.has(content) || !runnable) {
        throw new Error(
          `no whole runnable binary: ${JSON.stringify(content)} after ${this.log.slice(-5).join(', ')}`,
        );
      }
    }
  }

  startK0s(): void {
    this.#restartAtMs = undefined;
    const content = this.#disk.content(this.binary) ?? '';
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
    this.startK0s();
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

  #write(path: string, content: string, mode: number): void {
    this.#disk.write(path, content, mode, this.#nowMs);
  }

  readonly files: Files = {
    stat: (path) =>
      this.#call(`stat ${path}`, () => {
        const info = this.#disk.info(path);
        if (info === undefined) return undefined;
        const device = this.copiesAreNames || path.startsWith('/usr/') ? 1 : 2;
        return {
          device,
          sizeBytes: info.size,
          mode: info.mode,
          modifiedMs: info.modifiedMs,
          uid: 0,
          gid: 0,
        };
      }),
    list: (folder) => this.#call(`list ${folder}`, () => this.#disk.namesIn(folder)),
    makeFolder: (path) => this.#call(`makeFolder ${path}`, () => undefined),
    readText: (path) => this.#call(`readText ${path}`, () => this.#disk.content(path)),
    writeText: (path, text) =>
      this.#call(
        `writeText ${path}`,
        () => this.#write(path, text, 0o100600),
        () => this.#write(path, text.slice(0, text.length / 2), 0o100600),
      ),
    openAt: (path, atByte) =>
      this.#call(`openAt ${path}`, () => {
        const file = this.#disk.open(path, 0o100600, this.#nowMs);
        file.content = file.content.slice(0, atByte);
        return {
          write: (chunk) => {
            const bytes = Buffer.from(chunk).toString('latin1');
            return this.#call(
              `write ${path}`,
              () => {
                file.content += bytes;
              },
              () => {
                file.content += bytes.slice(0, bytes.length / 2);
              },
            );
          },
          sync: () => this.#call(`sync ${path}`, () => file.sync()),
          close: () => this.#call(`close ${path}`, () => undefined),
        };
      }),
    read: (path, endByte) => this.#read(path, endByte),
    copy: (from, to, like) =>
      this.#call(
        `copy ${to}`,
        () => {
          if (!this.copiesAreNames) {
            this.#write(to, this.#disk.require(from).content, like.mode);
            return;
          }
          this.#disk.link(from, to);
          this.#disk.chmod(to, like.mode);
        },
        () => this.#write(to, this.#disk.require(from).content.slice(0, 4), 0o100600),
      ),
    link: (from, to) => this.#call(`link ${to}`, () => this.#disk.link(from, to)),
    rename: (from, to) => this.#call(`rename ${to}`, () => this.#disk.rename(from, to)),
    remove: (path) => this.#call(`remove ${path}`, () => this.#disk.remove(path)),
    chmod: (path, mode) => this.#call(`chmod ${path}`, () => this.#disk.chmod(path, mode)),
    sync: (path) => this.#call(`sync ${path}`, () => this.#disk.sync(path)),
    syncFolder: (folder) => this.#call(`syncFolder ${folder}`, () => this.#disk.syncFolder(folder)),
    sha256: (path) => this.#call(`sha256 ${path}`, () => this.#digest(path)),
    knownSha256: (path) => this.#call(`knownSha256 ${path}`, () => this.#digest(path)),
    untouchedSha256: (path) => this.#call(`untouchedSha256 ${path}`, () => this.#digest(path)),
    free: (folder) =>
      this.#call(`free ${folder}`, () => ({
        bytes: this.freeBytesIn.get(folder) ?? this.freeBytes,
        files: this.freeFiles,
      })),
    isWritable: (folder) => this.#call(`isWritable ${folder}`, () => true),
  };

  async *#read(path: string, endByte: number): AsyncGenerator<Uint8Array> {
    const content = await this.#call(`read ${path}`, () => this.#disk.require(path).content);
    if (content !== '') yield Buffer.from(content.slice(0, endByte), 'latin1');
  }

  readonly clock: HostClock = {
    wallMs: () => 1_700_000_000_000 + this.#boot * 3_600_000 + this.#nowMs,
    bootId: () => `boot-${this.#boot}`,
    uptimeMs: () => this.#nowMs,
    sleep: async (ms) => this.advance(ms),
  };

  readonly network: Network = {
    open: ({ url, resume }) =>
      this.#call(`open ${url}`, () => {
        const found = this.web.get(url);
        if (found instanceof DownloadError) {
          this.advance(1000);
          throw found;
        }
        const content = found ?? '';
        const validator = `"${sha256Of(content).slice(0, 8)}"`;
        const goesOn = resume?.validator === validator && resume.fromByte <= content.length;
        const fromByte = goesOn ? resume.fromByte : 0;
        return {
          fromByte,
          totalBytes: content.length,
          validator,
          fileName: url.split('/').at(-1),
          body: this.#body(content.slice(fromByte), Math.ceil(content.length / PIECES)),
          close: () => undefined,
        } satisfies RemoteFile;
      }),
  };

  async *#body(rest: string, pieceBytes: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < rest.length; at += pieceBytes) {
      yield await this.#call('piece', () => {
        this.advance(PIECE_TAKES_MS);
        return Buffer.from(rest.slice(at, at + pieceBytes), 'latin1');
      });
    }
  }

  readonly k0s: K0sProcess = {
    status: () =>
      this.#call('status', () => {
        const content = this.#process?.content;
        if (this.#process === undefined || content === undefined || content.endsWith(' silent')) {
          return { kind: 'silent', message: 'nobody listens' } as const;
        }
        const version = readBinary(content)?.version ?? '';
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
        const { content, mode } = this.#disk.require(path);
        this.executed.push(content);
        if ((mode & 0o111) === 0) return { kind: 'forbidden', message: 'no execute bit' } as const;
        const binary = readBinary(content);
        return binary === undefined
          ? ({ kind: 'failed', message: 'no program for this machine' } as const)
          : ({ kind: 'said', version: binary.version } as const);
      }),
    backup: (folder) =>
      this.#call(
        'backup',
        () => this.#backUp(folder, this.archive),
        () => this.#backUp(folder, this.archive.slice(0, this.archive.length / 2)),
      ),
  };

  #backUp(folder: string, content: string): string {
    const path = `${folder}/k0s_backup_2026-01-01T00_00_0${this.#backups++ % 10}_000Z.tar.gz`;
    this.#write(path, content, 0o100600);
    return path;
  }

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

  #digest(path: string): string | undefined {
    const content = this.#disk.content(path);
    return content === undefined ? undefined : sha256Of(content);
  }
}

async function archiveOf(name: string, text: string): Promise<string> {
  const archive = pack();
  archive.entry({ name }, text);
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive) parts.push(part as Buffer);
  return gzipSync(Buffer.concat(parts)).toString('latin1');
}
