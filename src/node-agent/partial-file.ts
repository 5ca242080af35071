import { Digests } from '../artifacts/digests.ts';
import type { FileSink, Host } from './host.ts';
import type { Layout } from './layout.ts';
import {
  isOfUse,
  type PartialRecord,
  readPartialRecord,
  removePartial,
  type Wanted,
  writePartialRecord,
} from './partial-record.ts';

/**
 * What a power cut may cost: what comes within this time, or so many bytes. On a link so fast that the
 * bytes come first, they are fetched again within a second.
 */
const CHECKPOINT_MS = 5000;
const CHECKPOINT_BYTES = 64 * 1024 * 1024;

/** Where the bytes of a part come from. */
export interface Origin {
  readonly source: string;
  readonly validator?: string | undefined;
  readonly totalBytes?: number | undefined;
  readonly fileName?: string | undefined;
}

export interface PartialOptions {
  readonly host: Host;
  readonly layout: Layout;
  readonly wanted: Wanted;
  readonly blake2b: boolean;
  /** Of a checkpoint; for tests. */
  readonly checkpointBytes?: number | undefined;
}

/**
 * What has come of the artifact, hashed on its way to the disk. All of it is from one source and of one
 * version of the file there. What the record speaks of survives a power cut; what came after is cut off.
 */
export class PartialFile {
  #origin: Origin;
  readonly #options: PartialOptions;
  readonly #digests: Digests;
  #doneBytes = 0;
  #syncedBytes = 0;
  #syncedAtMs = 0;
  #sink: FileSink | undefined;

  /** Nothing yet; what lies there is overwritten once it is opened. */
  constructor(options: PartialOptions, origin: Origin) {
    this.#options = options;
    this.#origin = origin;
    this.#digests = new Digests(options);
  }

  /**
   * What an agent of before has left, read again from the disk: bytes that are not what the record says are
   * of no use (a torn write, a disk that lies).
   */
  static async recover(options: PartialOptions): Promise<PartialFile | undefined> {
    const { host, layout, wanted } = options;
    const record = await readPartialRecord(host.files, layout);
    if (record !== undefined && isOfUse(record, wanted)) {
      const part = new PartialFile(options, record);
      if (await part.#reads(record)) return part;
    }
    await removePartial(host.files, layout);
    return undefined;
  }

  async #reads({ syncedBytes, sha256 }: PartialRecord): Promise<boolean> {
    const { host, layout } = this.#options;
    const found = await host.files.stat(layout.partial);
    if (found === undefined || found.sizeBytes < syncedBytes) return false;
    for await (const chunk of host.files.read(layout.partial, syncedBytes)) {
      this.#digests.update(chunk);
      this.#doneBytes += chunk.length;
    }
    this.#syncedBytes = syncedBytes;
    return this.#doneBytes === syncedBytes && this.#digests.sha256 === sha256;
  }

  get origin(): Origin {
    return this.#origin;
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  get isWhole(): boolean {
    return this.#doneBytes === this.#origin.totalBytes;
  }

  /** Unknown where the server does not say how long the file is. */
  get restBytes(): number | undefined {
    const { totalBytes } = this.#origin;
    return totalBytes === undefined ? undefined : Math.max(0, totalBytes - this.#doneBytes);
  }

  /** Of the bytes so far. */
  get sha256(): string {
    return this.#digests.sha256;
  }

  get blake2b512(): string | undefined {
    return this.#digests.blake2b512;
  }

  async open(): Promise<void> {
    const { host, layout } = this.#options;
    this.#sink = await host.files.openAt(layout.partial, this.#doneBytes);
    this.#syncedAtMs = host.clock.uptimeMs();
  }

  /** One pass: the bytes are hashed while the system stores them. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#sink === undefined) throw new Error('the partial file is not open');
    const stored = this.#sink.write(chunk);
    this.#digests.update(chunk);
    await stored;
    this.#doneBytes += chunk.length;
  }

  /** Whether enough has come, or for long enough, that it should be made to last. */
  isCheckpointDue(nowMs: number): boolean {
    const { checkpointBytes = CHECKPOINT_BYTES } = this.#options;
    const unsafeBytes = this.#doneBytes - this.#syncedBytes;
    if (unsafeBytes === 0) return false;
    return unsafeBytes >= checkpointBytes || nowMs - this.#syncedAtMs >= CHECKPOINT_MS;
  }

  /** Makes what has come survive a power cut. */
  async checkpoint(): Promise<void> {
    if (this.#doneBytes > this.#syncedBytes) await this.#keep();
  }

  /** All of it has come, and is on the disk: also where nobody said how much it would be. */
  async complete(): Promise<void> {
    this.#origin = { ...this.#origin, totalBytes: this.#doneBytes };
    await this.#keep();
  }

  async #keep(): Promise<void> {
    const { host, layout, wanted } = this.#options;
    await this.#sink?.sync();
    const { source, validator, totalBytes, fileName } = this.#origin;
    await writePartialRecord(host.files, layout, {
      v: 1,
      ...wanted,
      source,
      ...(validator !== undefined && { validator }),
      ...(totalBytes !== undefined && { totalBytes }),
      ...(fileName !== undefined && { fileName }),
      syncedBytes: this.#doneBytes,
      sha256: this.sha256,
      wallMs: host.clock.wallMs(),
    });
    this.#syncedBytes = this.#doneBytes;
    this.#syncedAtMs = host.clock.uptimeMs();
  }

  async close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = undefined;
    await sink?.close();
  }
}
