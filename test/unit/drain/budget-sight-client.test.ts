import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { BudgetSightClient } from '../../../src/drain/budget-sight-client.ts';
import type { Kube } from '../../../src/kube/client.ts';
import { silentLog } from '../../support/silent-log.ts';

/** An API server with one budget, `shop/web`, over no pods. */
function lookingAt(t: TestContext) {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const requests: string[] = [];
  const news: string[] = [];
  const world = { needed: 2, isDown: false };
  const kube = {
    async request(_method: string, path: string, { query }: { query: object }) {
      requests.push(`${path.split('/').at(-1)} ${Object.values(query)[0]}`);
      if (world.isDown) throw new Error('away');
      const web = {
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: { app: 'web' } } },
        status: { desiredHealthy: world.needed },
      };
      const isThere = Object.values(query)[0] === 'metadata.name=web';
      return { items: path.endsWith('budgets') && isThere ? [web] : [] };
    },
  } as unknown as Kube;
  const { signal } = new AbortController();
  const client = new BudgetSightClient(kube, silentLog, signal, (namespace) => {
    news.push(namespace);
  });
  const ask = async (atMs: number, budget = 'web') => {
    nowMs = atMs;
    client.ask('shop', budget);
    await new Promise(setImmediate);
  };
  return { client, requests, news, world, ask };
}

test('a budget is looked at once in ten seconds, whoever asks, with two requests', async (t) => {
  const { client, requests, news, ask } = lookingAt(t);
  assert.equal(client.get('shop', 'web'), undefined);
  for (const atMs of [1_000, 1_001, 10_999]) await ask(atMs);
  assert.deepEqual(requests, ['poddisruptionbudgets metadata.name=web', 'pods app=web']);
  assert.equal(client.get('shop', 'web')?.needed, 2);
  await ask(11_000);
  assert.equal(requests.length, 4);
  assert.deepEqual(news, ['shop'], 'what is the same is no news');
});

test('while the API server is away what was seen stays; what has changed is news', async (t) => {
  const { client, news, world, ask } = lookingAt(t);
  await ask(0);
  world.isDown = true;
  await ask(10_000);
  assert.equal(client.get('shop', 'web')?.needed, 2);
  Object.assign(world, { isDown: false, needed: 1 });
  await ask(20_000);
  assert.equal(client.get('shop', 'web')?.needed, 1);
  assert.deepEqual(news, ['shop', 'shop']);
});

test('of a budget that is gone nothing is said, and nothing is kept without drains', async (t) => {
  const { client, requests, ask } = lookingAt(t);
  for (const atMs of [0, 1]) await ask(atMs, 'gone');
  assert.equal(client.get('shop', 'gone'), undefined);
  assert.equal(requests.length, 1);
  await ask(0);
  client.forget();
  assert.equal(client.get('shop', 'web'), undefined);
});
