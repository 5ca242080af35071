import { createHash, type Hash } from 'node:crypto';

/** Digests of bytes as they pass by; each in lower-case hex. */
export class Digests {
  readonly #sha256 = createHash('sha256');
  /** What minisign signs. */
  readonly #blake2b512: Hash | undefined;

  constructor(options: { readonly blake2b: boolean }) {
    this.#blake2b512 = options.blake2b ? createHash('blake2b512') : undefined;
  }

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#blake2b512?.update(chunk);
  }

  /** Of what has passed so far; more may follow. */
  get sha256(): string {
    return this.#sha256.copy().digest('hex');
  }

  get blake2b512(): string | undefined {
    return this.#blake2b512?.copy().digest('hex');
  }
}
