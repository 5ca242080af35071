import {
  API_VERSION,
  EXTENSIONS_API_VERSION,
  LEADER_LEASE,
  NAMESPACE,
} from '../../../src/api/meta.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import type { Kube } from '../../../src/kube/client.ts';

export const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;
export type Verb = (typeof VERBS)[number];

/** One line of the page: a resource, by the requests that ask for it. */
export interface Resource {
  readonly title: string;
  /** Of the collection; for a subresource or one object, without what follows. */
  readonly path: string;
  readonly name: string;
  readonly subresource?: string;
}

const NS = (namespace: string) => `namespaces/${namespace}`;
const LEASES = (namespace: string) => `/apis/coordination.k8s.io/v1/${NS(namespace)}/leases`;

function own(title: string, name: string, subresource?: string): Resource {
  const sub = subresource === undefined ? {} : { subresource };
  return { title, path: `/apis/${API_VERSION}/${title.split(/[ /]/)[0]}`, name, ...sub };
}

function extension(title: string, name: string, subresource?: string): Resource {
  const sub = subresource === undefined ? {} : { subresource };
  return { title, path: `/apis/${EXTENSIONS_API_VERSION}/${title.split(/[ /]/)[0]}`, name, ...sub };
}

/** All of ours, and whatever in a cluster is worth taking. */
export const RESOURCES: readonly Resource[] = [
  own('plans', 'spring'),
  own('plans/status', 'spring', 'status'),
  own('controlnodes c1', 'c1'),
  own('controlnodes c2', 'c2'),
  own('controlnodes/status c1', 'c1', 'status'),
  own('controlnodes/status c2', 'c2', 'status'),
  own('updateconfigs', 'u'),
  own('updateconfigs/status', 'u', 'status'),
  extension('updatepolicies', 'default'),
  extension('updatepolicies/status', 'default', 'status'),
  extension('updateruns', 'r'),
  extension('updateruns/status', 'r', 'status'),
  extension('plantargets', 't'),
  extension('quarantinedartifacts', 'q'),
  { title: 'nodes w1', path: '/api/v1/nodes', name: 'w1' },
  { title: 'nodes w2', path: '/api/v1/nodes', name: 'w2' },
  { title: 'nodes/status w1', path: '/api/v1/nodes', name: 'w1', subresource: 'status' },
  { title: 'nodes/status w2', path: '/api/v1/nodes', name: 'w2', subresource: 'status' },
  { title: 'pods in default', path: `/api/v1/${NS('default')}/pods`, name: 'p' },
  {
    ...{ title: 'pods/eviction in default', name: 'p', subresource: 'eviction' },
    path: `/api/v1/${NS('default')}/pods`,
  },
  {
    ...{ title: 'pods/exec in default', name: 'p', subresource: 'exec' },
    path: `/api/v1/${NS('default')}/pods`,
  },
  { title: 'secrets in k0s-autopilot', path: `/api/v1/${NS(NAMESPACE)}/secrets`, name: 's' },
  { title: 'secrets in kube-system', path: `/api/v1/${NS('kube-system')}/secrets`, name: 's' },
  { title: 'configmaps in k0s-autopilot', path: `/api/v1/${NS(NAMESPACE)}/configmaps`, name: 'b' },
  {
    title: 'configmaps in kube-system',
    path: `/api/v1/${NS('kube-system')}/configmaps`,
    name: 'b',
  },
  { title: 'jobs in k0s-autopilot', path: `/apis/batch/v1/${NS(NAMESPACE)}/jobs`, name: 'j' },
  { title: 'jobs in default', path: `/apis/batch/v1/${NS('default')}/jobs`, name: 'j' },
  { title: 'the Lease of the leader', path: LEASES(NAMESPACE), name: LEADER_LEASE },
  { title: 'other leases in k0s-autopilot', path: LEASES(NAMESPACE), name: 'other' },
  { title: 'leases in kube-node-lease', path: LEASES('kube-node-lease'), name: 'w2' },
  { title: 'the Lease of the scheduler', path: LEASES('kube-system'), name: 'kube-scheduler' },
  { title: 'events in default', path: `/api/v1/${NS('default')}/events`, name: 'e' },
  { title: 'events in kube-system', path: `/api/v1/${NS('kube-system')}/events`, name: 'e' },
  {
    title: 'deployments in default',
    path: `/apis/apps/v1/${NS('default')}/deployments`,
    name: 'd',
  },
  {
    title: 'poddisruptionbudgets in default',
    path: `/apis/policy/v1/${NS('default')}/poddisruptionbudgets`,
    name: 'b',
  },
  {
    title: 'endpointslices in default',
    path: `/apis/discovery.k8s.io/v1/${NS('default')}/endpointslices`,
    name: 'kubernetes',
  },
  { title: 'namespaces', path: '/api/v1/namespaces', name: 'default' },
  {
    title: 'serviceaccounts/token in k0s-autopilot',
    path: `/api/v1/${NS(NAMESPACE)}/serviceaccounts`,
    name: 'autopilot-orchestrator',
    subresource: 'token',
  },
  {
    title: 'clusterroles',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    name: 'cluster-admin',
  },
  {
    title: 'validatingadmissionpolicies',
    path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    name: 'autopilot-node',
  },
  {
    title: 'customresourcedefinitions',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    name: 'plans.autopilot.k0sproject.io',
  },
];

/** Subresources are not listed, and none of these is made by a POST to its collection. */
export function verbsOf({ subresource }: Resource): readonly Verb[] {
  if (subresource === undefined) return VERBS;
  return subresource === 'status' ? ['get', 'update', 'patch'] : ['create'];
}

/**
 * Sends the request for real; what would change something, as a dry run: it goes through authorizer and
 * admission like any other, and is not stored.
 * @returns false where the API server says 403. That an object is missing, or makes no sense, comes after that
 */
export async function isAllowed(kube: Kube, resource: Resource, verb: Verb): Promise<boolean> {
  const { path, name, subresource } = resource;
  const object = `${path}/${name}${subresource === undefined ? '' : `/${subresource}`}`;
  const dry = { query: { dryRun: 'All' } };
  try {
    switch (verb) {
      case 'get':
        await kube.request('GET', object);
        break;
      case 'list':
        await kube.request('GET', path, { query: { limit: 1 } });
        break;
      case 'watch':
        await watched(kube, path);
        break;
      case 'create':
        await kube.request('POST', subresource === undefined ? path : object, {
          ...dry,
          body: { metadata: { name } },
        });
        break;
      case 'update':
        await kube.request('PUT', object, { ...dry, body: { metadata: { name } } });
        break;
      case 'patch':
        await kube.request('PATCH', object, {
          ...dry,
          ...{ contentType: 'application/merge-patch+json', body: { metadata: {} } },
        });
        break;
      case 'delete':
        await kube.request('DELETE', object, dry);
        break;
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiError) return thrown.status !== 403 && thrown.status !== 401;
    throw thrown;
  }
}

/** Whether it is let in; what then comes is not waited for. */
async function watched(kube: Kube, path: string): Promise<void> {
  const stop = new AbortController();
  const done = new Error('it was let in');
  try {
    const query = { watch: true, timeoutSeconds: 1 };
    const onOpen = () => stop.abort(done);
    const events = kube.watch(path, {
      ...{ query, silenceTimeoutMs: 5_000, onOpen, signal: stop.signal },
    });
    for await (const _ of events) break;
  } catch (thrown) {
    if (thrown !== done) throw thrown;
  }
}
