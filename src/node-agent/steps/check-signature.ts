import { DownloadError } from '../../artifacts/errors.ts';
import { judgeSignature, LONGEST_SIGNATURE_BYTES, unsigned } from '../../artifacts/signature.ts';
import { withoutSecrets } from '../../artifacts/verify.ts';
import type { SignatureRules } from '../agent-policy.ts';
import { backoffMs } from '../backoff.ts';
import type { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import type { OpenSignal } from '../journal.ts';
import { fetchText } from './fetch-text.ts';

export interface SignatureOptions {
  readonly abort: AbortSignal;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
}

export type Checked =
  | { readonly kind: 'signed' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted' };

/**
 * Fetches the signature that lies beside the artifact at the source it came from, and judges the artifact
 * by it. A network that is away is asked again until the staging time is over.
 */
export async function checkSignature(
  host: Host,
  signal: OpenSignal,
  file: { readonly url: string; readonly blake2b512: string },
  { trustedKeys }: SignatureRules,
  options: SignatureOptions,
): Promise<Checked> {
  const url = signatureUrl(file.url);
  const from = withoutSecrets(url);
  const reject = (found: string): Checked => ({
    kind: 'failed',
    failure: { class: 'Artifact', ...unsigned(from, trustedKeys, found) },
  });
  for (let attempt = 1; ; attempt++) {
    try {
      const text = await fetchText(host.network, url, {
        maxBytes: LONGEST_SIGNATURE_BYTES,
        signal: options.abort,
      });
      const { blake2b512 } = file;
      const objection = judgeSignature(text, { from, blake2b512 }, trustedKeys);
      if (objection === undefined) return { kind: 'signed' };
      return { kind: 'failed', failure: { class: 'Artifact', ...objection } };
    } catch (thrown) {
      if (options.abort.aborted) return { kind: 'aborted' };
      if (!(thrown instanceof DownloadError)) throw thrown;
      if (thrown.reason === 'ArtifactTooLarge') {
        return reject(`more than ${LONGEST_SIGNATURE_BYTES} bytes, which is no signature`);
      }
      if (thrown.reason === 'DownloadFailed' && !thrown.retryable) {
        return reject(`none: ${thrown.message}`);
      }
      if (!thrown.retryable) return environment(thrown.reason, thrown.message);
      const restMs = signal.staging.endMs - host.clock.uptimeMs();
      if (restMs <= 0) {
        return environment('DownloadTimeout', `no signature within the time: ${thrown.message}`);
      }
      const pauseMs = backoffMs(attempt, { ...BACKOFF, random: options.random });
      await host.clock.sleep(Math.min(pauseMs, restMs), options.abort);
      if (options.abort.aborted) return { kind: 'aborted' };
    }
  }
}

const BACKOFF = { firstMs: 1000, capMs: 30_000 };

/** Beside the artifact: `.minisig` behind the path, and the query, which may be an access token, as it is. */
function signatureUrl(artifact: string): string {
  const url = new URL(artifact);
  url.pathname += '.minisig';
  return url.href;
}

function environment(reason: Failure['reason'], message: string): Checked {
  return { kind: 'failed', failure: { class: 'Environment', reason, message } };
}
