/** Every state of worlds that `npm test` has no time for. */
import { test } from 'node:test';
import { assertExplored } from '../model/explorer/explored.ts';
import { LARGER_WORLDS } from '../model/explorer/worlds.ts';

for (const world of LARGER_WORLDS) {
  test(`every state of ${world.name}`, (t) => assertExplored(t, world));
}
