import { isForbidden } from '../kube/api-error.ts';

/** Whoever may not read something is told the rest all the same. */
export async function unlessForbidden<T>(read: Promise<T>, instead: T): Promise<T> {
  try {
    return await read;
  } catch (thrown) {
    if (isForbidden(thrown)) return instead;
    throw thrown;
  }
}
