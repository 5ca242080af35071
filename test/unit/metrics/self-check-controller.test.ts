import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pulse } from '../../../src/metrics/probes.ts';
import { checkOneself } from '../../../src/metrics/self-check-controller.ts';
import { silentLog } from '../../support/silent-log.ts';

test('one that hangs ends at its second look, once; one that comes back in between does not', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const well: Pulse = { nowMs: 0, isSynced: true, electionAtMs: 0, lookAtMs: undefined };
  const stuck: Pulse = { ...well, nowMs: 61_000 };
  let pulse = well;
  let ended = 0;
  checkOneself({
    pulse: () => pulse,
    log: silentLog,
    end: () => ended++,
    lookMs: 10,
  });
  const after = (next: Pulse) => {
    pulse = next;
    context.mock.timers.tick(10);
    return ended;
  };
  assert.deepEqual([stuck, well, stuck, stuck, stuck, stuck].map(after), [0, 0, 0, 1, 1, 1]);
});

test('an API server that is away, and standing by, are no reason', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let ended = 0;
  const pulse = { nowMs: 1e9, isSynced: false, electionAtMs: 1e9 - 5_000, lookAtMs: undefined };
  const stop = checkOneself({ pulse: () => pulse, log: silentLog, end: () => ended++, lookMs: 10 });
  context.mock.timers.tick(100);
  assert.equal(ended, 0);
  stop();
});
