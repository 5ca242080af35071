import { DownloadError } from '../../artifacts/errors.ts';
import { codeOf } from '../../artifacts/system-error.ts';
import { judgeContent, withoutSecrets } from '../../artifacts/verify.ts';
import { messageOf } from '../../errors.ts';
import { urlsOf } from '../../signals/order.ts';
import type { DownloadRules } from '../agent-policy.ts';
import type { Failure } from '../failure.ts';
import type { Host, RemoteFile } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';
import { paced, paceFrom } from '../pace.ts';
import { PartialFile } from '../partial-file.ts';
import { removePartial, wantedBy } from '../partial-record.ts';
import { afterFailure, chooseSource, lastWord, type Source, sourcesOf } from '../sources.ts';
import { spaceFor } from './space.ts';

export interface DownloadOptions {
  readonly abort: AbortSignal;
  readonly random: () => number;
  /** The digest that signatures are of is wanted as well. */
  readonly blake2b: boolean;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
  /** An attempt failed and another one follows. */
  readonly onTrouble: (message: string) => void;
  /** Of a checkpoint; for tests. */
  readonly checkpointBytes?: number;
}

/** What lies at `layout.partial`, whole and synced; not judged yet, but for the digest that was wanted. */
export interface DownloadedFile {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly blake2b512?: string;
  /** As the server calls it; not safe. */
  readonly fileName?: string;
  /** The source that it came from, secrets of its address included. */
  readonly url: string;
}

export type Downloaded =
  | { readonly kind: 'downloaded'; readonly file: DownloadedFile }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted' };

/**
 * Fetches the artifact to `layout.partial`, from one source after the other, until its staging time is
 * over. What has come stays when an attempt, the agent or the host ends, and is gone on with: never with
 * the bytes of another file. Done twice, the second time asks nobody.
 */
export async function download(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
  rules: DownloadRules,
  options: DownloadOptions,
): Promise<Downloaded> {
  const one = new OneDownload(host, layout, signal, rules, options);
  try {
    return await one.run();
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOSPC' && codeOf(thrown) !== 'EDQUOT') throw thrown;
    // the rest of the host needs the room more than we need the part
    await removePartial(host.files, layout);
    const message = `no space left in ${layout.stagingFolder}: ${messageOf(thrown)}`;
    return fail({ reason: 'DiskFull', message });
  }
}

class OneDownload {
  readonly #host: Host;
  readonly #layout: Layout;
  readonly #signal: OpenSignal;
  readonly #rules: DownloadRules;
  readonly #options: DownloadOptions;
  #sources: readonly Source[];
  #part: PartialFile | undefined;
  /** The part is made of bytes that were asked for at more than one time. */
  #isResumed = false;
  /** Sources whose file was wrong after a resume: fetched whole once more, and no longer taken on trust. */
  readonly #refuted = new Set<string>();
  #bestBytes = 0;
  /** In a row, without a byte that we did not have before. */
  #fruitless = 0;
  #attempts = 0;
  #trouble = '';

  constructor(
    host: Host,
    layout: Layout,
    signal: OpenSignal,
    rules: DownloadRules,
    options: DownloadOptions,
  ) {
    this.#host = host;
    this.#layout = layout;
    this.#signal = signal;
    this.#rules = rules;
    this.#options = options;
    this.#sources = sourcesOf(signal.order.artifact, rules);
  }

  async run(): Promise<Downloaded> {
    const { abort } = this.#options;
    if (this.#leftMs() <= 0) return this.#timeout();
    await this.#host.files.makeFolder(this.#layout.stagingFolder);
    this.#part = await PartialFile.recover(this.#partialOptions());
    this.#isResumed = this.#part !== undefined;
    this.#bestBytes = this.#part?.doneBytes ?? 0;
    for (;;) {
      if (abort.aborted) return { kind: 'aborted' };
      // also what was whole before a crash
      if (this.#part?.isWhole) {
        const file = await this.#judged(this.#part);
        if (file !== undefined) return { kind: 'downloaded', file };
      }
      if (this.#leftMs() <= 0) return this.#timeout();
      if (this.#fruitless >= this.#rules.attempts) {
        const message = `given up after ${this.#fruitless} attempts in a row without a new byte: ${this.#trouble}`;
        return fail({ reason: 'DownloadFailed', message });
      }
      const nowMs = this.#host.clock.uptimeMs();
      const choice = chooseSource(this.#sources, nowMs, this.#part?.origin.source);
      if (choice.kind === 'none') {
        return fail(lastWord(this.#sources) ?? { reason: 'DownloadFailed', message: 'no source' });
      }
      if (choice.kind === 'wait') {
        await this.#host.clock.sleep(Math.min(choice.untilMs - nowMs, this.#leftMs()), abort);
        continue;
      }
      const full = await this.#attempt(choice.url);
      if (full) return fail(full);
    }
  }

  /** @returns why no attempt can help; the outcome of this one is in the fields */
  async #attempt(url: string): Promise<DownloadError | undefined> {
    const { abort, random, onTrouble } = this.#options;
    this.#attempts++;
    try {
      await this.#fetch(url);
      return undefined;
    } catch (thrown) {
      if (abort.aborted) return undefined;
      if (!(thrown instanceof DownloadError)) throw thrown;
      this.#trouble = thrown.message;
      onTrouble(`attempt ${this.#attempts}: ${thrown.message}`);
      if (thrown.isStale) {
        // asked for the whole at once: that cannot end the same way
        this.#part = undefined;
        return undefined;
      }
      if (thrown.reason === 'DiskFull' || thrown.reason === 'ArtifactTooLarge') await this.#drop();
      if (thrown.reason === 'DiskFull') return thrown;
      const doneBytes = this.#part?.doneBytes ?? 0;
      const broughtBytes = doneBytes > this.#bestBytes;
      this.#bestBytes = Math.max(this.#bestBytes, doneBytes);
      this.#fruitless = broughtBytes ? 0 : this.#fruitless + 1;
      const nowMs = this.#host.clock.uptimeMs();
      const failure = { error: thrown, nowMs, broughtBytes, random };
      this.#sources = afterFailure(this.#sources, url, failure);
      return undefined;
    }
  }

  async #fetch(url: string): Promise<void> {
    const { network } = this.#host;
    const resume = this.#resumeAt(url);
    const remote = await network.open({
      url,
      signal: this.#options.abort,
      withinMs: this.#leftMs(),
      ...(resume && { resume }),
    });
    try {
      const part = this.#partFor(url, remote);
      this.#part = part;
      await this.#requireRoom(part);
      await this.#store(part, remote);
    } finally {
      remote.close();
    }
  }

  /** What to ask for the rest of, if we have a part that this source can go on with. */
  #resumeAt(url: string) {
    const part = this.#part;
    if (part === undefined || part.origin.source !== url || part.doneBytes === 0) return undefined;
    if (!this.#mayGoOn(part)) return undefined;
    const { validator } = part.origin;
    return { fromByte: part.doneBytes, ...(validator !== undefined && { validator }) };
  }

  /**
   * Without a strong validator nobody can tell whether the rest is of the same file. The digest of the
   * order would tell afterwards: then it is tried, once.
   */
  #mayGoOn({ origin }: PartialFile): boolean {
    if (origin.validator !== undefined) return true;
    return this.#signal.order.artifact.sha256 !== undefined && !this.#refuted.has(origin.source);
  }

  #partFor(url: string, remote: RemoteFile): PartialFile {
    const part = this.#part;
    if (part !== undefined && remote.fromByte > 0) {
      const { totalBytes } = part.origin;
      if (
        remote.fromByte !== part.doneBytes ||
        (totalBytes ?? remote.totalBytes) !== remote.totalBytes
      ) {
        throw new DownloadError(
          `wanted the rest of ${totalBytes} bytes from ${part.doneBytes} on, found ${remote.totalBytes} from ${remote.fromByte} on at ${withoutSecrets(url)}`,
          { retryable: true, isStale: true },
        );
      }
      this.#isResumed = true;
      return part;
    }
    this.#isResumed = false;
    const { validator, totalBytes, fileName } = remote;
    return new PartialFile(this.#partialOptions(), {
      source: url,
      validator,
      totalBytes,
      fileName,
    });
  }

  async #store(part: PartialFile, remote: RemoteFile): Promise<void> {
    const { abort } = this.#options;
    await part.open();
    try {
      await this.#pour(part, remote);
      if ((part.restBytes ?? 0) > 0) {
        throw new DownloadError(
          `wanted ${part.origin.totalBytes} bytes, found ${part.doneBytes} at ${withoutSecrets(part.origin.source)}`,
          { retryable: true },
        );
      }
      await part.complete();
    } catch (thrown) {
      // what has come is kept for the next attempt, be it of another agent
      const isBroken = thrown instanceof DownloadError && thrown.retryable;
      if (isBroken || abort.aborted) await part.checkpoint();
      throw thrown;
    } finally {
      await part.close();
    }
  }

  async #pour(part: PartialFile, remote: RemoteFile): Promise<void> {
    const { clock } = this.#host;
    const { abort, onProgress } = this.#options;
    const { bytesPerSecond } = this.#rules;
    let pace = paceFrom(clock.uptimeMs());
    onProgress(part.doneBytes, part.origin.totalBytes);
    for await (const chunk of remote.body) {
      await part.write(chunk);
      onProgress(part.doneBytes, part.origin.totalBytes);
      const nowMs = clock.uptimeMs();
      if (part.isCheckpointDue(nowMs)) {
        await part.checkpoint();
        await this.#requireRoom(part);
      }
      if (bytesPerSecond === undefined) continue;
      const next = paced(pace, chunk.length, nowMs, bytesPerSecond);
      pace = next.pace;
      if (next.pauseMs > 0) await clock.sleep(next.pauseMs, abort);
    }
  }

  /** The file, where it has the digest that is wanted; otherwise its source is asked again, or no more. */
  async #judged(part: PartialFile): Promise<DownloadedFile | undefined> {
    const { blake2b512, sha256 } = part;
    const { source, fileName } = part.origin;
    const file: DownloadedFile = {
      sizeBytes: part.doneBytes,
      sha256,
      ...(blake2b512 !== undefined && { blake2b512 }),
      ...(fileName !== undefined && { fileName }),
      url: source,
    };
    const { artifact } = this.#signal.order;
    const objection = judgeContent({ ...artifact, url: source }, file);
    // whatever else is wrong with it is for the next step to say
    if (objection?.reason !== 'ChecksumMismatch') return file;
    this.#trouble = objection.message;
    this.#options.onTrouble(`attempt ${this.#attempts}: ${objection.message}`);
    await this.#drop();
    if (this.#isResumed && !this.#refuted.has(source)) {
      this.#refuted.add(source);
      return undefined;
    }
    const error = new DownloadError(objection.message, {
      retryable: false,
      reason: 'ChecksumMismatch',
    });
    const nowMs = this.#host.clock.uptimeMs();
    const failure = { error, nowMs, broughtBytes: true, random: this.#options.random };
    this.#sources = afterFailure(this.#sources, source, failure);
    return undefined;
  }

  async #requireRoom(part: PartialFile): Promise<void> {
    const { files } = this.#host;
    const full = await spaceFor(files, this.#layout.stagingFolder, part.restBytes ?? 0);
    if (full) throw new DownloadError(full.message, { retryable: false, reason: 'DiskFull' });
  }

  async #drop(): Promise<void> {
    this.#part = undefined;
    this.#bestBytes = 0;
    await removePartial(this.#host.files, this.#layout);
  }

  #partialOptions() {
    const { blake2b, checkpointBytes } = this.#options;
    const wanted = wantedBy(this.#signal.order);
    return { host: this.#host, layout: this.#layout, wanted, blake2b, checkpointBytes };
  }

  #leftMs(): number {
    return this.#signal.staging.endMs - this.#host.clock.uptimeMs();
  }

  #timeout(): Downloaded {
    const { artifact, durations } = this.#signal.order;
    const seconds = Math.round(durations.stageMs / 1000);
    const message = `not fetched within ${seconds} s from ${withoutSecrets(urlsOf(artifact)[0] ?? '')}`;
    return fail({
      reason: 'DownloadTimeout',
      message: this.#trouble ? `${message}: ${this.#trouble}` : message,
    });
  }
}

function fail({ reason, message }: Pick<Failure, 'reason' | 'message'>): Downloaded {
  const blamed = reason === 'ChecksumMismatch' ? 'Artifact' : 'Environment';
  return { kind: 'failed', failure: { class: blamed, reason, message } };
}
