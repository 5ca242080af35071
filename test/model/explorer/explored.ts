import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { explore } from './explore.ts';
import type { WorldSpec } from './state.ts';

/** Explores a world, prints its size, and fails with what happened on the way to a broken promise. */
export function assertExplored(t: TestContext, world: WorldSpec): void {
  const began = performance.now();
  const { states, transitions, endings, looks, violations } = explore(world);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  t.diagnostic(
    `${world.name}: ${states} states, ${transitions} transitions, ${endings} endings, ${looks} different looks, ${seconds} s`,
  );
  const told = violations.map(({ promise, trace }) => [promise, ...trace].join('\n    '));
  assert.deepEqual(told, []);
  assert.ok(endings > 0, 'nothing ever ends');
}
