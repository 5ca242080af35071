import { ApiError } from '../kube/api-error.ts';
import { connect, type Kube } from '../kube/client.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import type { ClusterView } from './judge.ts';

const ORCHESTRATOR = '/apis/apps/v1/namespaces/k0s-autopilot/deployments/autopilot-orchestrator';
const KINDS = [
  '/apis/autopilot.k0sproject.io/v1beta2',
  '/apis/extensions.autopilot.k0sproject.io/v1alpha1',
];

/**
 * Asks a cluster what has to be known before something is installed for it. Writes nothing.
 * @throws KubeconfigError, ApiUnreachableError, ApiError
 */
export async function viewCluster(kubeconfig: string): Promise<ClusterView> {
  const kube = connect({ kubeconfig, version: AUTOPILOT_VERSION });
  try {
    const version = await kube.request<ClusterView['version']>('GET', '/version');
    const kinds = await Promise.all(KINDS.map((path) => isThere(kube, path)));
    return {
      server: kube.server,
      version,
      kinds: kinds.includes(undefined) ? undefined : kinds.every(Boolean),
      deployment: await isThere(kube, ORCHESTRATOR),
    };
  } finally {
    await kube.close();
  }
}

/** @returns undefined where we may not ask */
async function isThere(kube: Kube, path: string): Promise<boolean | undefined> {
  try {
    await kube.request('GET', path);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    if (thrown.status === 404) return false;
    if (thrown.status === 403) return undefined;
    throw thrown;
  }
}
