import { AutopilotError } from '../errors.ts';

/** A publication that does not verify, or cannot be made; nothing was changed for readers. */
export class PublishError extends AutopilotError {
  readonly reason = 'PublicationRefused';
  readonly retryable = false;
}
