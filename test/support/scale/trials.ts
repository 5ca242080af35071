import assert from 'node:assert/strict';
import type { Plan } from '../../../src/api/plan.ts';
import { memoryOf } from '../../bench/process-memory.ts';
import type { ApiWeather, Asked, Weather } from '../api-weather.ts';
import { Etcd } from '../etcd.ts';
import { eventually } from '../eventually.ts';
import type { OrchestratorProcess } from './orchestrator.ts';
import type { ScaleScene } from './scene.ts';

/**
 * Ends the leader by SIGKILL in the middle of a run, while all slots are taken; a second one is there. Each node
 * is ordered once, told to apply once, and no more of them are out of service at any time than may be.
 */
export async function leaderKilled(
  scene: ScaleScene,
  concurrent: number,
  server?: string,
): Promise<Plan> {
  const first = await scene.orchestrator(server);
  await first.acting();
  const second = await scene.orchestrator(server);
  scene.onlooker.forget();
  const name = await scene.apply(concurrent);
  await scene.until(name, Math.floor(scene.nodes / 4));
  await first.end('SIGKILL');
  const taken = scene.onlooker.ordered - (await progressOf(scene, name));
  assert.ok(taken >= concurrent / 2, `only ${taken} of ${concurrent} were under way`);
  const ended = await scene.ended(name);
  await second.acting();
  assertWhole(scene, ended, concurrent);
  assert.equal(scene.onlooker.ordered, scene.nodes);
  assert.equal(scene.onlooker.applied, scene.nodes);
  await second.end();
  return ended;
}

/**
 * Cuts the power of API server and etcd in the middle of a run, after etcd has forgotten its history. Whoever
 * watches lists once more at most, memory is soon what it was, and the run ends as if nothing had been.
 */
export async function apiRestarted(scene: ScaleScene, concurrent: number): Promise<void> {
  const orchestrator = await scene.orchestrator();
  await orchestrator.acting();
  scene.onlooker.forget();
  const name = await scene.apply(concurrent);
  await scene.until(name, Math.floor(scene.nodes / 4));
  const etcd = await Etcd.of(scene.api);
  await etcd.compact();
  etcd.close();
  const cutMs = Date.now();
  const beforeMB = memoryOf(orchestrator.pid).residentMB;
  await scene.api.kill();
  await scene.api.start();
  const ended = await scene.ended(name);
  assertWhole(scene, ended, concurrent);
  // A watch that has missed nothing, up to the very last write, may go on where it was.
  const lists = await scene.audit.informersLists(cutMs);
  assert.ok(lists.size > 0, 'nobody has listed anything, as if no history had been lost');
  assert.deepEqual(
    [...lists].filter(([, times]) => times > 1),
    [],
  );
  // With some room for what the second half of a run adds.
  await settlesTo(orchestrator, 1.2 * beforeMB + 10);
  await orchestrator.end();
}

/** An API server that refuses everything for a while, in the middle of a run: nothing is lost, and it is said. */
export async function toldToWait(
  scene: ScaleScene,
  weather: ApiWeather,
  concurrent: number,
  forMs: number,
): Promise<void> {
  const orchestrator = await scene.orchestrator(weather.url);
  await orchestrator.acting();
  scene.onlooker.forget();
  const name = await scene.apply(concurrent);
  await scene.until(name, Math.floor(scene.nodes / 4));
  const before = weather.refused;
  weather.of = () => TOO_MANY;
  await new Promise((resolve) => setTimeout(resolve, forMs));
  weather.of = () => ({ kind: 'fair' });
  const perSecond = (1000 * (weather.refused - before)) / forMs;
  const ended = await scene.ended(name);
  assertWhole(scene, ended, concurrent);
  assert.match(await orchestrator.log(), /429/);
  // Whoever is told to wait and asks on keeps an API server down that others need.
  assert.ok(
    perSecond <= 20 + 2 * concurrent,
    `${Math.round(perSecond)} requests a second while all were refused`,
  );
  await orchestrator.end();
}

const TOO_MANY: Weather = {
  kind: 'refuse',
  status: 429,
  headers: { 'retry-after': '1' },
  body: {
    ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 429 },
    ...{ reason: 'TooManyRequests', message: 'too many requests, please try again later' },
  },
};

/** An API server that takes no longer body of a status than that. */
export function takesStatusesOf(most: number): (asked: Asked) => Weather {
  return ({ method, path, length }) =>
    method === 'PATCH' && /\/plans\/[^/]+\/status/.test(path) && length > most
      ? {
          kind: 'refuse',
          status: 413,
          body: {
            ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 413 },
            ...{ reason: 'RequestEntityTooLarge', message: 'Request entity too large' },
          },
        }
      : { kind: 'fair' };
}

async function progressOf(scene: ScaleScene, name: string): Promise<number> {
  return (await scene.plan(name)).status?.progress?.done ?? 0;
}

/** The run has ended as one does in which nothing goes wrong. */
export function assertWhole(scene: ScaleScene, { status }: Plan, concurrent: number): void {
  const { onlooker, nodes } = scene;
  assert.equal(status?.state, 'Completed', JSON.stringify(status?.conditions));
  assert.equal(status?.progress?.text, `${nodes}/${nodes}`);
  assert.deepEqual(onlooker.flaws, []);
  assert.ok(onlooker.fewestSpare >= 0, `a budget lacked ${-onlooker.fewestSpare} pods`);
  assert.ok(
    onlooker.mostCordoned <= concurrent,
    `${onlooker.mostCordoned} were out of service at once, ${concurrent} may be`,
  );
}

/** Waits until a process takes no more than that; its garbage goes when it will. */
async function settlesTo(orchestrator: OrchestratorProcess, mostMB: number): Promise<void> {
  await eventually(
    `memory of at most ${Math.round(mostMB)} MB`,
    () => {
      const { residentMB } = memoryOf(orchestrator.pid);
      if (residentMB > mostMB) throw new Error(`${Math.round(residentMB)} MB`);
      return true;
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
}
