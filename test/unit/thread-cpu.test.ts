import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMsSince } from '../../src/thread-cpu.ts';

test('only what was computed counts, and no time of waiting', async () => {
  const before = process.threadCpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(cpuMsSince(before) < 150);
  const untilMs = performance.now() + 50;
  while (performance.now() < untilMs);
  assert.ok(cpuMsSince(before) > 0);
});
