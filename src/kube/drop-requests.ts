import type { Request } from '../api/requests.ts';
import type { Action } from '../plans/facts.ts';
import { isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import type { RawObject } from './raw.ts';
import { PLANS } from './target-path.ts';

type Asked = RawObject & { readonly status?: { readonly requests?: readonly Request[] } };

/**
 * Takes requests from the list of a Plan. The list is not ours, so that it is never written whole: each is
 * removed from where it was seen, if it is still there. Already gone is `done`.
 */
export async function dropRequests(
  kube: Kube,
  { name, nonces }: Extract<Action, { kind: 'dropRequests' }>,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const path = `${PLANS}/${encodeURIComponent(name)}`;
  let requests: readonly Request[];
  try {
    requests = (await kube.request<Asked>('GET', path, { signal })).status?.requests ?? [];
  } catch (thrown) {
    if (isNotFound(thrown)) return { done: true };
    throw thrown;
  }
  // From the back, so that what is removed moves nothing that is still to be removed.
  const steps = requests
    .map(({ nonce }, at) => ({ nonce, path: `/status/requests/${at}` }))
    .filter(({ nonce }) => nonces.includes(nonce))
    .reverse()
    .flatMap((one) => [
      { op: 'test', path: `${one.path}/nonce`, value: one.nonce } as const,
      { op: 'remove', path: one.path } as const,
    ]);
  return steps.length === 0 ? { done: true } : patchTarget(kube, `${path}/status`, steps, signal);
}
