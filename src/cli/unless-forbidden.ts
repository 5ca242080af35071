import { ApiError } from '../kube/api-error.ts';

/** Whoever may not read something is told the rest all the same. */
export async function unlessForbidden<T>(read: Promise<T>, instead: T): Promise<T> {
  try {
    return await read;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 403) return instead;
    throw thrown;
  }
}
