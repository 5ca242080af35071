import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MaintenanceWindow, WEEKDAYS } from '../../../src/api/policy-time.ts';
import { windowAt } from '../../../src/windows/window-at.ts';
import {
  type Coming,
  comingsByMinute,
  unionOf,
  wallMinutes,
} from '../../support/clock-reference.ts';

const FROM = Date.parse('2026-01-01T00:00:00Z');
const TO = Date.parse('2027-01-01T00:00:00Z');
const DAY = 86_400_000;
const HOUR = 3_600_000;

/** With a time of day that is skipped, and one that comes twice, some day of 2026. */
const ZONES = [
  ['UTC', '02:30', '02:30'],
  ['Europe/Berlin', '02:30', '02:30'],
  ['America/Santiago', '00:00', '23:30'],
  ['Australia/Lord_Howe', '02:15', '01:45'],
  ['Asia/Kathmandu', '02:30', '02:30'],
  ['America/New_York', '02:00', '01:00'],
] as const;

const RUNS = Number(process.env.TEST_RUNS ?? 15);
const seed = process.env.TEST_SEED === undefined ? {} : { seed: Number(process.env.TEST_SEED) };

const clocks = new Map<string, ReadonlyMap<string, readonly Coming[]>>();
/** From a week before: what opened then may still be open. */
function comingsOf(zone: string): ReadonlyMap<string, readonly Coming[]> {
  const known = clocks.get(zone) ?? comingsByMinute(wallMinutes(zone, FROM - 8 * DAY, TO));
  clocks.set(zone, known);
  return known;
}

function expected(windows: readonly MaintenanceWindow[]): [number, number][] {
  const spans = windows.flatMap(({ start = '', days = WEEKDAYS, length, timeZone = 'UTC' }) => {
    const lengthMs = Number.parseInt(length, 10) * 60_000;
    return (comingsOf(timeZone).get(start) ?? [])
      .filter(({ weekday }) => (days as readonly string[]).includes(weekday))
      .map(({ ms }) => [ms, ms + lengthMs] as const);
  });
  return unionOf(spans)
    .map(([from, to]): [number, number] => [Math.max(from, FROM), Math.min(to, TO)])
    .filter(([from, to]) => from < to);
}

/** The year as it is found by walking from each change to the next. */
function found(windows: readonly MaintenanceWindow[]): [number, number][] {
  const spans: [number, number][] = [];
  for (let ms = FROM; ms < TO; ) {
    const state = windowAt(windows, [], ms);
    if (state.kind === 'open') {
      // Undefined: further than is looked ahead.
      const to = Math.min(state.closesAtMs ?? TO, TO);
      spans.push([ms, to]);
      ms = to;
    } else {
      ms = state.opensAtMs ?? assert.fail('never opens');
    }
  }
  return spans;
}

for (const [zone, skipped, doubled] of ZONES) {
  for (const start of new Set([skipped, doubled, '22:00'])) {
    test(`${zone}: a daily window at ${start} is right on every minute of a year`, () => {
      const windows = [{ start, length: '90m', timeZone: zone }];
      assert.deepEqual(named(found(windows)), named(expected(windows)));
    });
  }
}

const window = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    which: fc.nat(2),
    start: fc.tuple(fc.nat(23), fc.nat(59)).map((parts) => parts.map(two).join(':')),
    days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
    length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 3 * 24 * 60 })),
  })
  .map(
    ({ zone: [timeZone, skipped, doubled], which, start, days, length }): MaintenanceWindow => ({
      ...{ timeZone, days, length: `${length}m` },
      start: [start, skipped, doubled][which]!,
    }),
  );

test('any windows together are right on every minute of a year, over both changes of the clocks', () => {
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), (windows) => {
      assert.deepEqual(named(found(windows)), named(expected(windows)));
    }),
    { numRuns: RUNS, ...seed },
  );
});

test('at any instant a state agrees with the year, and its next change is right', () => {
  fc.assert(
    fc.property(
      window,
      fc.integer({ min: FROM, max: TO - 30 * DAY }),
      fc.option(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 20 * 24 }))),
      (one, nowMs, frozen) => {
        const freezes = frozen
          ? [
              {
                name: 'f',
                from: minuteOf(FROM + frozen[0] * DAY),
                to: minuteOf(FROM + frozen[0] * DAY + frozen[1] * HOUR),
              },
            ]
          : [];
        const holds = (ms: number) =>
          freezes.some(({ from, to }) => Date.parse(from) <= ms && ms < Date.parse(to));
        const year = expected([one]);
        const isOpen = (ms: number) =>
          !holds(ms) && year.some(([from, to]) => from <= ms && ms < to);
        const state = windowAt([one], freezes, nowMs);
        assert.equal(state.kind === 'open', isOpen(nowMs));
        const change = state.kind === 'open' ? state.closesAtMs : state.opensAtMs;
        if (change === undefined || change >= TO) return;
        assert.equal(isOpen(change), state.kind === 'closed');
        assert.equal(isOpen(change - 1), state.kind === 'open');
        const edges = [
          ...year.flat(),
          ...freezes.flatMap(({ from, to }) => [from, to].map((t) => Date.parse(t))),
        ];
        for (const edge of edges) {
          if (edge > nowMs && edge < change) assert.equal(isOpen(edge), state.kind === 'open');
        }
      },
    ),
    { numRuns: RUNS * 3, ...seed },
  );
});

function two(n: number): string {
  return String(n).padStart(2, '0');
}

function minuteOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

function named(spans: readonly (readonly [number, number])[]): string[] {
  return spans.map((span) => span.map((ms) => new Date(ms).toISOString()).join(' to '));
}
