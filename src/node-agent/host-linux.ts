import { openSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FetchRules, openRemote } from '../artifacts/fetch-client.ts';
import { backupWith } from './backup-linux.ts';
import { DigestMemory } from './digest-memory-linux.ts';
import { linuxFiles } from './files-linux.ts';
import type { Host, HostClock, K0sProcess, Network, ServiceManager } from './host.ts';
import { readStatus } from './status-socket-client.ts';
import { versionOfFile } from './version-check-linux.ts';

export interface LinuxHostOptions {
  /** The live binary. */
  readonly binary: string;
  /** Of k0s. */
  readonly dataFolder: string;
  readonly statusSocket: string;
  readonly service: ServiceManager;
  /** As the policy file has them now; asked for each request. */
  readonly downloadRules: () => FetchRules;
}

/** The machine itself. */
export function linuxHost(options: LinuxHostOptions): Host {
  const digests = new DigestMemory();
  return {
    files: linuxFiles(digests),
    clock: linuxClock(),
    network: linuxNetwork(options.downloadRules),
    k0s: linuxK0s(options, digests),
    service: options.service,
  };
}

function linuxClock(): HostClock {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  // kept open: a download looks at it thousands of times a second
  const uptime = openSync('/proc/uptime', 'r');
  const text = Buffer.alloc(64);
  return {
    wallMs: () => Date.now(),
    bootId: () => bootId,
    uptimeMs: () => {
      const length = readSync(uptime, text, 0, text.length, 0);
      return Math.round(Number.parseFloat(text.toString('latin1', 0, length)) * 1000);
    },
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
  };
}

function linuxNetwork(rules: () => FetchRules): Network {
  return { open: (request) => openRemote(request, rules(), { environment: process.env }) };
}

function linuxK0s(
  { binary, dataFolder, statusSocket }: LinuxHostOptions,
  digests: DigestMemory,
): K0sProcess {
  return {
    status: () => readStatus(statusSocket),
    // the link leads to the very file that was started, also after another took its name
    runningSha256: (pid) => digests.of(`/proc/${pid}/exe`),
    versionOf: versionOfFile,
    backup: (folder, withinMs) =>
      backupWith({ binary, dataFolder, statusSocket, folder, withinMs }),
  };
}
