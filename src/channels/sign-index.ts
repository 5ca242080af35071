import { createHash } from 'node:crypto';
import type { ExtendedIndex } from './index-schema.ts';
import { joinSigned } from './index-signature.ts';
import { makeSignature, type SecretKey } from './secret-key.ts';

/** @returns the file as it is served */
export function signIndex(
  content: Buffer,
  key: SecretKey,
  channel: string,
  { epoch }: ExtendedIndex,
): Buffer {
  const blake2b512 = createHash('blake2b512').update(content).digest();
  const signature = makeSignature(key, blake2b512, {
    untrusted: `signature of channel ${channel}, epoch ${epoch}`,
    trusted: `channel:${channel} epoch:${epoch}`,
  });
  return joinSigned(content, signature);
}
