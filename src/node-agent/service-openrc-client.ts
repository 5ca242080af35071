import { existsSync, readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { isMissing } from '../artifacts/system-error.ts';
import type { ServiceManager, ServiceState } from './host.ts';
import { pause } from './pause.ts';
import {
  type InitScript,
  type OpenrcFacts,
  openrcState,
  parseInitScript,
  parseStat,
  READ_INIT_SCRIPT,
} from './service-openrc.ts';
import { runForgotten, runProgram } from './service-program-client.ts';

const SCRIPT_WITHIN_MS = 5000;
/** Beyond the 90 s that k0s's own script gives the process to stop, and the 5 s after. */
const RESTART_WITHIN_MS = 180_000;
const START_WITHIN_MS = 5000;
const WATCH_EVERY_MS = 10;
const OUTPUT_BYTES = 2000;
const RUN_DIR = '/run/openrc';

/** k0s as a service of OpenRC, under supervise-daemon. @param name of its file in /etc/init.d */
export function openrcService(name: string): ServiceManager {
  let respawnMax: number | undefined;
  let logs: readonly string[] | undefined;
  let seenExits = 0;
  let lastOutput = '';
  const look = async () => {
    const facts = await readFacts(name);
    respawnMax = facts.respawnMax ?? respawnMax;
    return openrcState(facts, respawnMax);
  };
  return {
    async state(): Promise<ServiceState> {
      const { pid, exits } = await look();
      if (exits !== seenExits) {
        seenExits = exits;
        logs ??= (await readInitScript(name).catch(() => undefined))?.logs ?? [];
        lastOutput = exits === 0 ? '' : await endOf(logs);
      }
      return { pid, exits, lastOutput };
    },
    /** Also starts a service that is stopped, or was given up; its count of exits begins anew. */
    async restart() {
      const before = await readFacts(name);
      const { pid: oldPid } = await look();
      const end = new AbortController();
      const ended = oldPid === undefined ? undefined : whenGone(oldPid, end.signal);
      try {
        await runForgotten('rc-service', [name, 'restart'], RESTART_WITHIN_MS);
      } finally {
        end.abort();
      }
      const pid = await untilStarted(name, before.childPid);
      const goneMs = await ended;
      const startedMs = readStat(pid)?.startedMs;
      if (goneMs === undefined || startedMs === undefined) return { gapMs: undefined };
      return { gapMs: Math.max(0, startedMs - goneMs) };
    },
  };
}

/**
 * rc-service comes back a moment before supervise-daemon has started anything, and written down what.
 * @returns the new process, which may have ended since
 * @throws where none was started in time
 */
async function untilStarted(name: string, oldPid: number | undefined): Promise<number> {
  const { signal } = new AbortController();
  for (let waitedMs = 0; waitedMs < START_WITHIN_MS; waitedMs += WATCH_EVERY_MS) {
    const { childPid, hasFailed } = await readFacts(name);
    if (childPid !== undefined && childPid !== oldPid) return childPid;
    if (hasFailed) return 0; // started so often already that it was given up
    await pause(WATCH_EVERY_MS, signal);
  }
  throw new Error(
    `wanted ${name} to be started within ${START_WITHIN_MS / 1000} s, found no new process of it`,
  );
}

/**
 * What an init script starts, and with what. The script is read by a shell, as OpenRC does it each time it
 * is asked for anything.
 * @throws when there is no such script, or it cannot be read
 */
export async function readInitScript(name: string): Promise<InitScript> {
  const script = initScriptOf(name);
  const args = ['-c', READ_INIT_SCRIPT, 'sh', script, `/etc/conf.d/${name}`, name];
  const found = parseInitScript(await runProgram('/bin/sh', args, SCRIPT_WITHIN_MS));
  if (found === undefined) throw new Error(`wanted a line command=FILE in ${script}, found none`);
  return found;
}

export function initScriptOf(name: string): string {
  return `/etc/init.d/${name}`;
}

async function readFacts(name: string): Promise<OpenrcFacts> {
  const number = async (option: string) => {
    const text = await orAbsent(`${RUN_DIR}/options/${name}/${option}`);
    return text === undefined ? undefined : Number.parseInt(text, 10) || 0;
  };
  const childPid = await number('child_pid');
  const pidFile = await orAbsent(`${RUN_DIR}/options/${name}/pidfile`);
  const supervisor = pidFile === undefined ? undefined : await orAbsent(pidFile.trim());
  return {
    childPid,
    startCount: await number('start_count'),
    respawnMax: await number('respawn_max'),
    hasFailed: existsSync(`${RUN_DIR}/failed/${name}`),
    isAlive: childPid !== undefined && readStat(childPid)?.parent === Number(supervisor?.trim()),
  };
}

/** @returns when it was seen to be gone, in milliseconds since boot; undefined where it stayed */
async function whenGone(pid: number, until: AbortSignal): Promise<number | undefined> {
  while (readStat(pid) !== undefined) {
    if (until.aborted) return undefined;
    await pause(WATCH_EVERY_MS, until);
  }
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;
}

/** Undefined of a process that has ended, whether or not its parent has noticed. */
function readStat(pid: number): ReturnType<typeof parseStat> | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /\) [ZX] /.test(text) ? undefined : parseStat(text);
  } catch {
    return undefined;
  }
}

/** The ends of the files, one after the other. */
async function endOf(paths: readonly string[]): Promise<string> {
  const ends = await Promise.all(paths.map((path) => endOfFile(path).catch(() => '')));
  return ends.join('');
}

async function endOfFile(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - OUTPUT_BYTES);
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(OUTPUT_BYTES),
      position: from,
    });
    const text = buffer.toString('utf8', 0, bytesRead);
    // the first line is not whole
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

async function orAbsent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}
