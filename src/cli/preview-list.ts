import type { Kube } from '../kube/client.ts';
import type { RawList, RawObject } from '../kube/raw.ts';

const PAGE = 500;

/** All objects of a collection, page by page. Throws as {@link Kube.request} does. */
export async function list<T extends RawObject = RawObject>(
  kube: Kube,
  path: string,
): Promise<T[]> {
  const all: T[] = [];
  let next: string | undefined;
  do {
    const page = await kube.request<RawList<T>>('GET', path, {
      query: { limit: PAGE, continue: next },
      timeoutMs: 30_000,
    });
    all.push(...(page.items ?? []));
    next = page.metadata.continue || undefined;
  } while (next !== undefined);
  return all;
}
