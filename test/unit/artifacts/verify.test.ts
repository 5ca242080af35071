import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeContent, judgeVersion, withoutSecrets } from '../../../src/artifacts/verify.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const url = 'https://user:pw@releases/k0s?signature=secret';

describe('the content of an artifact', () => {
  for (const [sentence, sha256, found, objection] of [
    ['is well when its digest is the one wanted', A, { sha256: A, sizeBytes: 9 }, undefined],
    ['is well when nobody knows its digest', undefined, { sha256: B, sizeBytes: 9 }, undefined],
    [
      'is refused with another digest',
      A,
      { sha256: B, sizeBytes: 9 },
      {
        reason: 'ChecksumMismatch',
        message: `wanted sha256 ${A}, found ${B} (9 bytes from https://releases/k0s)`,
      },
    ],
    [
      'is refused when it is empty',
      undefined,
      { sha256: B, sizeBytes: 0 },
      {
        reason: 'NotExecutable',
        message: 'the artifact is empty (0 bytes from https://releases/k0s)',
      },
    ],
  ] as const) {
    it(sentence, () => assert.deepEqual(judgeContent({ url, sha256 }, found), objection));
  }
});

describe('what an artifact says about itself', () => {
  const wanted = { version: 'v1.36.3+k0s.0', force: false, url };
  for (const [sentence, force, said, objection] of [
    ['is well when it is the version wanted', false, 'v1.36.3+k0s.0', undefined],
    [
      'is refused when only the build differs',
      false,
      'v1.36.3+k0s.1',
      {
        reason: 'VersionMismatch',
        message:
          'wanted v1.36.3+k0s.0, but the binary from https://releases/k0s says it is "v1.36.3+k0s.1"',
      },
    ],
    ['may be anything when forced', true, 'v1.0.0', undefined],
  ] as const) {
    it(sentence, () => assert.deepEqual(judgeVersion({ ...wanted, force }, said), objection));
  }
});

it('an address is shown without what may be secret in it', () => {
  assert.equal(withoutSecrets(url), 'https://releases/k0s');
  assert.equal(withoutSecrets('no url'), '"no url"');
});
