import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareK0sVersions,
  isKubeletOf,
  minorsBetween,
  parseK0sVersion,
} from '../../../src/api/k0s-version.ts';

const parse = (text: string) => {
  const version = parseK0sVersion(text);
  assert.ok(version, text);
  return version;
};

for (const text of ['v1.36.3+k0s.0', 'v0.0.0', 'v1.29.5+k0s.0-ec.0', 'v1.37.0-rc.1+k0s.2']) {
  test(`${text} is a version`, () => assert.equal(parseK0sVersion(text)?.text, text));
}
for (const text of ['1.36.3+k0s.0', 'v1.36', 'latest', '', 'V1.36.3', 'v1.36.3+K0s.0']) {
  test(`${JSON.stringify(text)} is no version`, () =>
    assert.equal(parseK0sVersion(text), undefined));
}

const ascending = [
  'v1.36.0-rc.9+k0s.0',
  'v1.36.0-rc.10+k0s.0',
  'v1.36.0',
  'v1.36.0+k0s.0',
  'v1.36.0+k0s.2',
  'v1.36.0+k0s.10',
  'v1.36.2+k0s.0',
  'v1.37.0+k0s.0',
  'v2.0.0+k0s.0',
];
test('builds and pre-releases are ordered by number', () => {
  for (let low = 0; low < ascending.length; low++) {
    for (let high = 0; high < ascending.length; high++) {
      assert.equal(
        compareK0sVersions(parse(ascending[low]!), parse(ascending[high]!)),
        Math.sign(low - high),
        `${ascending[low]} and ${ascending[high]}`,
      );
    }
  }
});

test('minors are counted within a major only', () => {
  assert.equal(minorsBetween(parse('v1.35.9'), parse('v1.36.0')), 1);
  assert.equal(minorsBetween(parse('v1.36.0'), parse('v1.34.0')), -2);
  assert.ok(Number.isNaN(minorsBetween(parse('v1.36.0'), parse('v2.0.0'))));
});

test('a kubelet reports its version without the build number', () => {
  assert.ok(isKubeletOf('v1.36.3+k0s', parse('v1.36.3+k0s.7')));
  assert.ok(!isKubeletOf('v1.36.1+k0s', parse('v1.36.3+k0s.7')));
  assert.ok(!isKubeletOf('', parse('v1.36.3+k0s.7')));
});
