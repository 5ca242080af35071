import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serviceChecks, updateChecks } from '../../tools/demo/checks.ts';
import { SETTINGS, type Stage, setStage, strikeStage } from '../../tools/demo/stage.ts';
import { whyNoHosts } from '../../tools/hosts/setup.ts';
import { measureUpdate } from '../bench/host-update.ts';
import { SPENT_ON, Timeline } from '../bench/timeline.ts';
import { fingerprints } from '../support/observe/fingerprint.ts';
import { NEW_VERSION, OLD_VERSION } from '../support/releases.ts';

const TIMEOUT_MS = 10 * 60_000;
const never = new AbortController().signal;

describe('three controllers and two workers on Debian hosts', {
  skip: whyNoHosts() ?? false,
  timeout: TIMEOUT_MS,
}, () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage(() => {}, never, SETTINGS.debian);
  });
  after(() => stage && strikeStage(stage));

  test('are updated by a good Plan, with the application and the API up throughout', async (t) => {
    const { cluster, prober, concurrent } = stage;
    const { sha256 } = await cluster.offer({ version: NEW_VERSION });
    const plan = { name: 'update', version: NEW_VERSION };
    const timeline = new Timeline();
    const { world, chronicle, elapsedMs, awayMs } = await measureUpdate(
      stage,
      plan,
      never,
      (sight) => timeline.see(sight),
    );
    t.diagnostic(`from apply to Completed: ${seconds(elapsedMs)} (wanted: at most 60 s)`);
    const shares = SPENT_ON.map((on) => `${on} ${seconds(timeline.spentMs[on])}`);
    t.diagnostic(`of which ${shares.join(', ')}`);
    for (const [name, ms] of awayMs) {
      t.diagnostic(`API server of ${name} away for ${seconds(ms)} (wanted: at most 6 s)`);
    }
    for (const { name, gapMs } of chronicle.stories()) {
      t.diagnostic(`${name}: ${gapMs} ms without a k0s process`);
    }

    const { state, conditions } = world.plan?.status ?? {};
    assert.equal(state, 'Completed', JSON.stringify(conditions, null, 1));
    const found = await fingerprints(cluster, world.hosts);
    const checks = [
      ...updateChecks(NEW_VERSION, world, chronicle, found, concurrent),
      ...serviceChecks([chronicle], prober.availability),
    ];
    assert.deepEqual(
      checks.filter(({ ok }) => !ok),
      [],
    );
    for (const [name, host] of found) assert.equal(host.sha256, sha256, `digest on ${name}`);
    const targets = world.plan?.status?.commands?.[0]?.k0supdate;
    const all = [...(targets?.controllers ?? []), ...(targets?.workers ?? [])];
    assert.deepEqual(
      all.map((target) => [target.name, target.state, target.previousVersion]),
      cluster.hosts.map(({ name }) => [name, 'SignalCompleted', OLD_VERSION]),
    );
  });

  test('have k0s as a service that was restarted by its service manager, once', async () => {
    for (const host of stage.cluster.hosts) {
      const [{ pid, restarts }, status] = await Promise.all([
        host.service('k0s'),
        host.k0sStatus(),
      ]);
      assert.equal(pid, status.pid, `${host.name}: what runs is what the service manager started`);
      assert.equal(restarts, 0, `${host.name}: and it did not have to start it again`);
    }
  });
});

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
