import assert from 'node:assert/strict';
import { it } from 'node:test';
import { paced, paceFrom } from '../../../src/node-agent/pace.ts';

/** What a link gives in 64 KiB pieces, each after `everyMs`, until `bytes` have come. */
function takes(bytes: number, everyMs: (doneBytes: number) => number, limit: number): number {
  let nowMs = 0;
  let pace = paceFrom(nowMs);
  for (let done = 0; done < bytes; done += 65_536) {
    nowMs += everyMs(done);
    const next = paced(pace, 65_536, nowMs, limit);
    pace = next.pace;
    nowMs += next.pauseMs + (next.pauseMs > 0 ? 1.5 : 0); // timers are late
  }
  return nowMs;
}

it('a download keeps to its limit within 3 percent', () => {
  const tookMs = takes(50e6, () => 0.1, 2.5e6);
  assert.ok(Math.abs(tookMs / 20_000 - 1) < 0.03, `${tookMs} ms`);
});

it('a slow link is not held back', () => {
  const tookMs = takes(5e6, () => 100, 2.5e6);
  assert.equal(tookMs, Math.ceil(5e6 / 65_536) * 100);
});

it('a stretch without bytes is not made up for by more than a second', () => {
  const tookMs = takes(10e6, (done) => (done === 0 ? 60_000 : 0.1), 2.5e6);
  assert.ok(tookMs > 60_000 + 3000 * 0.97, `${tookMs} ms`);
});
