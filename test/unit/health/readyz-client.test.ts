import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startReadyzProber } from '../../../src/health/readyz-client.ts';
import { eventually } from '../../support/eventually.ts';

test('who is not ready is asked four times as often', async () => {
  let answers = 0;
  const intervalMs = 400;
  const beganMs = performance.now();
  const prober = startReadyzProber({
    credentials: () => Promise.reject(new Error('nobody is asked here')),
    port: 6443,
    intervalMs,
    onChange: () => {},
    nowMs: () => ++answers,
  });
  prober.watch(new Map([['cp-1', undefined]]));
  await eventually('nine answers', () => answers >= 9, { everyMs: 10 });
  // eight pauses of a quarter each; asked as seldom as the others it would be four times that
  assert.ok(performance.now() - beganMs < 8 * intervalMs);
  await prober.stop();
});
