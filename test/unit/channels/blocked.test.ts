import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import { isWithin, parseRange } from '../../../src/channels/version-range.ts';

describe('a range of versions', () => {
  for (const [range, version, is] of [
    ['<v1.36.3', 'v1.36.2+k0s.9', true],
    ['<v1.36.3', 'v1.36.3+k0s.0', false],
    ['<v1.36.3', 'v1.36.3-rc.1+k0s.0', true],
    ['<=v1.36.3+k0s.1', 'v1.36.3+k0s.1', true],
    ['<=v1.36.3+k0s.1', 'v1.36.3+k0s.10', false],
    ['>=v1.35.0 <v1.36.0', 'v1.35.9+k0s.0', true],
    ['>=v1.35.0 <v1.36.0', 'v1.34.9+k0s.0', false],
    ['v1.36.3+k0s.0', 'v1.36.3+k0s.0', true],
    ['=v1.36.3+k0s.0', 'v1.36.3+k0s.1', false],
    ['>v1.36.3+k0s.0', 'v1.36.3+k0s.0', false],
  ] as const) {
    it(`${range} ${is ? 'holds' : 'does not hold'} ${version}`, () => {
      assert.equal(isWithin(parseRange(range)!, parseK0sVersion(version)!), is);
    });
  }
  for (const text of ['', '<', 'older', '1.36.3', '<v1.36.3,>v1', '~v1.36.3']) {
    it(`is none: ${JSON.stringify(text)}`, () => assert.equal(parseRange(text), undefined));
  }
});
