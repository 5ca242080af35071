import { API_VERSION } from '../api/meta.ts';
import type { PlanSpec } from '../api/plan.ts';
import type { UpdateConfigStatus } from '../api/update-config.ts';
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts';
import type { Kube } from './client.ts';
import { type Outcome, patchTarget } from './patch-target.ts';
import type { RawObject } from './raw.ts';
import { applyStatus, type Revision, type StatusOutcome } from './status-writer.ts';
import { PLANS, UPDATE_CONFIGS } from './target-path.ts';

/** The writer of Plans of channels, as k0s calls it. */
const CHANNEL_MANAGER = 'autopilot';

/** Writes the whole status of an UpdateConfig, as {@link writePlanStatus} does of a Plan. */
export function writeUpdateConfigStatus(
  kube: Kube,
  config: Revision,
  status: UpdateConfigStatus,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const type = { apiVersion: API_VERSION, kind: 'UpdateConfig' };
  return applyStatus(kube, UPDATE_CONFIGS, type, config, status, signal);
}

/**
 * Writes the spec of a Plan whole: a new object, or another spec in the place of one that has been judged. Of two
 * who do so from the same sight, one alone succeeds.
 * @param before the revision that was judged; undefined: there was none
 * @returns `done: false` where the world has moved on
 */
export async function writePlanSpec(
  kube: Kube,
  {
    name,
    resourceVersion,
  }: { readonly name: string; readonly resourceVersion: string | undefined },
  spec: PlanSpec,
  signal: AbortSignal,
): Promise<Outcome> {
  const query = { fieldManager: CHANNEL_MANAGER };
  const path = `${PLANS}/${encodeURIComponent(name)}`;
  try {
    if (resourceVersion === undefined) {
      const body = { apiVersion: API_VERSION, kind: 'Plan', metadata: { name }, spec };
      return { done: true, object: await kube.request('POST', PLANS, { query, body, signal }) };
    }
    const stored = await kube.request<RawObject>('GET', path, { signal });
    if (stored.metadata.resourceVersion !== resourceVersion) {
      return { done: false, why: `Plan ${name} has changed since it was judged` };
    }
    // Labels, annotations and owners are others'.
    const { managedFields: _fields, ...metadata } = stored.metadata;
    const body = { apiVersion: API_VERSION, kind: 'Plan', metadata, spec };
    return { done: true, object: await kube.request('PUT', path, { query, body, signal }) };
  } catch (thrown) {
    if (isConflict(thrown) || isAlreadyExists(thrown) || isNotFound(thrown)) {
      return { done: false, why: thrown.message };
    }
    throw thrown;
  }
}

/** Deletes a Plan of just that revision. */
export async function deletePlan(
  kube: Kube,
  { name, uid, resourceVersion }: Revision & { readonly uid: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await kube.request('DELETE', `${PLANS}/${encodeURIComponent(name)}`, {
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } },
      signal,
    });
  } catch (thrown) {
    if (!isConflict(thrown) && !isNotFound(thrown)) throw thrown;
  }
}

/** Lets go of the finalizer that k0s's own Autopilot has put there, and would have removed itself. */
export function dropFinalizer(
  kube: Kube,
  { name, finalizers }: { readonly name: string; readonly finalizers: readonly string[] },
  finalizer: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const at = finalizers.indexOf(finalizer);
  const path = `/metadata/finalizers/${at}`;
  const steps = [
    { op: 'test', path, value: finalizer },
    { op: 'remove', path },
  ] as const;
  return patchTarget(kube, `${UPDATE_CONFIGS}/${encodeURIComponent(name)}`, steps, signal);
}
