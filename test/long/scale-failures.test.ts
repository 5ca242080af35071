/** What test/integration/plans/scale.test.ts does with few nodes, with 1,000 (SCALE_NODES); and an hour of Plans. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { ORCHESTRATOR } from '../support/api-server.ts';
import { ApiWeather } from '../support/api-weather.ts';
import { ScaleScene } from '../support/scale/scene.ts';
import { medianMB, slopeMBPerMinute, soak } from '../support/scale/soak.ts';
import { apiRestarted, leaderKilled, toldToWait } from '../support/scale/trials.ts';

const NODES = Number(process.env.SCALE_NODES ?? 1_000);
const SOAK_MINUTES = Number(process.env.SOAK_MINUTES ?? 60);
/** What a process takes until it has come to everything once. */
const WARM_UP_SHARE = 1 / 6;

describe(`${NODES} nodes, 100 at once`, () => {
  const CONCURRENT = 100;
  let scene: ScaleScene;
  before(async () => {
    scene = await ScaleScene.start({
      nodes: NODES,
      answerMs: 1_000,
      onlooker: true,
    });
  });
  afterEach(() => scene?.endOrchestrators());
  after(() => scene?.stop());

  test('a leader that is killed: no node is ordered twice, and the run ends as without it', async () => {
    const { status } = await leaderKilled(scene, CONCURRENT);
    assert.ok(JSON.stringify(status).length <= 100_000);
    // Fewer have room in the status itself.
    if (NODES >= 1_000) assert.equal(status?.membership?.lists[0]?.total, NODES);
  });

  test('API server and etcd restarted, and history compacted: each watch lists once, memory returns, and the run ends', () =>
    apiRestarted(scene, CONCURRENT));

  test('an API server that answers 429 for a minute: it is asked less, and nothing is lost', async () => {
    const weather = await ApiWeather.before(scene.api, ORCHESTRATOR);
    try {
      await toldToWait(scene, weather, CONCURRENT, 60_000);
    } finally {
      await weather.stop();
    }
  });

  test('an API server whose answers come slowly: the run takes its time, and ends', async () => {
    const weather = await ApiWeather.before(scene.api, ORCHESTRATOR);
    weather.of = () => ({ kind: 'slow', bytesPerSecond: 500_000 });
    try {
      const orchestrator = await scene.orchestrator(weather.url);
      await orchestrator.acting();
      const name = await scene.apply(CONCURRENT);
      assert.equal((await scene.ended(name)).status?.state, 'Completed');
      await orchestrator.end();
    } finally {
      await weather.stop();
    }
  });
});

test('a leader that is killed while 300 nodes are drained, 30 at once: no budget is broken', async (context) => {
  const scene = await ScaleScene.start({ nodes: 300, answerMs: 500, pods: true, onlooker: true });
  context.after(() => scene.stop());
  await leaderKilled(scene, 30);
});

test(`200 nodes, 5 Plans a minute for ${SOAK_MINUTES} minutes: memory stays what it is`, async (context) => {
  const scene = await ScaleScene.start({ nodes: 200, answerMs: 100 });
  context.after(() => scene.stop());
  const orchestrator = await scene.orchestrator();
  await orchestrator.acting();
  const forMs = SOAK_MINUTES * 60_000;
  const soaked = await soak(scene, orchestrator, { forMs, plansPerMinute: 5, concurrent: 50 });
  const samples = soaked.samples.filter(([atMs]) => atMs >= forMs * WARM_UP_SHARE);
  const slope = slopeMBPerMinute(samples);
  const growth = (slope * SOAK_MINUTES * (1 - WARM_UP_SHARE)) / medianMB(samples);
  const told = `${soaked.plans} Plans, ${Math.round(medianMB(samples))} MB, ${slope.toFixed(3)} MB more a minute`;
  context.diagnostic(told);
  assert.ok(soaked.plans >= 4 * SOAK_MINUTES, told);
  assert.ok(growth <= 0.1, `${told}: ${Math.round(100 * growth)} % over the time`);
});
