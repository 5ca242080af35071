import { createHash } from 'node:crypto';
import { judgeSignature, parsePublicKey } from '../artifacts/signature.ts';

/**
 * A signed index ends with the four lines of a minisign signature over all that stands before them, each a
 * YAML comment: `# ` and the line. One file is one publication; there is no second one to be out of step.
 */
const SIGNATURE_LINES = 4;
const COMMENT = '# ';
const HEAD = `${COMMENT}untrusted comment:`;

export interface SignedBytes {
  /** What is signed, where there is a signature; else the whole file. */
  readonly content: Buffer;
  /** As `minisign -V` takes it; absent where the file does not end with one. */
  readonly signature?: string;
}

/** Parts the signature from what it is of. */
export function splitSigned(bytes: Uint8Array): SignedBytes {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = startOfLastLines(whole, SIGNATURE_LINES);
  const lines = whole
    .toString('utf8', start)
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  if (lines.length !== SIGNATURE_LINES || !lines[0]?.startsWith(HEAD)) return { content: whole };
  const signature = lines.map((line) => (line.startsWith(COMMENT) ? line.slice(2) : line));
  return { content: whole.subarray(0, start), signature: `${signature.join('\n')}\n` };
}

/** @param signature four lines, as minisign writes them */
export function joinSigned(content: Uint8Array, signature: string): Buffer {
  const lines = signature.trimEnd().split(/\r?\n/);
  return Buffer.concat([content, Buffer.from(lines.map((line) => `${COMMENT}${line}\n`).join(''))]);
}

export interface SignatureObjection {
  readonly kind: 'refused';
  readonly reason: 'IndexUnsigned' | 'IndexSignatureInvalid';
  readonly message: string;
}

/**
 * @param from where the index comes from, for messages
 * @param trustedKeys minisign public keys, at least one
 * @returns undefined when one of the keys has signed this very content
 */
export function judgeIndexSignature(
  { content, signature }: SignedBytes,
  from: string,
  trustedKeys: readonly string[],
): SignatureObjection | undefined {
  if (signature === undefined) {
    const ids = trustedKeys.flatMap((key) => parsePublicKey(key)?.id ?? []);
    const wanted = ids.length === 1 ? `key ${ids[0]}` : `one of the keys ${ids.join(', ')}`;
    return {
      kind: 'refused',
      reason: 'IndexUnsigned',
      message: `wanted a signature of ${wanted} at the end of ${from}, found none`,
    };
  }
  const blake2b512 = createHash('blake2b512').update(content).digest('hex');
  const objection = judgeSignature(
    signature,
    { from: `the end of ${from}`, blake2b512 },
    trustedKeys,
  );
  if (objection === undefined) return undefined;
  return { kind: 'refused', reason: 'IndexSignatureInvalid', message: objection.message };
}

/** @returns where the last `count` lines begin; 0 where there are fewer */
function startOfLastLines(bytes: Buffer, count: number): number {
  let at = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  for (let line = 0; line < count; line++) {
    if (at === 0) return 0;
    at = bytes.lastIndexOf(0x0a, at - 1);
    if (at === -1) return 0;
  }
  return at + 1;
}
