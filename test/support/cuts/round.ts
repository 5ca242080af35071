import assert from 'node:assert/strict';
import type { Plan } from '../../../src/api/plan.ts';
import { sha256OfFile } from '../../../src/artifacts/file-store.ts';
import { isSettled } from '../../../src/signals/lifecycle.ts';
import { eventually } from '../eventually.ts';
import type { HostCluster } from '../hosts/host-cluster.ts';
import type { InstalledHost } from '../hosts/installed-host.ts';
import { planManifest, thisPlatform } from '../manifests.ts';
import { hasEnded, targetNamed } from '../plans.ts';
import { pathOf, type Release } from '../releases.ts';
import type { Cut } from './moments.ts';
import { type CutMade, cutPower, journalOf } from './power.ts';

const ENDS_WITHIN_MS = 420_000;
const RESTS_WITHIN_MS = 180_000;

export interface Round {
  readonly name: string;
  readonly release: Release;
  readonly cuts: readonly Cut[];
}

export interface RoundMade {
  readonly plan: Plan;
  readonly made: readonly CutMade[];
}

/** One Plan for all hosts, each of which loses its power once meanwhile. Judges what is left of each. */
export async function playRound(cluster: HostCluster, round: Round): Promise<RoundMade> {
  const { name, release, cuts } = round;
  const offer = await cluster.offer(release);
  // so that a download lasts long enough to be met
  cluster.artifacts.behave(pathOf(release), { kind: 'slow', bytesPerSecond: 60e6 });
  const platforms = { [thisPlatform()]: offer };
  const before = await versionsOf(cluster.hosts);
  await cluster.apply(planManifest({ name, version: release.version, platforms }));
  const ended = new AbortController();
  const cutting = cuts.map((cut) => cutPower(cluster.host(cut.host), cut, ended.signal));
  try {
    const plan = await cluster.waitForPlan(name, 'to end', hasEnded, ENDS_WITHIN_MS);
    ended.abort();
    const made = await Promise.all(cutting);
    for (const host of cluster.hosts) {
      await requireTruth(cluster, host, plan, { release, offer, before });
    }
    return { plan, made };
  } finally {
    ended.abort();
    await Promise.allSettled(cutting);
  }
}

/** What runs, what lies there, what the journal says and what the Plan says are one and the same. */
async function requireTruth(
  cluster: HostCluster,
  host: InstalledHost,
  plan: Plan,
  wanted: {
    readonly release: Release;
    readonly offer: { readonly sha256: string };
    readonly before: ReadonlyMap<string, { version: string; sha256: string | undefined }>;
  },
): Promise<void> {
  const { name } = host;
  const target = targetNamed(plan, name);
  const told = `${target?.phase} ${target?.reason} (${target?.message})`;
  await eventually(
    `the journal of ${name} to be closed; the Plan says ${told}`,
    async () => {
      const { signal } = (await journalOf(host)) ?? {};
      if (signal === undefined || isSettled(signal.phase)) return true;
      throw new Error(`it is ${signal.phase}`);
    },
    { timeoutMs: RESTS_WITHIN_MS },
  );
  const { version } = await eventually(`k0s of ${name} to answer`, () => host.k0sStatus(), {
    timeoutMs: RESTS_WITHIN_MS,
  });
  const sha256 = await sha256OfFile(host.binary);
  const before = wanted.before.get(name);
  const updated = { version: wanted.release.version, sha256: wanted.offer.sha256 };
  const expected = target?.phase === 'Committed' ? updated : before;
  assert.deepEqual({ version, sha256 }, expected, `${name}: the Plan says ${told}`);
  if (host.role === 'controller') return;
  await eventually(
    `${name} to be Ready and not cordoned`,
    async () => {
      const { spec, status } = JSON.parse(await cluster.kubectl('get', 'node', name, '-o', 'json'));
      const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
      if (ready?.status === 'True' && !spec.unschedulable) return true;
      throw new Error(`Ready is ${ready?.status}, unschedulable is ${spec.unschedulable}`);
    },
    { timeoutMs: RESTS_WITHIN_MS },
  );
}

async function versionsOf(hosts: readonly InstalledHost[]) {
  const found = await Promise.all(
    hosts.map(async (host) => {
      const [{ version }, sha256] = await Promise.all([
        host.k0sStatus(),
        sha256OfFile(host.binary),
      ]);
      return [host.name, { version, sha256 }] as const;
    }),
  );
  return new Map(found);
}
