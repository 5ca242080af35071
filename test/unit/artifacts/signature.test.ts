import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { judgeSignature, parsePublicKey } from '../../../src/artifacts/signature.ts';

/** Made with minisign 0.11. */
const read = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/minisign', name), 'utf8');
const RELEASE = read('release.pub');
const OTHER = read('other.pub');
const GOOD = read('artifact.minisig');
const blake2b512 = createHash('blake2b512').update(read('artifact')).digest('hex');
const signed = { from: 'https://releases/k0s.minisig', blake2b512 };
const WANTED = 'wanted a signature of key 4BDAFA210FDF762E at https://releases/k0s.minisig, found ';

/** The n-th line changed. */
function withLine(n: number, change: (line: string) => string): string {
  return GOOD.split('\n')
    .map((line, at) => (at === n - 1 ? change(line) : line))
    .join('\n');
}
const flip = (line: string) => line.slice(0, 40) + (line[40] === 'A' ? 'B' : 'A') + line.slice(41);

describe('a signature by minisign', () => {
  it('is well for the content that it was made for', () => {
    assert.equal(judgeSignature(GOOD, signed, [RELEASE]), undefined);
  });
  it('is well when any of the trusted keys has made it, given as a file or as its line', () => {
    const line = RELEASE.split('\n')[1] ?? '';
    assert.equal(judgeSignature(GOOD, signed, [OTHER, line]), undefined);
  });
  it('is well with the ends of lines of Windows', () => {
    assert.equal(judgeSignature(GOOD.replaceAll('\n', '\r\n'), signed, [RELEASE]), undefined);
  });

  for (const [sentence, text, found] of [
    ['of another key is refused', read('artifact.other.minisig'), 'one of key C98975D8F91CE519'],
    [
      'of another file is refused',
      read('another.minisig'),
      'one of key 4BDAFA210FDF762E that is not of this content',
    ],
    [
      'in the legacy form is refused',
      read('artifact.legacy.minisig'),
      'one in the legacy form of minisign -l',
    ],
    [
      'with a bit changed is refused',
      withLine(2, flip),
      'one of key 4BDAFA210FDF762E that is not of this content',
    ],
    [
      'with another trusted comment is refused',
      withLine(3, () => 'trusted comment: k0s v9'),
      'one of key 4BDAFA210FDF762E whose trusted comment "k0s v9" is not what was signed',
    ],
    [
      'with a changed signature of the comment is refused',
      withLine(4, flip),
      'one of key 4BDAFA210FDF762E whose trusted comment "k0s v1.36.3+k0s.0 amd64" is not what was signed',
    ],
    [
      'that is a page is refused',
      '<html>not found</html>',
      'no minisign signature: "<html>not found</html>"',
    ],
    ['that is empty is refused', '', 'no minisign signature: ""'],
    [
      'that is cut off is refused',
      withLine(2, (line) => line.slice(0, 60)),
      'a malformed one: line 2 is not 74 bytes in base64',
    ],
    [
      'with more behind it is refused',
      `${GOOD}more\n`,
      `no minisign signature: ${JSON.stringify(`${GOOD.slice(0, 57)}...`)}`,
    ],
  ] as const) {
    it(sentence, () =>
      assert.deepEqual(judgeSignature(text, signed, [RELEASE]), {
        reason: 'SignatureInvalid',
        message: WANTED + found,
      }),
    );
  }

  it('with the id of a trusted key and made by another is refused', () => {
    const bytes = Buffer.from(read('artifact.other.minisig').split('\n')[1] ?? '', 'base64');
    Buffer.from(GOOD.split('\n')[1] ?? '', 'base64').copy(bytes, 2, 2, 10);
    const forged = withLine(2, () => bytes.toString('base64'));
    assert.match(judgeSignature(forged, signed, [RELEASE])?.message ?? '', /not of this content$/);
  });
});

describe('a public key of minisign', () => {
  it('is known by the id that minisign shows', () => {
    assert.equal(parsePublicKey(RELEASE)?.id, '4BDAFA210FDF762E');
  });
  for (const text of ['', 'RWQ', 'ssh-ed25519 AAAA', GOOD, `${RELEASE.trim()}A`, 'A'.repeat(56)]) {
    it(`is not ${JSON.stringify(text.slice(0, 20))}`, () =>
      assert.equal(parsePublicKey(text), undefined));
  }
});
