import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a process of this machine takes. */
export interface ProcessMemory {
  /** VmRSS: everything resident, also what it shares with others. */
  readonly residentMB: number;
  /** Pages that are shared count in part; undefined where this may not be read. */
  readonly proportionalMB: number | undefined;
}

export function memoryOf(pid: number): ProcessMemory {
  return {
    residentMB: megabytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS') ?? Number.NaN,
    proportionalMB: proportionalOf(pid),
  };
}

/** @returns what tells the most that was resident from now on, in megabytes */
export function watchPeak(pid: number): () => number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return () => megabytes(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM') ?? Number.NaN;
}

/** Time on a processor since it was started, all threads that it has now. */
export function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const onCpu = threads.map((thread) => {
    const [ns = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(ns) / 1e6;
  });
  return onCpu.reduce((sum, ms) => sum + ms, 0);
}

function proportionalOf(pid: number): number | undefined {
  try {
    return megabytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
  } catch {
    return undefined; // of a kernel that is built without it, or another user's process
  }
}

function megabytes(text: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found) / 1024;
}
