import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  scryptSync,
  sign,
} from 'node:crypto';
import { messageOf } from '../errors.ts';

/** What indexes and artifacts are signed with. */
export interface SecretKey {
  /** As minisign shows it: 16 upper-case hex digits. */
  readonly id: string;
  readonly key: KeyObject;
  /** The line that readers trust. */
  readonly publicKey: string;
}

export type ParsedSecretKey =
  | { readonly kind: 'key'; readonly key: SecretKey }
  /** It is encrypted, and no password was given. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'invalid'; readonly message: string };

/** A minisign secret key in plain: two of algorithm, two of derivation, two of checksum, salt and costs. */
const HEAD_BYTES = 2 + 2 + 2 + 32 + 8 + 8;
/** Id of the key, seed, public key, checksum. */
const BODY_BYTES = 8 + 32 + 32 + 32;
/** What DER puts before the 32 bytes of an Ed25519 seed. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
/** What minisign itself takes; a key file must not cost more. */
const MOST_SCRYPT_BYTES = 1024 ** 3;

/**
 * Reads a secret key: of minisign, plain or encrypted, or Ed25519 as PKCS8 in PEM, plain or encrypted.
 * An encrypted one of minisign costs 1 GiB of memory and some seconds, as it does there.
 * @param password absent: an encrypted key is `locked`
 * @see https://jedisct1.github.io/minisign/
 */
export function parseSecretKey(text: string, password?: string): ParsedSecretKey {
  return text.trimStart().startsWith('-----BEGIN')
    ? fromPem(text, password)
    : fromMinisign(text, password);
}

/** Makes a new pair. @returns the files that minisign would write, the secret one not encrypted */
export function makeKeys(): {
  readonly secret: string;
  readonly public: string;
  readonly id: string;
} {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { id, publicKey } = ofKey(privateKey);
  const { seed, point } = rawOf(privateKey);
  const body = Buffer.concat([idBytesOf(id), seed, point, Buffer.alloc(32)]);
  const head = Buffer.alloc(HEAD_BYTES);
  head.write('Ed\0\0B2', 'latin1');
  return {
    id,
    secret: `untrusted comment: minisign secret key ${id}\n${Buffer.concat([head, body]).toString('base64')}\n`,
    public: publicKeyFile(id, publicKey),
  };
}

/** @returns the line that readers trust, of an ed25519 key in PEM; undefined for any other */
export function publicKeyOfPem(pem: string): string | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519'
      ? lineOf(idOf(pointOf(key)), pointOf(key))
      : undefined;
  } catch {
    return undefined;
  }
}

function publicKeyFile(id: string, publicKey: string): string {
  return `untrusted comment: minisign public key ${id}\n${publicKey}\n`;
}

/**
 * Signs as `minisign -S` does.
 * @param blake2b512 of the content
 * @returns four lines
 */
export function makeSignature(
  { id, key }: SecretKey,
  blake2b512: Buffer,
  comments: { readonly untrusted: string; readonly trusted: string },
): string {
  const signature = sign(null, blake2b512, key);
  const second = sign(null, Buffer.concat([signature, Buffer.from(comments.trusted)]), key);
  const first = Buffer.concat([Buffer.from('ED'), idBytesOf(id), signature]);
  return `untrusted comment: ${comments.untrusted}
${first.toString('base64')}
trusted comment: ${comments.trusted}
${second.toString('base64')}
`;
}

function fromPem(text: string, password: string | undefined): ParsedSecretKey {
  if (password === undefined && /ENCRYPTED/.test(text)) return { kind: 'locked' };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(password !== undefined && { passphrase: password }) });
  } catch (thrown) {
    const why = /ENCRYPTED/.test(text) ? 'another password' : messageOf(thrown);
    return invalid(`wanted a private key in PEM, found ${why}`);
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    return invalid(
      `wanted an ed25519 key, found one of ${key.asymmetricKeyType ?? 'no known kind'}`,
    );
  }
  return { kind: 'key', key: ofKey(key) };
}

/** PEM has no id: it is drawn from the public key, so that it is always the same. */
function ofKey(key: KeyObject): SecretKey {
  return withId(key, idOf(rawOf(key).point));
}

function idOf(bytes: Buffer): string {
  return bytes.readBigUInt64LE(0).toString(16).toUpperCase().padStart(16, '0');
}

function withId(key: KeyObject, id: string): SecretKey {
  return { id, key, publicKey: lineOf(id, rawOf(key).point) };
}

function lineOf(id: string, point: Buffer): string {
  return Buffer.concat([Buffer.from('Ed'), idBytesOf(id), point]).toString('base64');
}

function fromMinisign(text: string, password: string | undefined): ParsedSecretKey {
  const line = text.trim().split('\n').at(-1)?.trim() ?? '';
  const bytes = Buffer.from(line, 'base64');
  const length = HEAD_BYTES + BODY_BYTES;
  if (bytes.length !== length || bytes.toString('base64') !== line) {
    return invalid(
      `wanted a secret key of minisign (${length} bytes in base64 on the last line) or PKCS8 in PEM, found neither`,
    );
  }
  if (bytes.toString('latin1', 0, 2) !== 'Ed')
    return invalid('wanted a key of the kind Ed, found another');
  const derivation = bytes.toString('latin1', 2, 4);
  const body = Buffer.from(bytes.subarray(HEAD_BYTES));
  if (derivation === 'Sc') {
    if (password === undefined) return { kind: 'locked' };
    const mask = maskOf(bytes, password);
    if (mask === undefined) return invalid('wanted the costs of minisign, found higher ones');
    for (const [at, byte] of mask.entries()) body[at] = body[at]! ^ byte;
  } else if (derivation !== '\0\0') {
    return invalid(
      `wanted a key that is plain or encrypted with Sc, found ${JSON.stringify(derivation)}`,
    );
  }
  const id = idOf(body);
  const der = Buffer.concat([PKCS8_HEAD, body.subarray(8, 40)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  // stands for minisign's checksum: a wrong password gives a seed of another key
  if (!rawOf(key).point.equals(body.subarray(40, 72))) {
    return invalid(
      derivation === 'Sc' ? 'wanted its password, found another' : 'the key is damaged',
    );
  }
  return { kind: 'key', key: withId(key, id) };
}

/** What an encrypted body is masked with, by libsodium's reading of the costs. */
function maskOf(bytes: Buffer, password: string): Buffer | undefined {
  const salt = bytes.subarray(6, 38);
  const operations = Math.max(32_768, Number(bytes.readBigUInt64LE(38)));
  const memory = Number(bytes.readBigUInt64LE(46));
  if (memory > MOST_SCRYPT_BYTES || operations > MOST_SCRYPT_BYTES / 32) return undefined;
  const blockSize = 8;
  const isCpuBound = operations < memory / 32;
  const most = isCpuBound ? operations / (blockSize * 4) : memory / (blockSize * 128);
  let cost = 2;
  while (cost <= most / 2) cost *= 2;
  const parallelization = isCpuBound
    ? 1
    : Math.max(1, Math.floor(operations / 4 / cost / blockSize));
  return scryptSync(password, salt, BODY_BYTES, {
    cost,
    blockSize,
    parallelization,
    maxmem: MOST_SCRYPT_BYTES + 64 * 1024 ** 2,
  });
}

function rawOf(key: KeyObject): { readonly seed: Buffer; readonly point: Buffer } {
  const seed = key.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  return { seed, point: pointOf(createPublicKey(key)) };
}

function pointOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** Lowest byte first. */
function idBytesOf(id: string): Buffer {
  return Buffer.from(id, 'hex').reverse();
}

function invalid(message: string): ParsedSecretKey {
  return { kind: 'invalid', message };
}
