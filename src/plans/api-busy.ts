import { AutopilotError } from '../errors.ts';

/** The API server has too much to do, and has asked to be left alone for a while. */
export class ApiBusyError extends AutopilotError {
  readonly reason = 'ApiServerBusy';
  readonly retryable = true;
  /** After this it may be asked again. */
  readonly waitMs: number;

  constructor(left: number, waitMs: number, options?: ErrorOptions) {
    const seconds = Math.ceil(waitMs / 1_000);
    super(`the API server asks for patience: ${left} writes wait for ${seconds} s`, options);
    this.waitMs = waitMs;
  }
}
