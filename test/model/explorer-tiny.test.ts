import { test } from 'node:test';
import { assertExplored } from './explorer/explored.ts';
import { TINY_WORLDS } from './explorer/worlds.ts';

for (const world of TINY_WORLDS) {
  test(`every state of ${world.name}`, (t) => assertExplored(t, world));
}
