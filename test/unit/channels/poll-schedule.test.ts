import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DEFAULT_PACE,
  firstPollMs,
  nextPollMs,
  type PollPast,
  parseRetryAfter,
} from '../../../src/channels/poll-schedule.ts';

const MINUTE_MS = 60_000;
const past = (more: Partial<PollPast> = {}): PollPast => ({
  clusterId: 'kube-system:1',
  channel: 'stable',
  lastMs: 1_000_000_000,
  failures: 0,
  ...more,
});
/** In minutes, of many clusters. */
function waits(more: Partial<PollPast> = {}): number[] {
  return Array.from({ length: 2000 }, (_, at) => {
    const one = past({ ...more, clusterId: `kube-system:${at}` });
    return (nextPollMs(one, DEFAULT_PACE) - one.lastMs) / MINUTE_MS;
  }).sort((a, b) => a - b);
}
const ends = (values: readonly number[]) =>
  [values[0], values.at(-1)].map((one) => Math.round(one!));

describe('the next poll', () => {
  it('is the interval after the last, give or take a quarter, 10 minutes on average', () => {
    const found = waits();
    assert.deepEqual(ends(found), [8, 12]);
    assert.ok(found[0]! >= 7.5 && found.at(-1)! <= 12.5);
    const mean = found.reduce((sum, one) => sum + one, 0) / found.length;
    assert.ok(Math.abs(mean - 10) < 0.15, `${mean}`);
  });
  it('is the same for the same facts, and another one after another poll', () => {
    assert.equal(nextPollMs(past(), DEFAULT_PACE), nextPollMs(past(), DEFAULT_PACE));
    const one = past({ lastMs: 2_000_000_000 });
    assert.notEqual(
      nextPollMs(past(), DEFAULT_PACE) - past().lastMs,
      nextPollMs(one, DEFAULT_PACE) - one.lastMs,
    );
  });
  it('differs from channel to channel of one cluster', () => {
    assert.notEqual(
      nextPollMs(past(), DEFAULT_PACE),
      nextPollMs(past({ channel: 'edge' }), DEFAULT_PACE),
    );
  });
  for (const [failures, least, most] of [
    [1, 7.5, 12.5],
    [2, 15, 25],
    [3, 30, 50],
    [4, 45, 75],
    [1000, 45, 75],
  ] as const) {
    it(`comes ${least} to ${most} minutes after failure ${failures} in a row`, () => {
      const found = waits({ failures });
      assert.ok(found[0]! >= least && found.at(-1)! <= most, `${found[0]} ${found.at(-1)}`);
    });
  }
  it('is not before the server wants it, and those who were told the same do not come at once', () => {
    const found = waits({ failures: 1, retryAtMs: past().lastMs + 40 * MINUTE_MS });
    assert.ok(found[0]! >= 40 && found.at(-1)! <= 45);
    assert.deepEqual(ends(found), [40, 45]);
  });
  it('is spread even where the server wants it at once', () => {
    const found = waits({ failures: 1, retryAtMs: past().lastMs + 1000 });
    assert.ok(found.at(-1)! - found[0]! > 1.5);
  });
  it('is not put off for ever by a server', () => {
    const found = waits({ retryAtMs: past().lastMs + 1e15 });
    assert.ok(found.at(-1)! <= 24 * 60 * 1.125 + 1);
  });
  it('is no earlier for a server that names the past', () => {
    assert.ok(waits({ retryAtMs: 0 })[0]! >= 7.5);
  });
  it('after a start comes within five quarters of an interval, most within three', () => {
    const found = Array.from({ length: 2000 }, (_, at) =>
      firstPollMs({ clusterId: `${at}`, channel: 'stable', startedMs: 5 }, DEFAULT_PACE),
    );
    assert.ok(Math.min(...found) >= 5 && Math.max(...found) <= 5 + 12.5 * MINUTE_MS);
    const early = found.filter((ms) => ms < 5 + 7.5 * MINUTE_MS).length;
    assert.ok(Math.abs(early - 1500) < 75, `${early}`);
  });
});

describe('Retry-After', () => {
  for (const [header, nowMs, ms] of [
    ['120', 5, 120_005],
    [' 0 ', 5, 5],
    ['Sun, 29 Nov 2026 00:00:00 GMT', 5, Date.UTC(2026, 10, 29)],
    [undefined, 5, undefined],
    ['', 5, undefined],
    ['-1', 5, undefined],
    ['soon', 5, undefined],
    ['1e9', 5, undefined],
    ['99999999999999', 5, undefined],
  ] as const) {
    it(`${header} is ${ms === undefined ? 'nothing' : ms}`, () => {
      assert.equal(parseRetryAfter(header, nowMs), ms);
    });
  }
});
