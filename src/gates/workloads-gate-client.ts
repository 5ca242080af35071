import type { Kube } from '../kube/client.ts';
import type { RawObject } from '../kube/raw.ts';
import { pagesOf } from './pages-client.ts';
import {
  type RawSurveyPod,
  type RawWorkload,
  type Survey,
  type SurveyOptions,
  Surveyor,
  type WorkloadKind,
} from './workloads.ts';

const COLLECTIONS: readonly (readonly [WorkloadKind, path: string, labelSelector?: string])[] = [
  ['Deployment', '/apis/apps/v1/deployments'],
  ['StatefulSet', '/apis/apps/v1/statefulsets'],
  ['DaemonSet', '/apis/apps/v1/daemonsets'],
  // Those of Deployments, ten old ones of each included, carry this label: they are their Deployments'.
  ['ReplicaSet', '/apis/apps/v1/replicasets', '!pod-template-hash'],
];

/**
 * Looks at all workloads once: every list page by page, nothing of it kept but counts, nothing watched.
 * @throws as {@link Kube.request} does
 */
export async function surveyWorkloads(
  kube: Kube,
  options: Omit<SurveyOptions, 'takenAtMs'>,
  signal: AbortSignal,
): Promise<Survey> {
  const takenAtMs = kube.serverClock.nowMs() ?? Date.now();
  const surveyor = new Surveyor({ ...options, takenAtMs });
  for (const [kind, path, labelSelector] of COLLECTIONS) {
    for await (const page of pagesOf<RawObject & RawWorkload>(
      kube,
      path,
      { labelSelector },
      signal,
    )) {
      surveyor.addWorkloads(kind, page);
    }
  }
  for await (const page of pagesOf<RawObject & RawSurveyPod>(kube, '/api/v1/pods', {}, signal)) {
    surveyor.addPods(page);
  }
  return surveyor.end();
}
