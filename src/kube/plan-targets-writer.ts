import { API_VERSION, EXTENSIONS_API_VERSION } from '../api/meta.ts';
import type { PlanTargetsSpec } from '../api/plan-targets.ts';
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import { deleteIfThere } from './delete-if-there.ts';
import { getIfThere } from './get-if-there.ts';
import { FIELD_MANAGER } from './patch-target.ts';
import type { RawObject } from './raw.ts';
import { PLAN_TARGETS } from './target-path.ts';

const TIMEOUT_MS = 30_000;

export type ChunkOutcome =
  | { readonly done: true; readonly resourceVersion: string }
  | { readonly done: false; readonly why: string };

/**
 * Writes one PlanTargets, which its Plan owns.
 * @param resourceVersion of the one that is replaced; undefined: there is none
 * @returns `done: false` where that is not what there is: somebody else has written it, or it is gone
 * @throws ApiError, ApiUnreachableError for everything else
 */
export async function writePlanTargets(
  kube: Kube,
  name: string,
  spec: PlanTargetsSpec,
  resourceVersion: string | undefined,
  signal: AbortSignal,
): Promise<ChunkOutcome> {
  const owner = { apiVersion: API_VERSION, kind: 'Plan', name: spec.plan, uid: spec.planUID };
  const body = {
    apiVersion: EXTENSIONS_API_VERSION,
    kind: 'PlanTargets',
    metadata: {
      name,
      ownerReferences: [owner],
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec,
  };
  const options = {
    query: { fieldManager: FIELD_MANAGER },
    body,
    timeoutMs: TIMEOUT_MS,
    signal,
  };
  try {
    const written =
      resourceVersion === undefined
        ? await kube.request<RawObject>('POST', PLAN_TARGETS, options)
        : await kube.request<RawObject>('PUT', pathOf(name), options);
    return { done: true, resourceVersion: written.metadata.resourceVersion };
  } catch (thrown) {
    const isThere = resourceVersion !== undefined;
    if (isAlreadyExists(thrown) || isConflict(thrown) || (isThere && isNotFound(thrown))) {
      return { done: false, why: thrown.message };
    }
    throw thrown;
  }
}

/** Its revision as it is now; undefined where it is gone. Throws as {@link Kube.request} does. */
export async function revisionOfPlanTargets(
  kube: Kube,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await getIfThere<RawObject>(kube, pathOf(name), signal))?.metadata.resourceVersion;
}

export function deletePlanTargets(kube: Kube, name: string, signal: AbortSignal): Promise<void> {
  return deleteIfThere(kube, pathOf(name), signal);
}

function pathOf(name: string): string {
  return `${PLAN_TARGETS}/${encodeURIComponent(name)}`;
}
