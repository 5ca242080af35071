import { DownloadError } from '../../artifacts/errors.ts';
import { type StoredFile, withoutSecrets } from '../../artifacts/verify.ts';
import { backoffMs } from '../backoff.ts';
import type { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import type { Layout } from '../layout.ts';

/** Room that a download leaves to the others on the host. */
const SPARE_BYTES = 64 * 1024 * 1024;

export interface DownloadOptions {
  readonly abort: AbortSignal;
  readonly random: () => number;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
  /** An attempt failed and another one follows. */
  readonly onTrouble: (message: string) => void;
}

export type Downloaded =
  | { readonly kind: 'downloaded'; readonly file: StoredFile }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted' };

/**
 * Fetches the artifact to `layout.partial`, again and again until its staging time is over. A crash here
 * begins anew: a part of a file proves nothing.
 */
export async function download(
  host: Host,
  layout: Layout,
  signal: OpenSignal,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { url } = signal.order.artifact;
  await host.files.makeFolder(layout.stagingFolder);
  let trouble = '';
  for (let attempt = 1; ; attempt++) {
    const leftMs = signal.staging.endMs - host.clock.uptimeMs();
    if (leftMs <= 0) {
      const seconds = Math.round(signal.order.durations.stageMs / 1000);
      const message = `not fetched within ${seconds} s from ${withoutSecrets(url)}`;
      return fail('DownloadTimeout', trouble ? `${message}: ${trouble}` : message);
    }
    try {
      const file = await host.network.fetch(url, layout.partial, {
        signal: options.abort,
        withinMs: leftMs,
        onProgress: options.onProgress,
        onStart: (totalBytes) => requireRoom(host, layout, totalBytes),
      });
      return { kind: 'downloaded', file };
    } catch (thrown) {
      if (options.abort.aborted) return { kind: 'aborted' };
      if (!(thrown instanceof DownloadError)) throw thrown;
      if (!thrown.retryable) return fail(thrown.reason, thrown.message);
      trouble = thrown.message;
      options.onTrouble(`attempt ${attempt}: ${thrown.message}`);
    }
    const pauseMs = backoffMs(attempt, { firstMs: 1000, capMs: 30_000, random: options.random });
    const restMs = signal.staging.endMs - host.clock.uptimeMs();
    await host.clock.sleep(Math.max(0, Math.min(pauseMs, restMs)), options.abort);
    if (options.abort.aborted) return { kind: 'aborted' };
  }
}

async function requireRoom(host: Host, layout: Layout, totalBytes: number | undefined) {
  if (totalBytes === undefined) return;
  const freeBytes = await host.files.freeBytes(layout.stagingFolder);
  const wantedBytes = totalBytes + SPARE_BYTES;
  if (freeBytes >= wantedBytes) return;
  throw new DownloadError(
    `wanted ${wantedBytes} free bytes for the artifact, found ${freeBytes} in ${layout.stagingFolder}`,
    { retryable: false, reason: 'DiskFull' },
  );
}

function fail(reason: Failure['reason'], message: string): Downloaded {
  return { kind: 'failed', failure: { class: 'Environment', reason, message } };
}
