import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_PACE, parseRetryAfter } from '../../../src/channels/poll-schedule.ts';
import { bars, perSpan, simulatePolls } from '../../support/simulated-polls.ts';

const CLUSTERS = 10_000;
const HOUR_MS = 3_600_000;
/** 10,000 in 10 minutes. */
const MEAN = CLUSTERS / (DEFAULT_PACE.intervalMs / 1000);

const world = {
  clusters: CLUSTERS,
  pace: DEFAULT_PACE,
  startedWithinMs: 0,
  untilMs: 2 * HOUR_MS,
  serverSays: () => ({ isWell: true }),
};
const mostOf = (perSecond: Uint32Array, from = 0, to = perSecond.length) =>
  perSecond.subarray(from, to).reduce((most, one) => Math.max(most, one), 0);

describe('10,000 clusters that poll', () => {
  it('after all were started in one moment are spread from the first minute on', () => {
    const perSecond = simulatePolls(world);
    assert.ok(mostOf(perSecond) <= 3 * MEAN, `${mostOf(perSecond)} in one second`);
    for (const [minute, count] of perSpan(perSecond, 60).entries()) {
      assert.ok(count > 51 * MEAN && count < 69 * MEAN, `${count} in minute ${minute}`);
    }
  });
  it('come back spread to a server that was away', () => {
    const [awayMs, backMs] = [HOUR_MS / 2, HOUR_MS];
    const perSecond = simulatePolls({
      ...world,
      untilMs: 3 * HOUR_MS,
      serverSays: (nowMs) => ({ isWell: nowMs < awayMs || nowMs >= backMs }),
    });
    assert.ok(mostOf(perSecond) <= 3 * MEAN, `${mostOf(perSecond)} in one second`);
    // and all are back within the longest wait
    const last = perSpan(perSecond, 600).at(-1) ?? 0;
    assert.ok(Math.abs(last - CLUSTERS) < CLUSTERS / 10, `${last} in the last 10 minutes`);
  });
  it('are spread where the server wants them all back at one moment', () => {
    const backMs = HOUR_MS;
    const header = new Date(backMs).toUTCString();
    const perSecond = simulatePolls({
      ...world,
      serverSays: (nowMs) =>
        nowMs > HOUR_MS / 2 && nowMs < backMs
          ? { isWell: false, retryAtMs: parseRetryAfter(header, nowMs) ?? assert.fail() }
          : { isWell: true },
    });
    assert.ok(mostOf(perSecond) <= 8 * MEAN, `${mostOf(perSecond)} in one second`);
    assert.ok(mostOf(perSecond, 2560, 3599) === 0, 'and none before it');
  });
});

describe('bars of text', () => {
  it('are as long as their share of the most', () => {
    const rows = [
      { label: '0', count: 1 },
      { label: '10', count: 4 },
    ];
    assert.deepEqual(bars(rows, 4), [' 0  # 1', '10  #### 4']);
  });
});
