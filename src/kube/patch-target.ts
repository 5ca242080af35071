import { isConflict, isNotFound, isPatchMismatch } from './api-error.ts';
import { CONTENT_TYPE, type Kube } from './client.ts';
import type { PatchStep } from './json-patch.ts';
import { kindAt } from './target-path.ts';

/** The owner of everything that the orchestrator writes, as managedFields tell it. */
export const FIELD_MANAGER = 'autopilot-orchestrator';

/** What became of a write. A world that has moved on is ordinary: observe again and judge again. */
export type Outcome =
  /** `object`: as it is after the write, where one was necessary. */
  | { readonly done: true; readonly object?: unknown }
  | { readonly done: false; readonly why: string };

/**
 * Sends one JSON Patch.
 * @returns `done: false` where the world is not what the patch tests for, or the object is gone
 * @throws ApiError, ApiUnreachableError for everything else
 */
export async function patchTarget(
  kube: Kube,
  path: string,
  steps: readonly PatchStep[],
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  try {
    const object = await kube.request('PATCH', path, {
      query: { fieldManager: FIELD_MANAGER },
      contentType: CONTENT_TYPE.jsonPatch,
      body: steps,
      kind: kindAt(path),
      signal,
    });
    return { done: true, object };
  } catch (thrown) {
    // The API server does not say which test failed.
    if (isPatchMismatch(thrown))
      return { done: false, why: `${path} has changed since it was judged` };
    if (isConflict(thrown) || isNotFound(thrown)) return { done: false, why: thrown.message };
    throw thrown;
  }
}
