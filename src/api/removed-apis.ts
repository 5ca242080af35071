import semver from 'semver';

/** One version of a kind that some release of Kubernetes serves no more. */
export interface RemovedApi {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The first release without it: `v1.32.0`. */
  readonly removedIn: string;
  /** A version that still serves the same objects then; undefined: the kind goes altogether. */
  readonly survivesAs: string | undefined;
}

const of = (
  group: string,
  version: string,
  removedIn: string,
  survivesAs: string | undefined,
  kinds: readonly string[],
): RemovedApi[] => kinds.map((kind) => ({ group, version, kind, removedIn, survivesAs }));

const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';
const RESOURCE = 'resource.k8s.io';
const RESOURCE_KINDS = ['DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate', 'ResourceSlice'];
const ADMISSION_KINDS = ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'];

/**
 * What k0s checks for, and what Kubernetes is going to remove. A later removal is listed once it is known what
 * the objects are served as instead: whoever has only the old version enabled is told in time.
 *
 * - removed: k0s v1.37, pkg/autopilot/checks/removedapis.go; the same in the deprecation guide of Kubernetes,
 *   https://kubernetes.io/docs/reference/using-api/deprecation-guide/
 * - announced: k8s.io/api v0.36.3, `APILifecycleRemoved` in each zz_generated.prerelease-lifecycle.go
 *
 * The orchestrator may list all of them: deploy/rbac.yaml.
 */
export const REMOVED_APIS: readonly RemovedApi[] = [
  ...of(FLOW_CONTROL, 'v1beta2', 'v1.29.0', 'v1beta3', ['FlowSchema']),
  ...of(FLOW_CONTROL, 'v1beta2', 'v1.29.0', 'v1', ['PriorityLevelConfiguration']),
  ...of(FLOW_CONTROL, 'v1beta3', 'v1.32.0', 'v1', ['FlowSchema', 'PriorityLevelConfiguration']),
  ...of('networking.k8s.io', 'v1beta1', 'v1.37.0', 'v1', ['IPAddress', 'ServiceCIDR']),
  ...of('storage.k8s.io', 'v1beta1', 'v1.37.0', 'v1', ['VolumeAttributesClass']),
  ...of('certificates.k8s.io', 'v1alpha1', 'v1.37.0', 'v1beta1', ['ClusterTrustBundle']),
  ...of(ADMISSION, 'v1alpha1', 'v1.38.0', 'v1', ADMISSION_KINDS),
  ...of('coordination.k8s.io', 'v1alpha2', 'v1.38.0', 'v1beta1', ['LeaseCandidate']),
  ...of(RESOURCE, 'v1beta1', 'v1.38.0', 'v1', RESOURCE_KINDS),
  ...of(RESOURCE, 'v1beta2', 'v1.39.0', 'v1', RESOURCE_KINDS),
  ...of(RESOURCE, 'v1alpha3', 'v1.39.0', 'v1beta2', ['DeviceTaintRule']),
  ...of(ADMISSION, 'v1beta1', 'v1.40.0', 'v1', ADMISSION_KINDS),
  // k0s's own, for tests: no release removes it.
  ...of('k0s.k0sproject.example.com', 'v1beta1', 'v99.99.99', undefined, ['RemovedCRD']),
];

/**
 * @param version of an update, or of a bundle; what is not a version removes nothing, as with k0s
 * @returns whether an API that goes in `removedIn` is gone in that version
 */
export function isRemovedIn(removedIn: string, version: string): boolean {
  const wanted = version.startsWith('v') ? semver.parse(version) : null;
  return wanted !== null && semver.compare(wanted, removedIn) >= 0;
}
