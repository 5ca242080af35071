import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Freeze, MaintenanceWindow } from '../../../src/api/policy-time.ts';
import { windowAt } from '../../../src/windows/window-at.ts';

/** `open until 2026-…`, `closed until 2026-…`, with the name of the freeze. */
function said(windows: MaintenanceWindow[], freezes: Freeze[], now: string): string {
  const state = windowAt(windows, freezes, Date.parse(now));
  const iso = (ms: number | undefined) => (ms === undefined ? 'ever' : new Date(ms).toISOString());
  return state.kind === 'open'
    ? `open until ${iso(state.closesAtMs)}`
    : `closed${state.freeze ? ` by ${state.freeze.name}` : ''} until ${iso(state.opensAtMs)}`;
}

const night: MaintenanceWindow = { days: ['Sat'], start: '22:00', length: '4h' };
const fair: Freeze = { name: 'fair', from: '2026-03-07T00:00', to: '2026-03-08T01:00' };

const rows: [string, MaintenanceWindow[], Freeze[], now: string, state: string][] = [
  ['without windows it is always open', [], [], '2026-03-07T00:00Z', 'open until ever'],
  [
    'over midnight it stays open',
    [night],
    [],
    '2026-03-08T01:59:59Z',
    'open until 2026-03-08T02:00:00.000Z',
  ],
  [
    'at its end it is closed until the next',
    [night],
    [],
    '2026-03-08T02:00Z',
    'closed until 2026-03-14T22:00:00.000Z',
  ],
  [
    'windows that touch are one',
    [night, { ...night, start: '12:00', length: '10h' }],
    [],
    '2026-03-07T13:00Z',
    'open until 2026-03-08T02:00:00.000Z',
  ],
  [
    'a freeze wins, and the window is open behind it',
    [night],
    [fair],
    '2026-03-07T23:00Z',
    'closed by fair until 2026-03-08T01:00:00.000Z',
  ],
  [
    'a window closes where a freeze begins',
    [{ ...night, days: ['Fri'] }],
    [fair],
    '2026-03-06T23:00Z',
    'open until 2026-03-07T00:00:00.000Z',
  ],
  [
    'a window that a freeze takes whole is not the next one',
    [night],
    [{ ...fair, to: '2026-03-08T09:00' }],
    '2026-03-06T00:00Z',
    'closed until 2026-03-14T22:00:00.000Z',
  ],
  [
    'the time that passes counts: a window is not shorter for clocks that are put forward',
    [{ start: '01:30', length: '1h', timeZone: 'Europe/Berlin' }],
    [],
    '2026-03-29T00:45Z',
    'open until 2026-03-29T01:30:00.000Z',
  ],
  [
    'by cron',
    [{ cron: '0 3 1 * *', length: '30m', timeZone: 'Asia/Kathmandu' }],
    [],
    '2026-03-07T00:00Z',
    'closed until 2026-03-31T21:15:00.000Z',
  ],
];
for (const [sentence, windows, freezes, now, state] of rows) {
  test(sentence, () => assert.equal(said(windows, freezes, now), state));
}
