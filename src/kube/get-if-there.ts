import { isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';

/** @returns undefined where there is none. Throws as {@link Kube.request} does */
export async function getIfThere<T>(
  kube: Kube,
  path: string,
  signal?: AbortSignal,
): Promise<T | undefined> {
  try {
    return await kube.request<T>('GET', path, { signal });
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}
