import { EXTENSIONS_API_VERSION } from '../api/meta.ts';
import type { UpdateRunSpec, UpdateRunStatus } from '../api/update-run.ts';
import { CONTENT_TYPE, type Kube } from './client.ts';
import { deleteIfThere } from './delete-if-there.ts';
import { FIELD_MANAGER } from './patch-target.ts';
import { UPDATE_RUNS } from './target-path.ts';

const TYPE = { apiVersion: EXTENSIONS_API_VERSION, kind: 'UpdateRun' };

/** Makes an UpdateRun, or leaves the one that there is as it is. Throws as {@link Kube.request} does. */
export function createUpdateRun(
  kube: Kube,
  name: string,
  spec: UpdateRunSpec,
  signal: AbortSignal,
): Promise<unknown> {
  return apply(kube, pathOf(name), { ...TYPE, metadata: { name }, spec }, signal);
}

/**
 * Writes what is told of a run.
 * @returns the object as it is stored
 * @throws as {@link Kube.request} does, also where it was deleted meanwhile
 */
export function writeUpdateRunStatus(
  kube: Kube,
  name: string,
  status: UpdateRunStatus,
  signal: AbortSignal,
): Promise<unknown> {
  return apply(kube, `${pathOf(name)}/status`, { ...TYPE, metadata: { name }, status }, signal);
}

export function deleteUpdateRun(kube: Kube, name: string, signal: AbortSignal): Promise<void> {
  return deleteIfThere(kube, pathOf(name), signal);
}

function apply(kube: Kube, path: string, body: object, signal: AbortSignal): Promise<unknown> {
  return kube.request('PATCH', path, {
    query: { fieldManager: FIELD_MANAGER, force: true },
    contentType: CONTENT_TYPE.apply,
    body,
    signal,
  });
}

function pathOf(name: string): string {
  return `${UPDATE_RUNS}/${encodeURIComponent(name)}`;
}
