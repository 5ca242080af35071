/** One thing that somebody may be allowed to do. */
export interface Right {
  readonly verb: string;
  /** Empty: the core group. */
  readonly group: string;
  /** `plans`, or with its subresource `plans/status`. */
  readonly resource: string;
  /** Undefined: of the whole cluster, or in all namespaces. */
  readonly namespace?: string;
  /** Undefined: of any name. */
  readonly name?: string;
}

const AUTOPILOT = 'autopilot.k0sproject.io';
const EXTENSIONS = `extensions.${AUTOPILOT}`;
const COORDINATION = 'coordination.k8s.io';

function rights(
  group: string,
  resources: readonly string[],
  verbs: readonly string[],
  where: Pick<Right, 'namespace' | 'name'> = {},
): Right[] {
  return resources.flatMap((resource) =>
    verbs.map((verb) => ({ verb, group, resource, ...where })),
  );
}

const READ = ['get', 'list', 'watch'] as const;

/**
 * What the orchestrator cannot do without: what it lacks it hears of late, in the middle of a run. Beside these it
 * lists kinds that a version of Kubernetes takes away (src/api/removed-apis.ts); without that, preflight warns.
 */
export const ORCHESTRATOR_RIGHTS: readonly Right[] = [
  ...rights(AUTOPILOT, ['plans'], [...READ, 'create']),
  // The one that a channel writes.
  ...rights(AUTOPILOT, ['plans'], ['update', 'delete'], { name: 'autopilot' }),
  ...rights(AUTOPILOT, ['plans/status', 'updateconfigs/status'], ['patch']),
  ...rights(AUTOPILOT, ['updateconfigs'], [...READ, 'patch']),
  ...rights(AUTOPILOT, ['controlnodes'], [...READ, 'patch']),
  ...rights(EXTENSIONS, ['updatepolicies'], READ),
  ...rights(EXTENSIONS, ['updatepolicies/status', 'updateruns/status'], ['patch']),
  ...rights(EXTENSIONS, ['quarantinedartifacts'], [...READ, 'create']),
  ...rights(EXTENSIONS, ['updateruns'], [...READ, 'create', 'patch', 'delete']),
  ...rights(EXTENSIONS, ['plantargets'], [...READ, 'create', 'update', 'delete']),
  ...rights('', ['nodes'], [...READ, 'patch']),
  ...rights('', ['pods'], ['list', 'watch']),
  ...rights('', ['pods/eviction'], ['create']),
  ...rights('policy', ['poddisruptionbudgets'], ['list', 'watch']),
  ...rights('apps', ['deployments', 'statefulsets', 'daemonsets', 'replicasets'], ['list']),
  ...rights('', ['namespaces'], ['get'], { name: 'kube-system' }),
  // Whether those of k0s were written over ours.
  ...[`plans.${AUTOPILOT}`, `updatepolicies.${EXTENSIONS}`].flatMap((name) =>
    rights('apiextensions.k8s.io', ['customresourcedefinitions'], ['get'], { name }),
  ),
  ...rights('', ['secrets'], ['get'], { namespace: 'kube-system', name: 'update-server-token' }),
  ...rights(COORDINATION, ['leases'], ['create'], { namespace: 'k0s-autopilot' }),
  ...rights(COORDINATION, ['leases'], ['get', 'patch'], {
    namespace: 'k0s-autopilot',
    name: 'k0s-autopilot-controller',
  }),
  ...rights(COORDINATION, ['leases'], ['list', 'watch'], { namespace: 'kube-node-lease' }),
  ...['kube-controller-manager', 'kube-scheduler'].flatMap((name) =>
    rights(COORDINATION, ['leases'], ['get', 'patch'], { namespace: 'kube-system', name }),
  ),
  ...rights('', ['configmaps'], ['create', 'get', 'list', 'delete'], {
    namespace: 'k0s-autopilot',
  }),
  ...rights('batch', ['jobs'], ['create', 'list', 'watch'], { namespace: 'k0s-autopilot' }),
  ...rights('', ['events'], ['create', 'patch'], { namespace: 'default' }),
  ...rights('discovery.k8s.io', ['endpointslices'], ['list'], { namespace: 'default' }),
];

/** What the agent of a controller cannot do without; that of a worker has the credential of its kubelet. */
export const CONTROL_NODE_RIGHTS: readonly Right[] = [
  ...rights(AUTOPILOT, ['controlnodes'], [...READ, 'create', 'patch']),
  ...rights(AUTOPILOT, ['controlnodes/status'], ['patch']),
];

/** `patch plans/status of autopilot.k0sproject.io` */
export function rightText({ verb, group, resource, namespace, name }: Right): string {
  const what = name === undefined ? resource : `${resource} ${name}`;
  const of = group === '' ? '' : ` of ${group}`;
  return `${verb} ${what}${of}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
