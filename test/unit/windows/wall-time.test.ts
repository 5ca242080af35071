import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeInstant, instantOf } from '../../../src/windows/wall-time.ts';

const rows: [sentence: string, moment: string, zone: string, instant: string][] = [
  ['in summer', '2026-07-01T00:00', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
  ['in winter', '2026-12-20T00:00', 'Europe/Berlin', '2026-12-19T23:00:00.000Z'],
  ['by a quarter of an hour', '2026-12-20T00:00', 'Asia/Kathmandu', '2026-12-19T18:15:00.000Z'],
  ['that is skipped', '2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
  ['that comes twice', '2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
  [
    'at a midnight that is skipped',
    '2026-09-06T00:00',
    'America/Santiago',
    '2026-09-06T04:00:00.000Z',
  ],
  [
    'with an offset of its own',
    '2026-07-01T00:00:00+05:45',
    'Europe/Berlin',
    '2026-06-30T18:15:00.000Z',
  ],
];
for (const [sentence, moment, zone, instant] of rows) {
  test(`a time ${sentence}`, () => {
    assert.equal(new Date(instantOf(moment, zone)).toISOString(), instant);
  });
}

test('an instant is said in its time zone and in UTC', () => {
  const ms = Date.parse('2026-03-07T21:00:00Z');
  assert.equal(describeInstant(ms, 'UTC'), 'Sat 2026-03-07 21:00 UTC');
  assert.equal(
    describeInstant(ms, 'Europe/Berlin'),
    'Sat 2026-03-07 22:00 Europe/Berlin (21:00 UTC)',
  );
  assert.equal(
    describeInstant(ms, 'Asia/Kathmandu'),
    'Sun 2026-03-08 02:45 Asia/Kathmandu (2026-03-07 21:00 UTC)',
  );
});
