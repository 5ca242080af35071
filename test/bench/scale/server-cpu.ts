import { readdirSync, readFileSync } from 'node:fs';
import { cpuMsOf } from '../process-memory.ts';

/** Of the API server, etcd and the controllers of Kubernetes: children of k0s. */
export function serverCpuMs(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return children.reduce((total, child) => total + cpuMsOf(Number(child)), 0);
}
