import type { Plan } from '../../../src/api/plan.ts';
import type { ClusterBase } from '../cluster/cluster-base.ts';
import { type PlanOptions, planManifest, thisPlatform } from '../manifests.ts';
import type { Release } from '../releases.ts';
import { Recording } from './recording.ts';

/** Applies a Plan that is watched from before on, and waits for its end. */
export async function recordRun(
  cluster: ClusterBase,
  name: string,
  manifest: object,
  timeoutMs?: number,
): Promise<Recording> {
  await using recording = await Recording.start(cluster, name);
  await cluster.apply(manifest);
  await recording.untilEnd(timeoutMs);
  return recording;
}

/** A Plan of one k0supdate that brings a release to hosts of this machine's platform. */
export async function planOf(
  cluster: ClusterBase,
  release: Release,
  options: Omit<PlanOptions, 'version' | 'platforms'> & { readonly version?: string },
): Promise<object> {
  const platforms = { [thisPlatform()]: await cluster.offer(release) };
  return planManifest({ version: release.version, platforms, ...options });
}

/** For the message of an assertion: why the Plan is what it is. */
export function whyOf(plan: Plan): string {
  return JSON.stringify(plan.status?.conditions);
}

/** Names and states of the targets of a command, by name: what is down goes first, and is listed so. */
export function statesOf(
  plan: Plan,
  kind: 'controllers' | 'workers',
  command = 0,
): readonly (readonly [name: string, state: string])[] {
  const { k0supdate, airgapupdate } = plan.status?.commands?.[command] ?? {};
  const targets =
    kind === 'workers' ? (k0supdate ?? airgapupdate)?.workers : k0supdate?.controllers;
  return (targets ?? []).map(({ name, state }) => [name, state] as const).sort();
}

/** All of them, done. */
export function completed(names: readonly string[]): readonly (readonly [string, string])[] {
  return names.map((name) => [name, 'SignalCompleted']);
}

/** What k0s says of itself on each host. */
export function versionsOf({ hosts }: ClusterBase): Promise<string[]> {
  return Promise.all(hosts.map(async (host) => (await host.k0sStatus()).version));
}
