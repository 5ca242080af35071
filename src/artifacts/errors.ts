import type { Reason } from '../api/reasons.ts';
import { AutopilotError } from '../errors.ts';

/** An artifact could not be fetched. `retryable` is false where the server's answer will not change. */
export class DownloadError extends AutopilotError {
  readonly reason: Reason;
  readonly retryable: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { retryable: boolean; reason?: 'DownloadFailed' | 'DiskFull' },
  ) {
    super(message, options);
    this.retryable = options.retryable;
    this.reason = options.reason ?? 'DownloadFailed';
  }
}
