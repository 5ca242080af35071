import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ORCHESTRATOR } from '../support/api-server.ts';
import { ApiWeather } from '../support/api-weather.ts';
import { eventually } from '../support/eventually.ts';
import { ScaleScene } from '../support/scale/scene.ts';
import { medianMB, soak } from '../support/scale/soak.ts';
import {
  apiRestarted,
  leaderKilled,
  takesStatusesOf,
  toldToWait,
} from '../support/scale/trials.ts';

/** Of 150 nodes; of 1,000, and for longer, in test/long/scale-failures.test.ts. */
const CONCURRENT = 30;
const TARGETS = '/apis/extensions.autopilot.k0sproject.io/v1alpha1/plantargets';
let scene: ScaleScene;
let weather: ApiWeather;

before(async () => {
  scene = await ScaleScene.start({ nodes: 150, answerMs: 200, onlooker: true });
  weather = await ApiWeather.before(scene.api, ORCHESTRATOR);
});
afterEach(() => scene?.endOrchestrators());
after(async () => {
  await weather?.stop();
  await scene?.stop();
});

async function targetsOf(plan: string): Promise<string[]> {
  const { items } = await scene.api.admin.request<{
    items: { metadata: { name: string }; spec: { plan: string } }[];
  }>('GET', TARGETS);
  return items.filter(({ spec }) => spec.plan === plan).map(({ metadata }) => metadata.name);
}

test('a leader is killed with all slots taken, where the API server takes no long status: no node is ordered twice, and the run ends as without it', async () => {
  weather.of = takesStatusesOf(20_000);
  const { metadata, status } = await leaderKilled(scene, CONCURRENT, weather.url);
  weather.of = () => ({ kind: 'fair' });
  assert.ok(weather.refused > 0, 'nothing was refused');
  assert.ok(JSON.stringify(status).length < 20_000);
  assert.deepEqual(status?.membership?.lists[0]?.phases, { Committed: 150 });
  assert.match(await scene.api.kubectl('get', 'events', '-A'), /StatusShortened/);
  assert.equal((await targetsOf(metadata.name)).length, 1);
  const removed = await scene.api.tryKubectl(['delete', 'plantargets', '--all']);
  assert.match(removed.stderr, /PlanTargets are written by the orchestrator alone/);
  await scene.delete(metadata.name);
  await eventually(
    'its PlanTargets to go with it',
    async () => (await targetsOf(metadata.name)).length === 0,
    { timeoutMs: 180_000 },
  );
});

test('API server and etcd restarted, and history compacted: each watch lists once, and the run ends', () =>
  apiRestarted(scene, CONCURRENT));

test('an API server that answers 429 for a while: it is asked less, and nothing is lost', () =>
  toldToWait(scene, weather, CONCURRENT, 4_000));

test('memory does not grow from Plan to Plan', async () => {
  const orchestrator = await scene.orchestrator();
  await orchestrator.acting();
  const { plans, samples } = await soak(scene, orchestrator, {
    ...{ forMs: 20_000, plansPerMinute: 20, concurrent: 50 },
  });
  await orchestrator.end();
  const third = Math.floor(samples.length / 3);
  const before = medianMB(samples.slice(third, 2 * third));
  const afterwards = medianMB(samples.slice(2 * third));
  const told = `${plans} Plans: ${Math.round(before)} MB, then ${Math.round(afterwards)} MB`;
  assert.ok(plans >= 3, told);
  // A small part of what a leak of one status or one list of Nodes for each Plan would add.
  assert.ok(afterwards < before * 1.25 + 10, told);
});
