import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explorer/explore.ts';
import { assertExplored } from './explorer/explored.ts';
import { SMALL_WORLDS } from './explorer/worlds.ts';

for (const world of SMALL_WORLDS) {
  test(`every state of ${world.name}`, (t) => assertExplored(t, world));
}

test('a world of one host is explored in full, and always alike', () => {
  const world = {
    name: 'one worker',
    controllers: 0,
    workers: 1,
    faults: [],
    budget: 0,
    mostStates: 200,
  };
  const first = explore(world);
  assert.deepEqual(explore(world), first);
  assert.equal(first.endings, 1);
});
