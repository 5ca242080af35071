import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterBase } from '../support/cluster/cluster-base.ts';
import type { PartOptions } from './part.ts';

const REST_MS = 30_000;
/** An agent rests for 15 s before it starts itself anew; what is forgotten by then is not counted. */
const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;
const AS_BEFORE = 1.05;

export const MEMORY_METHOD = `VmRSS of the bundled program of each node, watching, ${REST_MS / 1000} s after anything happened`;

/** Resident megabytes of every agent, in the order of the hosts. */
export function memoryNow({ hosts }: ClusterBase): Promise<readonly number[]> {
  return Promise.all(hosts.map((host) => host.memory('agent')));
}

/** The same, after a while in which nothing happened. */
export async function memoryAtRest(
  cluster: ClusterBase,
  { progress, signal }: PartOptions,
): Promise<readonly number[]> {
  progress(`agents to be idle for ${REST_MS / 1000} s`);
  await delay(REST_MS, undefined, { signal });
  return memoryNow(cluster);
}

/**
 * Waits until every agent takes about as much as it did.
 * @returns milliseconds by host, infinite for one that did not come to it
 */
export async function untilAsBefore(
  cluster: ClusterBase,
  beforeMB: readonly number[],
  { progress, signal }: PartOptions,
): Promise<readonly number[]> {
  progress('agents to give their memory back');
  const beganMs = performance.now();
  return Promise.all(
    cluster.hosts.map(async (host, i) => {
      for (;;) {
        const tookMs = performance.now() - beganMs;
        if ((await host.memory('agent')) <= beforeMB[i]! * AS_BEFORE) return tookMs;
        if (tookMs > WITHIN_MS) return Number.POSITIVE_INFINITY;
        await delay(LOOK_EVERY_MS, undefined, { signal });
      }
    }),
  );
}
