import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { judgeSignature, parsePublicKey } from '../../../src/artifacts/signature.ts';
import {
  makeKeys,
  makeSignature,
  type ParsedSecretKey,
  parseSecretKey,
  publicKeyOfPem,
} from '../../../src/channels/secret-key.ts';

/** Made with minisign 0.11, the first with `-W`; the password of the other is `correct horse`. */
const read = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../fixtures/minisign', name), 'utf8');
const blake2b512 = createHash('blake2b512').update('content').digest();

/** Signs with it, and has the signature judged by the public key. */
function assertSigns(parsed: ParsedSecretKey, publicKey: string): void {
  assert.equal(parsed.kind, 'key', JSON.stringify(parsed));
  if (parsed.kind !== 'key') return;
  const text = makeSignature(parsed.key, blake2b512, { untrusted: 'a', trusted: 'b' });
  const file = { from: 'here', blake2b512: blake2b512.toString('hex') };
  assert.equal(judgeSignature(text, file, [publicKey]), undefined);
  assert.equal(parsed.key.id, parsePublicKey(publicKey)?.id);
  assert.deepEqual(
    parsePublicKey(parsed.key.publicKey)?.key.export({ format: 'jwk' }),
    parsePublicKey(publicKey)?.key.export({ format: 'jwk' }),
  );
}

describe('a secret key', () => {
  it('of minisign signs what its public key verifies', () => {
    assertSigns(parseSecretKey(read('secret-plain.key')), read('secret-plain.pub'));
  });
  it('of minisign that is encrypted signs with its password', () => {
    const parsed = parseSecretKey(read('secret-encrypted.key'), 'correct horse');
    assertSigns(parsed, read('secret-encrypted.pub'));
  });
  it('that is encrypted is locked without a password', () => {
    assert.deepEqual(parseSecretKey(read('secret-encrypted.key')), { kind: 'locked' });
  });
  it('that is encrypted is not opened by another password', () => {
    assert.deepEqual(parseSecretKey(read('secret-encrypted.key'), 'battery staple'), {
      kind: 'invalid',
      message: 'wanted its password, found another',
    });
  });
  it('that we have made signs, and is of the same form', () => {
    const keys = makeKeys();
    assertSigns(parseSecretKey(keys.secret), keys.public);
    assert.equal(
      keys.secret.split('\n')[1]?.length,
      read('secret-plain.key').split('\n')[1]?.length,
    );
  });
  it('in PEM signs, plain or encrypted, and always has the same id', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const plain = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const encrypted = privateKey
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString();
    const parsed = parseSecretKey(plain);
    const publicKey = parsed.kind === 'key' ? parsed.key.publicKey : '';
    assertSigns(parsed, publicKey);
    assert.equal(publicKeyOfPem(plain), publicKey);
    assert.equal(publicKeyOfPem('hello'), undefined);
    assertSigns(parseSecretKey(encrypted, 'x'), publicKey);
    assert.deepEqual(parseSecretKey(encrypted), { kind: 'locked' });
    assert.deepEqual(parseSecretKey(encrypted, 'y'), {
      kind: 'invalid',
      message: 'wanted a private key in PEM, found another password',
    });
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const costly = (() => {
    const [comment, line = ''] = read('secret-encrypted.key').split('\n');
    const bytes = Buffer.from(line, 'base64');
    bytes.writeBigUInt64LE(2n ** 40n, 46);
    return `${comment}\n${bytes.toString('base64')}\n`;
  })();
  for (const [sentence, text, message] of [
    [
      'that is none',
      'hello',
      'wanted a secret key of minisign (158 bytes in base64 on the last line) or PKCS8 in PEM, found neither',
    ],
    [
      'that is a public key',
      read('secret-plain.pub'),
      'wanted a secret key of minisign (158 bytes in base64 on the last line) or PKCS8 in PEM, found neither',
    ],
    [
      'of another kind',
      rsa.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'wanted an ed25519 key, found one of rsa',
    ],
    ['that would cost a terabyte', costly, 'wanted the costs of minisign, found higher ones'],
  ] as const) {
    it(`${sentence} is refused`, () => {
      assert.deepEqual(parseSecretKey(text, 'x'), { kind: 'invalid', message });
    });
  }
});
