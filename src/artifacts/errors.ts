import type { Reason } from '../api/reasons.ts';
import { AutopilotError } from '../errors.ts';

export type DownloadReason = Extract<
  Reason,
  'DownloadFailed' | 'DiskFull' | 'SourceForbidden' | 'ArtifactTooLarge' | 'ChecksumMismatch'
>;

export interface DownloadErrorOptions extends ErrorOptions {
  readonly retryable: boolean;
  readonly reason?: DownloadReason;
  /** The server asked for this much patience (Retry-After). */
  readonly retryAfterMs?: number | undefined;
  /** The rest of what we have a part of cannot be had there any more: only the whole file can. */
  readonly isStale?: boolean;
}

/** An artifact could not be fetched. `retryable` is false where the server's answer will not change. */
export class DownloadError extends AutopilotError {
  readonly reason: DownloadReason;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly isStale: boolean;

  constructor(message: string, options: DownloadErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.retryable = options.retryable;
    this.reason = options.reason ?? 'DownloadFailed';
    this.retryAfterMs = options.retryAfterMs;
    this.isStale = options.isStale ?? false;
  }
}
