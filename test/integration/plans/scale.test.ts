/** Few nodes, and failures of which there is a longer trial with 1,000 in test/long/scale-failures.test.ts. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ORCHESTRATOR } from '../../support/api-server.ts';
import { ApiWeather } from '../../support/api-weather.ts';
import { eventually } from '../../support/eventually.ts';
import { nodeName } from '../../support/scale/nodes.ts';
import { growthPerPlan, soakInRounds } from '../../support/scale/rounds.ts';
import { ScaleScene } from '../../support/scale/scene.ts';
import {
  apiRestarted,
  leaderKilled,
  takesStatusesOf,
  toldToWait,
} from '../../support/scale/trials.ts';

const NODES = 40;
const CONCURRENT = 10;
/** Of JSON; the whole status has more than 10,000 characters. */
const LONGEST_STATUS = 8_000;
const TARGETS = '/apis/extensions.autopilot.k0sproject.io/v1alpha1/plantargets';
let scene: ScaleScene;
let weather: ApiWeather;

before(async () => {
  scene = await ScaleScene.start({ nodes: NODES, answerMs: 100, onlooker: true });
  weather = await ApiWeather.before(scene.api, ORCHESTRATOR);
});
afterEach(async () => {
  if (weather !== undefined) weather.of = () => ({ kind: 'fair' });
  await scene?.endOrchestrators();
});
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
  weather.of = takesStatusesOf(LONGEST_STATUS);
  const { metadata, status } = await leaderKilled(scene, CONCURRENT, weather.url);
  weather.of = () => ({ kind: 'fair' });
  assert.ok(weather.refused > 0, 'nothing was refused');
  assert.ok(JSON.stringify(status).length < LONGEST_STATUS);
  assert.deepEqual(status?.membership?.lists[0]?.phases, { Committed: NODES });
  assert.match(await scene.api.kubectl('get', 'events', '-A'), /StatusShortened/);
  assert.notDeepEqual(await targetsOf(metadata.name), []);
  const removed = await scene.api.tryKubectl(['delete', 'plantargets', '--all']);
  assert.match(removed.stderr, /PlanTargets are written by the orchestrator alone/);
  await scene.delete(metadata.name);
  await eventually(
    'its PlanTargets to go with it',
    async () => (await targetsOf(metadata.name)).length === 0,
    { timeoutMs: 180_000 },
  );
});

test('API server and etcd are killed, and history compacted: each watch lists once, and the run ends', () =>
  apiRestarted(scene, CONCURRENT));

test('an API server that answers 429 for a while: it is asked less, and nothing is lost', () =>
  toldToWait(scene, weather, CONCURRENT, 3_000));

test('Plan after Plan: what is alive in the orchestrator stays what it is', async (context) => {
  const orchestrator = await scene.orchestrator(undefined, { measured: true });
  await orchestrator.acting();
  const { plans, samples } = await soakInRounds(scene, orchestrator, {
    ...{ rounds: 6, warmUp: 2, quick: 6, idle: 200 },
    updated: Array.from({ length: 4 }, (_, index) => nodeName(index)),
  });
  const kBPerPlan = 1024 * growthPerPlan(samples);
  const told = `${plans} Plans, ${kBPerPlan.toFixed(1)} kB more for each; MB: ${samples.map(([, mb]) => mb.toFixed(2))}`;
  context.diagnostic(told);
  // Events and UpdateRuns, of which so many are remembered, take up to 10 kB; one status that is kept takes 40 more.
  assert.ok(kBPerPlan <= 30, told);
});
