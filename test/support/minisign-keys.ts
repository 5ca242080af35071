import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A pair of keys of minisign's form, made for one test; nothing of the code under test is used for it. */
export interface MinisignKeys {
  readonly id: string;
  /** As minisign prints it. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  /** @returns the four lines of a signature over the content's BLAKE2b-512 */
  sign(content: Uint8Array | string, trustedComment?: string): string;
}

export function minisignKeys(idBytes = Buffer.from('0123456789abcdef', 'hex')): MinisignKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const head = (algorithm: string) => Buffer.concat([Buffer.from(algorithm), idBytes]);
  return {
    id: Buffer.from(idBytes).reverse().toString('hex').toUpperCase(),
    publicKey: Buffer.concat([head('Ed'), raw]).toString('base64'),
    privateKey,
    sign(content, trustedComment = 'timestamp:1795831200') {
      const digest = createHash('blake2b512').update(content).digest();
      const signature = sign(null, digest, privateKey);
      const second = sign(
        null,
        Buffer.concat([signature, Buffer.from(trustedComment)]),
        privateKey,
      );
      return `untrusted comment: signature\n${Buffer.concat([head('ED'), signature]).toString('base64')}\ntrusted comment: ${trustedComment}\n${second.toString('base64')}\n`;
    },
  };
}
