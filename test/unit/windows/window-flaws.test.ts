import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPolicyLayer } from '../../../src/api/policy-flaws.ts';
import { windowFlaws } from '../../../src/windows/window-flaws.ts';

const window = { start: '22:00', length: '2h' };
const freeze = { name: 'fair', from: '2026-12-20T00:00', to: '2027-01-02T00:00' };

/** All that is found, by the schema or by the meaning. */
function flawsOf(policy: object): string[] {
  const read = readPolicyLayer(policy);
  const flaws = read.kind === 'layer' ? windowFlaws(read.layer) : read.flaws;
  return flaws.map(({ path, message }) => `${path}: ${message}`);
}

const refused: [sentence: string, policy: object, flaws: RegExp][] = [
  [
    'a 30 February',
    { windows: [window, { cron: '0 22 30 2 *', length: '2h' }] },
    /^windows\.1\.cron: "0 22 30 2 \*" never comes, so it never opens$/,
  ],
  [
    'no length',
    { windows: [{ ...window, length: '0s' }] },
    /^windows\.0\.length: wanted longer than 0s, found 0s: it would never be open$/,
  ],
  [
    'a time zone that there is not',
    { windows: [{ ...window, timeZone: 'Mars/Olympus' }] },
    /^windows\.0\.timeZone: wanted an IANA time zone such as Europe\/Berlin, found "Mars\/Olympus"$/,
  ],
  [
    'an offset for a time zone',
    { windows: [{ ...window, timeZone: '+02:00' }] },
    /^windows\.0\.timeZone: wanted an IANA time zone/,
  ],
  [
    'a cron that is none',
    { windows: [{ cron: 'at night', length: '2h' }] },
    /^windows\.0\.cron: wanted five fields of cron, found "at night": /,
  ],
  [
    'a cron with seconds',
    { windows: [{ cron: '0 0 22 * * *', length: '2h' }] },
    /^windows\.0\.cron: wanted five fields of cron/,
  ],
  ['neither start nor cron', { windows: [{ length: '2h' }] }, /^windows\.0: wanted start/],
  [
    'days with cron',
    { windows: [{ days: ['Mon'], cron: '0 22 * * *', length: '2h' }] },
    /^windows\.0: wanted start/,
  ],
  ['no days', { windows: [{ ...window, days: [] }] }, /^windows\.0\.days: /],
  ['25 o’clock', { windows: [{ ...window, start: '25:00' }] }, /^windows\.0\.start: wanted a time/],
  [
    'a freeze that ends before it begins',
    { freezes: [{ ...freeze, to: '2026-12-19T00:00' }] },
    /^freezes\.0\.to: wanted later than from/,
  ],
  [
    'a freeze from a 31 November',
    { freezes: [{ ...freeze, from: '2026-11-31T00:00' }] },
    /^freezes\.0\.from: wanted a date that exists, found 2026-11-31T00:00$/,
  ],
  ['a freeze by date alone', { freezes: [{ ...freeze, to: '2027-01-02' }] }, /^freezes\.0\.to: /],
];
for (const [sentence, policy, flaws] of refused) {
  test(`${sentence} is refused by its path`, () => {
    const found = flawsOf(policy);
    assert.equal(found.length, 1, `${found}`);
    assert.match(found[0]!, flaws);
  });
}

test('what makes sense is accepted', () => {
  const windows = [
    window,
    { ...window, days: ['Sat', 'Sun'], timeZone: 'Australia/Lord_Howe' },
    { cron: '0 22 29 2 *', length: '1h' },
    { cron: '*/5 1-3 * * MON-FRI', length: '30m', timeZone: 'Asia/Kathmandu' },
  ];
  const freezes = [freeze, { ...freeze, from: '2026-12-20T00:00:00+01:00', reason: 'the fair' }];
  assert.deepEqual(flawsOf({ windows, freezes }), []);
});
