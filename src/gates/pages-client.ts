import type { Kube } from '../kube/client.ts';
import type { RawList, RawObject } from '../kube/raw.ts';

/** As kubectl does: small enough to be parsed without holding up everything else. */
const PAGE = 500;

/**
 * Lists a collection page by page, as it is now and not as a cache of the API server has it.
 * @throws as {@link Kube.request} does; also when the list takes so long that its pages expire
 */
export async function* pagesOf<T extends RawObject>(
  kube: Kube,
  path: string,
  query: {
    readonly labelSelector?: string | undefined;
    readonly fieldSelector?: string | undefined;
  },
  signal: AbortSignal,
): AsyncGenerator<readonly T[]> {
  let from: string | undefined;
  do {
    const page: RawList<T> = await kube.request('GET', path, {
      query: { ...query, limit: PAGE, continue: from },
      signal,
    });
    yield page.items ?? [];
    from = page.metadata.continue || undefined;
  } while (from !== undefined);
}
