import { EXTENSIONS_API_VERSION } from '../api/meta.ts';
import type { Action } from '../plans/facts.ts';
import { isAlreadyExists } from './api-error.ts';
import type { Kube } from './client.ts';
import { FIELD_MANAGER, type Outcome } from './patch-target.ts';
import { QUARANTINED_ARTIFACTS } from './target-path.ts';

/** Makes the object; one that is there already is as good, whoever made it. */
export async function quarantine(
  kube: Kube,
  { name, spec }: Extract<Action, { kind: 'quarantine' }>,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  try {
    const object = await kube.request('POST', QUARANTINED_ARTIFACTS, {
      query: { fieldManager: FIELD_MANAGER },
      body: {
        apiVersion: EXTENSIONS_API_VERSION,
        kind: 'QuarantinedArtifact',
        metadata: { name },
        spec,
      },
      signal,
    });
    return { done: true, object };
  } catch (thrown) {
    if (isAlreadyExists(thrown)) return { done: true };
    throw thrown;
  }
}
