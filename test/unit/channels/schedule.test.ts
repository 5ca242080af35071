import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleOf } from '../../../src/channels/schedule.ts';

const ZONE = 'Europe/Berlin';
const night = { startTime: '22:00', length: '4h' };

for (const word of ['Tuesday', 'Tuesdays', 'Tue', 'tuesday', 'TUE', ' Tuesday ']) {
  test(`${JSON.stringify(word)} is Tuesday`, () => {
    const schedule = scheduleOf({ type: 'periodic', periodic: { ...night, days: [word] } }, ZONE);
    assert.deepEqual(schedule, {
      kind: 'periodic',
      window: { days: ['Tue'], start: '22:00', length: '4h', timeZone: ZONE },
    });
  });
}

test('without days every day counts, and a day that is named twice counts once', () => {
  const every = scheduleOf({ type: 'periodic', periodic: { ...night, days: [] } }, ZONE);
  assert.deepEqual(every, {
    kind: 'periodic',
    window: { start: '22:00', length: '4h', timeZone: ZONE },
  });
  const twice = { ...night, startTime: '2:05', days: ['Mon', 'Monday'] };
  assert.deepEqual(scheduleOf({ type: 'periodic', periodic: twice }, ZONE), {
    kind: 'periodic',
    window: { days: ['Mon'], start: '02:05', length: '4h', timeZone: ZONE },
  });
});

const bad: [what: string, strategy: Parameters<typeof scheduleOf>[0], message: RegExp][] = [
  ['no strategy', undefined, /^spec\.upgradeStrategy\.type: wanted periodic or cron, found none$/],
  [
    'a day that there is not',
    { type: 'periodic', periodic: { ...night, days: ['Tues'] } },
    /periodic\.days: wanted a day such as Tuesday, Tuesdays or Tue, found "Tues"$/,
  ],
  [
    'no start',
    { type: 'periodic', periodic: { length: '2h' } },
    /periodic\.startTime: wanted a time of day such as 22:00, found none; without one no window/,
  ],
  [
    'a start that no clock shows',
    { type: 'periodic', periodic: { startTime: '24:00', length: '2h' } },
    /periodic\.startTime: .* found "24:00"/,
  ],
  [
    'no length',
    { type: 'periodic', periodic: { startTime: '22:00' } },
    /periodic\.length: wanted a duration such as 2h or 90m, found none/,
  ],
  [
    'a length of nothing',
    { type: 'periodic', periodic: { startTime: '22:00', length: '0s' } },
    /periodic\.length: .* found "0s"/,
  ],
  ['periodic without its part', { type: 'periodic' }, /periodic\.startTime: .* found none/],
  [
    'four fields',
    { type: 'cron', cron: '* * * *' },
    /cron: wanted five fields, or six with seconds first, or a word such as @hourly, found "\* \* \* \*"$/,
  ],
  ['a minute that there is not', { type: 'cron', cron: '61 * * * *' }, /cron: .* cannot be read/],
  ['a word that there is not', { type: 'cron', cron: '@often' }, /cron: "@often" cannot be read/],
  ['30 February', { type: 'cron', cron: '0 0 30 2 *' }, /cron: "0 0 30 2 \*" never comes$/],
  [
    'every nothing',
    { type: 'cron', cron: '@every 0s' },
    /cron: wanted @every and a duration of 1s/,
  ],
];
for (const [what, strategy, message] of bad) {
  test(`${what} is told, and is not taken for a closed window`, () => {
    const schedule = scheduleOf(strategy, ZONE);
    assert.equal(schedule.kind, 'invalid');
    assert.match(schedule.kind === 'invalid' ? schedule.message : '', message);
  });
}

const at = (text: string) => Date.parse(text);
const crons: [cron: string | undefined, after: string, next: string][] = [
  [undefined, '2026-03-01T10:20:00Z', '2026-03-01T11:00:00Z'],
  ['@hourly', '2026-03-01T10:20:00Z', '2026-03-01T11:00:00Z'],
  ['@daily', '2026-03-01T10:20:00Z', '2026-03-01T23:00:00Z'],
  ['@midnight', '2026-03-01T10:20:00Z', '2026-03-01T23:00:00Z'],
  ['@every 1h30m', '2026-03-01T10:20:00Z', '2026-03-01T11:50:00Z'],
  ['30 3 * * *', '2026-03-01T10:20:00Z', '2026-03-02T02:30:00Z'],
  // Seconds first, as k0s wants them.
  ['15 30 3 * * *', '2026-03-01T10:20:00Z', '2026-03-02T02:30:15Z'],
  ['0 0 3 * * 2', '2026-03-01T10:20:00Z', '2026-03-03T02:00:00Z'],
  // The clocks are put forward over it.
  ['30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00Z'],
];
for (const [cron, after, next] of crons) {
  test(`${cron ?? 'no cron'} after ${after} comes at ${next}`, () => {
    const schedule = scheduleOf({ type: 'cron', ...(cron && { cron }) }, ZONE);
    assert.equal(schedule.kind, 'cron');
    const found = schedule.kind === 'cron' ? schedule.next(at(after)) : undefined;
    assert.equal(new Date(found ?? 0).toISOString(), new Date(at(next)).toISOString());
  });
}
