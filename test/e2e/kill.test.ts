import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TargetPhase } from '../../src/api/plan.ts';
import { follow, SETTINGS, type Stage, setStage, strikeStage } from '../../tools/demo/stage.ts';
import { planManifest, thisPlatform, WORKLOAD } from '../support/manifests.ts';
import type { World } from '../support/observe/world.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

const TIMEOUT_MS = 15 * 60_000;
const never = new AbortController().signal;

/** S10: killed at any point and back in time, they change nothing in the outcome. */
describe('an update in which our own programs are killed', { timeout: TIMEOUT_MS }, () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage(() => {}, never, { ...SETTINGS.processes, workers: 2 });
  });
  after(() => stage && strikeStage(stage));

  test('ends well when the orchestrator is killed while nodes are in flight', async () => {
    const killed = await update(stage, NEW_VERSION, {
      moments: ['c:OnTrial', 'w:Draining', 'w:OnTrial'],
      kill: () => stage.cluster.orchestrators[0]!.kill(),
    });
    const { restarts } = await stage.cluster.orchestrators[0]!.view();
    assert.equal(restarts, killed.length);
    assert.ok(killed.length >= 2, `killed at ${killed.join(', ')}`);
  });

  test('ends well when the agents are killed while they apply, and the way back as well', async () => {
    const killed = await update(stage, OLD_VERSION, {
      moments: ['c:Downloading', 'c:Applying', 'c:OnTrial', 'w:Applying', 'w:OnTrial'],
      kill: (name) => stage.cluster.host(name).kill('agent'),
    });
    assert.ok(killed.length >= 3, `killed at ${killed.join(', ')}`);
  });
});

interface Killing {
  /** `c:OnTrial`: once, when the first controller is seen on trial. */
  readonly moments: readonly `${'c' | 'w'}:${TargetPhase}`[];
  readonly kill: (host: string) => Promise<void>;
}

/** @returns the moments that came about: a short phase may pass unseen */
async function update(
  stage: Stage,
  version: string,
  { moments, kill }: Killing,
): Promise<readonly string[]> {
  const killed = new Set<string>();
  const kills: Promise<void>[] = [];
  const onSight = ({ hosts }: World) => {
    for (const { name, role, phase } of hosts) {
      const moment = `${role === 'worker' ? 'w' : 'c'}:${phase}` as const;
      if (!(moments as readonly string[]).includes(moment) || killed.has(moment)) continue;
      killed.add(moment);
      kills.push(kill(name));
    }
  };
  const name = `to-${version.replaceAll(/[^a-z0-9.]/g, '-')}`;
  const platforms = { [thisPlatform()]: await stage.cluster.offer({ version }) };
  const manifest = planManifest({ name, version, platforms, concurrent: 1 });
  const { world, chronicle } = await follow(stage, name, manifest, onSight, never);
  await Promise.all(kills);

  assert.equal(world.plan?.status?.state, 'Completed', JSON.stringify(world.plan?.status));
  for (const host of stage.cluster.hosts) {
    assert.equal((await host.k0sStatus()).version, version, host.name);
  }
  assert.equal(chronicle.mostControllersAtOnce, 1);
  assert.equal(chronicle.mostWorkersAtOnce, 1);
  assert.ok(chronicle.lowestReadyReplicas >= WORKLOAD.minAvailable);
  await stage.observer.until('all cordons to be lifted', ({ hosts }) =>
    hosts.every(({ cordoned }) => !cordoned),
  );
  return [...killed];
}
