import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleOf } from '../../../src/channels/schedule.ts';
import { windowOf } from '../../../src/channels/window-sight.ts';
import {
  type Coming,
  comingsByMinute,
  unionOf,
  wallMinutes,
} from '../../support/clock-reference.ts';

const FROM = Date.parse('2026-01-01T00:00:00Z');
const TO = Date.parse('2027-01-01T00:00:00Z');
const DAY = 86_400_000;

/** A time of day that is skipped there some day of 2026, or comes twice, or goes over midnight. */
const ZONES = [
  ['UTC', '23:30'],
  ['Europe/Berlin', '02:30'],
  ['America/Santiago', '23:30'],
  ['Australia/Lord_Howe', '01:45'],
  ['Asia/Kathmandu', '22:15'],
  ['America/New_York', '02:00'],
] as const;

for (const [zone, startTime] of ZONES) {
  const comings = comingsByMinute(wallMinutes(zone, FROM - 8 * DAY, TO + 8 * DAY)).get(startTime)!;

  test(`${zone}: the window of an UpdateConfig at ${startTime} is right all the year`, () => {
    const periodic = { days: ['Saturdays', 'sun', 'Wednesday'], startTime, length: '5h30m' };
    const schedule = scheduleOf({ type: 'periodic', periodic }, zone);
    assert.equal(schedule.kind, 'periodic');
    const spans = comings
      .filter(({ weekday }) => ['Sat', 'Sun', 'Wed'].includes(weekday))
      .map(({ ms }) => [ms, ms + 5.5 * 3_600_000] as const);
    const expected = unionOf(spans)
      .map(([from, to]): [number, number] => [Math.max(from, FROM), Math.min(to, TO)])
      .filter(([from, to]) => from < to);
    const found: [number, number][] = [];
    // The clock is put from each change to the next, as the orchestrator is told when to look again.
    for (let ms = FROM; ms < TO; ) {
      const { isOpen, changesAtMs = TO } = windowOf(schedule, ms);
      if (isOpen) found.push([ms, Math.min(changesAtMs, TO)]);
      assert.ok(changesAtMs > ms);
      ms = changesAtMs;
    }
    assert.deepEqual(named(found), named(expected));
  });

  for (const cron of [cronOf(startTime), `0 ${cronOf(startTime)}`]) {
    test(`${zone}: a cron of ${cron.split(' ').length} fields at ${startTime} comes as often as it should`, () => {
      const schedule = scheduleOf({ type: 'cron', cron }, zone);
      assert.ok(schedule.kind === 'cron');
      const found: number[] = [];
      for (let ms = schedule.next(FROM - 1); ms !== undefined && ms < TO; ms = schedule.next(ms)) {
        found.push(ms);
      }
      const expected = comings
        .filter(({ ms }: Coming) => ms >= FROM && ms < TO)
        .map(({ ms }) => ms);
      assert.deepEqual(found.map(iso), expected.map(iso));
    });
  }
}

function cronOf(time: string): string {
  const [hour, minute] = time.split(':').map(Number);
  return `${minute} ${hour} * * *`;
}

function named(spans: readonly (readonly [number, number])[]): string[] {
  return spans.map(([from, to]) => `${iso(from)} to ${iso(to)}`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
