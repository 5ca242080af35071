import { isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';

/** Gone already is as good. Throws as {@link Kube.request} does. */
export async function deleteIfThere(kube: Kube, path: string, signal: AbortSignal): Promise<void> {
  try {
    await kube.request('DELETE', path, { signal });
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}
