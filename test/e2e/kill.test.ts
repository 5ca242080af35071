import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TargetPhase } from '../../src/api/plan.ts';
import { isReason } from '../../src/api/reasons.ts';
import { STEPS, TROUBLES } from '../../src/api/steps.ts';
import { follow, SETTINGS, type Stage, setStage, strikeStage } from '../../tools/demo/stage.ts';
import type { Orchestrator } from '../support/cluster/orchestrator.ts';
import { eventually } from '../support/eventually.ts';
import { planManifest, thisPlatform, WORKLOAD } from '../support/manifests.ts';
import type { World } from '../support/observe/world.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

/** What is read of a line of a log. */
interface Line {
  readonly msg: string;
  readonly action?: string;
  readonly goal?: string;
  readonly node?: string;
  readonly reason?: string;
}

const LEASE_MS = 15_000;
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
      // While it hands over nobody leads; then there is nobody to be killed.
      kill: async () => {
        const leader = await eventually('one to lead', () => stage.cluster.leader(), {
          everyMs: 20,
        });
        await leader.kill();
      },
    });
    const views = await Promise.all(stage.cluster.orchestrators.map((one) => one.view()));
    const restarts = views.reduce((sum, view) => sum + view.restarts, 0);
    assert.equal(restarts, killed.length);
    assert.ok(killed.length >= 2, `killed at ${killed.join(', ')}`);
  });

  test('no controller is told to apply by the leader that runs on it', async () => {
    const logs = await Promise.all(stage.cluster.orchestrators.map((one) => one.log()));
    const lines = logs.map((log) =>
      log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line),
    );
    const applied = lines.map((all) =>
      all.flatMap(({ action, goal, node }) =>
        action === 'order' && goal === 'apply' && node ? [node] : [],
      ),
    );
    assert.ok(applied.flat().includes('c1') && applied.flat().includes('c2'));
    assert.ok(!applied[0]?.includes('c1'), 'o1 runs on c1');
    assert.ok(!applied[1]?.includes('c2'), 'o2 runs on c2');
    assert.ok(lines.flat().some(({ msg }) => msg === 'the own host comes next, handing over'));
  });

  test('every reason in a log is one of the catalogue', async () => {
    const logs = await Promise.all(stage.cluster.orchestrators.map((one) => one.log()));
    const said = logs.flatMap((log) =>
      log
        .trim()
        .split('\n')
        .flatMap((line) => (JSON.parse(line) as Line).reason ?? []),
    );
    assert.ok(said.length > 10, `only ${said.length} were said`);
    for (const word of said) {
      assert.ok(isReason(word) || word in STEPS || word in TROUBLES, `a log says ${word}`);
    }
  });

  test('one that is stopped is followed at once, one that is killed within the time of its Lease and 1 s', async () => {
    const { cluster } = stage;
    const took = async (end: (leader: Orchestrator) => Promise<void>): Promise<number> => {
      const leader = await eventually('one to lead', () => cluster.leader());
      const other = cluster.orchestrators.find((one) => one !== leader)!;
      await eventually('the other one to be ready', async () => {
        const answer = await fetch(`${await other.metricsUrl()}/readyz`);
        return answer.ok;
      });
      const atMs = performance.now();
      await end(leader);
      await eventually('the other one to lead', () => other.isLeading(), { everyMs: 20 });
      return performance.now() - atMs;
    };
    let stopped: Orchestrator | undefined;
    const afterStop = await took((leader) => {
      stopped = leader;
      return leader.tell('stop');
    });
    assert.ok(afterStop < 3_000, `after ${afterStop} ms`);
    await stopped?.tell('start');
    await eventually('it to stand by', async () => (await stopped?.isLeading()) === false);
    const afterKill = await took((leader) => leader.kill());
    assert.ok(afterKill < LEASE_MS + 1_000, `after ${afterKill} ms`);
  });

  test('what they counted and see is told to who has the token', async () => {
    const leader = await eventually('one to lead', () => stage.cluster.leader());
    const text = await leader.metrics();
    for (const line of [
      'autopilot_synced 1',
      'autopilot_plans{state="Completed"} 1',
      `autopilot_hosts{role="controller",version="${NEW_VERSION}"} 3`,
      'autopilot_agents{role="worker",state="fresh"} 2',
      'autopilot_targets{role="worker",phase="Committed"} 2',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} is missing in:\n${text}`);
    }
    assert.match(text, /autopilot_api_requests_total\{verb="get",code="200"\} \d+/);
    assert.equal((await fetch(`${await leader.metricsUrl()}/metrics`)).status, 401);
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
