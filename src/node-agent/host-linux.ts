import { readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DownloadError } from '../artifacts/errors.ts';
import { fetchToFile } from '../artifacts/fetch-client.ts';
import { copyWhole, sha256OfFile, syncFile, syncFolder } from '../artifacts/file-store.ts';
import { isMissing } from '../artifacts/system-error.ts';
import { withoutSecrets } from '../artifacts/verify.ts';
import type { Files, Host, HostClock, K0sProcess, Network, ServiceManager } from './host.ts';
import { readStatus } from './status-socket-client.ts';
import { versionOfFile } from './version-check-linux.ts';

export interface LinuxHostOptions {
  readonly statusSocket: string;
  readonly service: ServiceManager;
  /** Without a byte for so long a download is taken to hang. */
  readonly stallMs: number;
}

/** Beyond it Node's timers fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine itself. */
export function linuxHost(options: LinuxHostOptions): Host {
  const digests = new DigestMemory();
  return {
    files: linuxFiles(digests),
    clock: linuxClock(),
    network: linuxNetwork(options.stallMs),
    k0s: linuxK0s(options.statusSocket, digests),
    service: options.service,
  };
}

function linuxFiles(digests: DigestMemory): Files {
  return {
    async stat(path) {
      const found = await orAbsent(fs.stat(path));
      return found && { sizeBytes: found.size, mode: found.mode, uid: found.uid, gid: found.gid };
    },
    list: async (folder) => (await orAbsent(fs.readdir(folder))) ?? [],
    makeFolder: async (path) => void (await fs.mkdir(path, { recursive: true, mode: 0o700 })),
    readText: (path) => orAbsent(fs.readFile(path, 'utf8')),
    writeText: (path, text) => fs.writeFile(path, text, { mode: 0o600 }),
    copy: copyWhole,
    link: fs.link,
    rename: fs.rename,
    remove: (path) => fs.rm(path, { force: true }),
    chmod: fs.chmod,
    sync: syncFile,
    syncFolder,
    sha256: sha256OfFile,
    knownSha256: (path) => digests.of(path),
    async freeBytes(folder) {
      const { bavail, bsize } = await fs.statfs(folder);
      return bavail * bsize;
    },
    isWritable: (folder) =>
      fs.access(folder, fs.constants.W_OK).then(
        () => true,
        () => false,
      ),
  };
}

function linuxClock(): HostClock {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return {
    bootId: () => bootId,
    uptimeMs: () => Math.round(Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  };
}

function linuxNetwork(stallMs: number): Network {
  return {
    async fetch(url, to, { signal, withinMs, ...callbacks }) {
      const deadline = AbortSignal.timeout(Math.min(Math.ceil(withinMs), LONGEST_TIMER_MS));
      try {
        const either = AbortSignal.any([signal, deadline]);
        return await fetchToFile({ url, to, stallMs, signal: either, ...callbacks });
      } catch (thrown) {
        if (!deadline.aborted || signal.aborted) throw thrown;
        throw new DownloadError(`the download from ${withoutSecrets(url)} was under way`, {
          retryable: true,
        });
      }
    },
  };
}

function linuxK0s(statusSocket: string, digests: DigestMemory): K0sProcess {
  return {
    status: () => readStatus(statusSocket),
    // the link leads to the very file that was started, also after another took its name
    runningSha256: (pid) => digests.of(`/proc/${pid}/exe`),
    versionOf: versionOfFile,
  };
}

/** Digests of files that have not changed since they were read; a handful. */
class DigestMemory {
  readonly #known = new Map<string, string>();

  async of(path: string): Promise<string | undefined> {
    const found = await orAbsent(fs.stat(path, { bigint: true })).catch(() => undefined);
    if (found === undefined) return undefined;
    // not the time of the inode's change: a second name or a rename is no new content
    const key = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const sha256 = await sha256OfFile(path).catch(() => undefined);
    if (sha256 === undefined) return undefined;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < 8) break;
      this.#known.delete(oldest);
    }
    this.#known.set(key, sha256);
    return sha256;
  }
}

async function orAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
