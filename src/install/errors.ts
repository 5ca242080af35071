import { AutopilotError } from '../errors.ts';

/** This host, or the cluster, is not one to install on as was asked for; nothing of it has been changed. */
export class CannotInstallError extends AutopilotError {
  readonly reason = 'CannotInstall';
  readonly retryable = false;
}
