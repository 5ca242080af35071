import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Objection } from './verify.ts';

/**
 * Signatures as `minisign -S` makes them: four lines, of which the second holds `ED`, the id of the key,
 * and an Ed25519 signature of the file's BLAKE2b-512; the fourth holds one over that signature and the
 * trusted comment. The older `Ed`, which signs the file itself, would need the whole file in memory.
 * @see https://jedisct1.github.io/minisign/
 */
export interface TrustedKey {
  /** As minisign shows it: 16 upper-case hex digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/** A signature with its comment is some 300 bytes; nothing longer is read. */
export const LONGEST_SIGNATURE_BYTES = 4096;

const ID_BYTES = 8;
const KEY_BYTES = 2 + ID_BYTES + 32;
const SIGNATURE_BYTES = 2 + ID_BYTES + 64;
/** What DER puts before the 32 bytes of an Ed25519 public key. */
const DER_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * @param text the line of a public key, or the whole file that holds it
 * @returns undefined for what is no minisign public key
 */
export function parsePublicKey(text: string): TrustedKey | undefined {
  const line = text.trim().split('\n').at(-1)?.trim() ?? '';
  const bytes = fromBase64(line, KEY_BYTES);
  if (bytes === undefined || bytes.toString('latin1', 0, 2) !== 'Ed') return undefined;
  const raw = bytes.subarray(2 + ID_BYTES);
  const key = createPublicKey({
    key: Buffer.concat([DER_HEAD, raw]),
    format: 'der',
    type: 'spki',
  });
  return { id: idOf(bytes), key };
}

export interface SignedFile {
  /** Where the signature was looked for, as it may be shown. */
  readonly from: string;
  /** Of the file: 128 hex digits. */
  readonly blake2b512: string;
}

/**
 * Judges a file by the text of its signature.
 * @param trustedKeys as minisign prints them; those that cannot be read are trusted with nothing
 * @returns undefined when one of the keys has signed this very content
 */
export function judgeSignature(
  text: string,
  { from, blake2b512 }: SignedFile,
  trustedKeys: readonly string[],
): Objection | undefined {
  const keys = trustedKeys.map(parsePublicKey).filter((key) => key !== undefined);
  const object = (found: string) => unsigned(from, trustedKeys, found);
  const parsed = parseSignature(text);
  if (parsed.kind === 'malformed') return object(parsed.message);
  const sameId = keys.filter(({ id }) => id === parsed.keyId);
  if (sameId.length === 0) return object(`one of key ${parsed.keyId}`);
  const content = Buffer.from(blake2b512, 'hex');
  const signer = sameId.find(({ key }) => verify(null, content, key, parsed.signature));
  if (signer === undefined) {
    return object(`one of key ${parsed.keyId} that is not of this content`);
  }
  const withComment = Buffer.concat([parsed.signature, Buffer.from(parsed.trustedComment)]);
  if (!verify(null, withComment, signer.key, parsed.commentSignature)) {
    return object(
      `one of key ${parsed.keyId} whose trusted comment ${clip(parsed.trustedComment)} is not what was signed`,
    );
  }
  return undefined;
}

/** The objection to a file without a good signature. */
export function unsigned(from: string, trustedKeys: readonly string[], found: string): Objection {
  const ids = trustedKeys.flatMap((key) => parsePublicKey(key)?.id ?? []);
  const wanted = ids.length === 1 ? `key ${ids[0]}` : `one of the keys ${ids.join(', ')}`;
  return {
    reason: 'SignatureInvalid',
    message: `wanted a signature of ${wanted} at ${from}, found ${found}`,
  };
}

type Parsed =
  | { readonly kind: 'malformed'; readonly message: string }
  | {
      readonly kind: 'parsed';
      readonly keyId: string;
      readonly signature: Buffer;
      readonly trustedComment: string;
      readonly commentSignature: Buffer;
    };

function parseSignature(text: string): Parsed {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const [comment = '', first = '', trusted = '', second = ''] = lines;
  if (lines.length !== 4 || !comment.startsWith('untrusted comment:')) {
    return malformed(`no minisign signature: ${clip(text)}`);
  }
  const bytes = fromBase64(first, SIGNATURE_BYTES);
  if (bytes === undefined) {
    return malformed(`a malformed one: line 2 is not ${SIGNATURE_BYTES} bytes in base64`);
  }
  const algorithm = bytes.toString('latin1', 0, 2);
  if (algorithm === 'Ed') return malformed('one in the legacy form of minisign -l');
  if (algorithm !== 'ED') {
    return malformed(`one of the unknown algorithm ${JSON.stringify(algorithm)}`);
  }
  const prefix = 'trusted comment: ';
  if (!trusted.startsWith(prefix)) {
    return malformed('a malformed one: line 3 is no trusted comment');
  }
  const commentSignature = fromBase64(second, 64);
  if (commentSignature === undefined) {
    return malformed('a malformed one: line 4 is not 64 bytes in base64');
  }
  return {
    kind: 'parsed',
    keyId: idOf(bytes),
    signature: bytes.subarray(2 + ID_BYTES),
    trustedComment: trusted.slice(prefix.length),
    commentSignature,
  };
}

function malformed(message: string): Parsed {
  return { kind: 'malformed', message };
}

/** @returns undefined where the text is anything but just so many bytes, written in the one right way */
function fromBase64(text: string, bytes: number): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text ? decoded : undefined;
}

/** The id stands before key and signature alike, lowest byte first. */
function idOf(bytes: Buffer): string {
  return bytes.readBigUInt64LE(2).toString(16).toUpperCase().padStart(16, '0');
}

function clip(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
