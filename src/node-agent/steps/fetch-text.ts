import { DownloadError } from '../../artifacts/errors.ts';
import { withoutSecrets } from '../../artifacts/verify.ts';
import type { Network } from '../host.ts';

export interface TextOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly withinMs?: number;
}

/**
 * Fetches a small text, such as a signature, under the rules of every download; asked once.
 * @throws DownloadError; the reason of `signal` when aborted
 */
export async function fetchText(
  network: Network,
  url: string,
  { maxBytes, signal, withinMs = 60_000 }: TextOptions,
): Promise<string> {
  const remote = await network.open({ url, signal, withinMs });
  try {
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of remote.body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        throw new DownloadError(
          `wanted at most ${maxBytes} bytes, found more at ${withoutSecrets(url)}`,
          { retryable: false, reason: 'ArtifactTooLarge' },
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    remote.close();
  }
}
