import { AutopilotError } from '../errors.ts';

/** The part of a Kubernetes Status that we read. @see k8s meta/v1 Status */
export interface ApiStatus {
  /** Of HTTP. */
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
}

/** The API server answered, and the answer was no. */
export class ApiError extends AutopilotError {
  /** The API server's own word, such as `NotFound`, `Conflict` or `TooManyRequests`. */
  readonly reason: string;
  readonly retryable: boolean;
  /** HTTP status code. */
  readonly status: number;
  /** How long the API server asks us to stay away, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly details: ApiStatus['details'];

  constructor(
    request: string,
    status: number,
    body: ApiStatus | undefined,
    retryAfterMs: number | undefined,
  ) {
    super(`${request}: ${status} ${body?.message ?? body?.reason ?? 'without a message'}`);
    this.status = status;
    this.reason = body?.reason || `Http${status}`;
    this.retryable = status === 429 || status >= 500 || status === 409;
    const askedMs = (body?.details?.retryAfterSeconds ?? 0) * 1000;
    this.retryAfterMs = retryAfterMs ?? (askedMs > 0 ? askedMs : undefined);
    this.details = body?.details;
  }
}

/** The API server could not be asked: refused, cut off, or silent for too long. */
export class ApiUnreachableError extends AutopilotError {
  readonly reason = 'ApiServerAway';
  readonly retryable = true;
}

export function isNotFound(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === 404;
}

/**
 * Somebody else wrote first: a stale resourceVersion (409 Conflict), or a JSON Patch that does not fit
 * what is stored (422 Invalid), most often because its `test` found another value.
 */
export function isConflict(thrown: unknown): thrown is ApiError {
  if (!(thrown instanceof ApiError)) return false;
  return (thrown.status === 409 && thrown.reason !== 'AlreadyExists') || isPatchMismatch(thrown);
}

/** A JSON Patch was understood and did not fit: a `test` failed, or a path to remove is not there. */
export function isPatchMismatch(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === 422 && !thrown.details?.causes?.length;
}

export function isAlreadyExists(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === 409 && thrown.reason === 'AlreadyExists';
}

/** The resourceVersion or continue token is too old: list again from the beginning. */
export function isExpired(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === 410;
}

export function isForbidden(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status === 403;
}

/** The object is longer than the API server takes, or than etcd does, whose refusal it hands on as it is. */
export function isTooLarge(thrown: unknown): thrown is ApiError {
  if (!(thrown instanceof ApiError)) return false;
  if (thrown.status === 413) return true;
  return thrown.status >= 500 && /too large|larger than max/i.test(thrown.message);
}
