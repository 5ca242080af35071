import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION } from '../../../src/api/meta.ts';
import { parseExemptions } from '../../../src/targets/exemption.ts';

const UNTIL = Date.parse('2026-03-02T06:00:00Z');
const wantedTime = 'a time with its offset, such as 2026-03-01T22:00:00Z';
const unreadable = (annotation: string, wanted: string, found: string) => ({
  kind: 'unreadable',
  annotation,
  message: `annotation ${annotation}: wanted ${wanted}; found ${JSON.stringify(found)}`,
});
const optOut = (text: string) => parseExemptions({ [ANNOTATION.optOut]: text });
const pin = (text: string) => parseExemptions({ [ANNOTATION.pin]: text });
const wantedPin = `VERSION or VERSION@TIME, TIME being ${wantedTime}`;

test('a node without annotations is not left out', () => {
  assert.equal(parseExemptions(undefined), undefined);
  assert.equal(parseExemptions({ other: 'x' }), undefined);
});

test('an opt-out says until when', () => {
  assert.deepEqual(optOut('2026-03-02T06:00:00Z'), [{ kind: 'optOut', untilMs: UNTIL }]);
  assert.deepEqual(optOut(' 2026-03-02T07:00:00+01:00 '), [{ kind: 'optOut', untilMs: UNTIL }]);
});

test('a pin says a version, and until when if it is not for good', () => {
  const version = 'v1.36.1+k0s.0';
  assert.deepEqual(pin(version), [{ kind: 'pin', version, untilMs: undefined }]);
  assert.deepEqual(pin(`${version}@2026-03-02T06:00:00Z`), [
    { kind: 'pin', version, untilMs: UNTIL },
  ]);
});

for (const text of [
  '',
  'true',
  'tomorrow',
  '2026-03-02',
  '2026-03-02T06:00:00',
  '2026-13-02T06:00:00Z',
]) {
  test(`an opt-out that says ${JSON.stringify(text)} cannot be read, and tells what was wanted`, () => {
    assert.deepEqual(optOut(text), [unreadable(ANNOTATION.optOut, wantedTime, text)]);
  });
}

for (const text of [
  '',
  'newest',
  '@2026-03-02T06:00:00Z',
  'v1.36.1+k0s.0@',
  'v1.36.1+k0s.0@soon',
  'v1.36.1+k0s.0@2026-03-02T06:00:00Z@x',
]) {
  test(`a pin that says ${JSON.stringify(text)} cannot be read, and tells what was wanted`, () => {
    assert.deepEqual(pin(text), [unreadable(ANNOTATION.pin, wantedPin, text)]);
  });
}

test('both may be said; what is long is shown in part', () => {
  const both = parseExemptions({
    [ANNOTATION.optOut]: 'x'.repeat(99),
    [ANNOTATION.pin]: 'v1.36.1+k0s.0',
  });
  assert.deepEqual(
    both?.map(({ kind }) => kind),
    ['unreadable', 'pin'],
  );
  assert.match(both?.[0]?.kind === 'unreadable' ? both[0].message : '', /found "x{60}…"$/);
});
