import { API_VERSION, EXTENSIONS_API_VERSION } from '../api/meta.ts';
import type { PlanStatus } from '../api/plan.ts';
import type { UpdatePolicyStatus } from '../api/update-policy.ts';
import { isConflict, isNotFound } from './api-error.ts';
import { CONTENT_TYPE, type Kube } from './client.ts';
import { FIELD_MANAGER } from './patch-target.ts';
import type { RawObject } from './raw.ts';
import { PLANS, UPDATE_POLICIES } from './target-path.ts';

export interface Revision {
  readonly name: string;
  /** The revision that the status was made from; no two objects ever share one, so no uid is needed. */
  readonly resourceVersion: string;
}

export type StatusOutcome =
  | { readonly done: true; readonly resourceVersion: string; readonly object: RawObject }
  | { readonly done: false; readonly why: string };

/**
 * Writes the whole status of a Plan by server-side apply: what we leave out we take back, and fields of
 * others stay theirs. The revision goes with it, so that a status made from an older Plan, or by a leader
 * that was deposed meanwhile, is refused; and so is one for a Plan of the same name that was made since.
 * @returns the new revision; `done: false` where the Plan has changed or is gone: observe and judge again
 * @throws ApiError, ApiUnreachableError for everything else
 */
export function writePlanStatus(
  kube: Kube,
  plan: Revision,
  status: PlanStatus,
  signal?: AbortSignal,
): Promise<StatusOutcome> {
  return applyStatus(kube, PLANS, { apiVersion: API_VERSION, kind: 'Plan' }, plan, status, signal);
}

/** Writes the whole status of an UpdatePolicy, as {@link writePlanStatus} does of a Plan. */
export function writeUpdatePolicyStatus(
  kube: Kube,
  policy: Revision,
  status: UpdatePolicyStatus,
  signal?: AbortSignal,
): Promise<StatusOutcome> {
  const type = { apiVersion: EXTENSIONS_API_VERSION, kind: 'UpdatePolicy' };
  return applyStatus(kube, UPDATE_POLICIES, type, policy, status, signal);
}

/** Writes a whole status; see {@link writePlanStatus}. */
export async function applyStatus(
  kube: Kube,
  collection: string,
  type: { readonly apiVersion: string; readonly kind: string },
  { name, resourceVersion }: Revision,
  status: object,
  signal: AbortSignal | undefined,
): Promise<StatusOutcome> {
  try {
    const written = await kube.request<RawObject>(
      'PATCH',
      `${collection}/${encodeURIComponent(name)}/status`,
      {
        query: { fieldManager: FIELD_MANAGER, force: true },
        contentType: CONTENT_TYPE.apply,
        body: { ...type, metadata: { name, resourceVersion }, status },
        signal,
      },
    );
    return { done: true, resourceVersion: written.metadata.resourceVersion, object: written };
  } catch (thrown) {
    if (isConflict(thrown) || isNotFound(thrown)) return { done: false, why: thrown.message };
    throw thrown;
  }
}
