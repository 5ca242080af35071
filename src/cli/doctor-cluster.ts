import { X509Certificate } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import { EXTENSIONS_GROUP, GROUP, LEADER_LEASE, NAMESPACE, UPDATE_POLICY } from '../api/meta.ts';
import { ConfigError } from '../config.ts';
import { eachAtOnce } from '../each-at-once.ts';
import { ApiError, isNotFound } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import type { RawLease, RawObject } from '../kube/raw.ts';
import { CONTROL_NODE_RIGHTS, ORCHESTRATOR_RIGHTS, type Right, rightText } from '../kube/rights.ts';
import {
  CONTROL_NODES,
  NODES,
  QUARANTINED_ARTIFACTS,
  UPDATE_CONFIGS,
  UPDATE_POLICIES,
} from '../kube/target-path.ts';
import { type TrimmedControlNode, trimControlNode } from '../kube/trim-control-node.ts';
import { trimNode } from '../kube/trim-node.ts';
import { differenceOf } from '../plans/manifest-difference.ts';
import { trimUpdatePolicy } from '../plans/trim-update-policy.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { type Manifest, readManifests } from './adopt-manifests.ts';
import type {
  CertificateSeen,
  ClockSeen,
  ConfigSeen,
  DoctorFacts,
  LeaseSeen,
  Seen,
} from './doctor-checks.ts';
import { list } from './preview-list.ts';

const ORCHESTRATOR = 'autopilot:orchestrator';
/** Any controller will do: they are bound by their group. */
const CONTROL_NODE = 'autopilot:control-node:doctor';
const CONTROL_NODES_GROUP = 'autopilot:control-nodes';
const NODE_LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/autopilot-orchestrator`;
const POLICIES = [
  'autopilot-control-node',
  'autopilot-node',
  'autopilot-signals',
  'autopilot-plan-requests',
];
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const TLS_TIMEOUT_MS = 3_000;
const AT_ONCE = 8;

/** Our kinds, each with fields that neither k0s nor a release before this one serves. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  [`plans.${GROUP}`]: ['spec.policy', 'status.requests', 'status.history'],
  [`controlnodes.${GROUP}`]: [],
  [`updatepolicies.${EXTENSIONS_GROUP}`]: ['spec.rollback'],
  [`updateruns.${EXTENSIONS_GROUP}`]: [],
  [`plantargets.${EXTENSIONS_GROUP}`]: [],
  [`quarantinedartifacts.${EXTENSIONS_GROUP}`]: [],
};

/**
 * Reads what the doctor judges. What may not be read is told as hidden, and no reason to stop; only a cluster
 * that cannot be reached at all is thrown, as {@link Kube.request} does.
 */
export async function readDoctorFacts(kube: Kube, apiPort: number): Promise<DoctorFacts> {
  const version = await kube.request<{ gitVersion?: string }>('GET', '/version');
  const controlNodes = await listed(kube, CONTROL_NODES, (raw) => trimControlNode(raw));
  const judged = {
    kinds: readKinds(kube),
    admission: readAdmission(kube),
    installation: readInstallation(kube),
    missingRights: readMissingRights(kube, ORCHESTRATOR, [], ORCHESTRATOR_RIGHTS),
    missingAgentRights: readMissingRights(
      ...([kube, CONTROL_NODE, [CONTROL_NODES_GROUP], CONTROL_NODE_RIGHTS] as const),
    ),
    deployment: readDeployment(kube),
    lease: readLease(kube),
    nodes: listed(kube, NODES, (raw) => trimNode(raw)),
    updatePolicy: readPolicy(kube),
    updateConfigs: listed(kube, UPDATE_CONFIGS, configOf),
    nodeClocks: readNodeClocks(kube),
    quarantined: listed(kube, QUARANTINED_ARTIFACTS, (raw) => (raw as RawObject).metadata.name),
    certificates: readCertificates(kube, controlNodes, apiPort),
  };
  return {
    nowMs: Date.now(),
    serverNowMs: kube.serverClock.nowMs(),
    version: AUTOPILOT_VERSION,
    serverVersion: version.gitVersion ?? '',
    controlNodes,
    ...(await allOf(judged)),
  };
}

/** As `Promise.all`, by name. */
async function allOf<T extends Readonly<Record<string, Promise<unknown>>>>(
  promises: T,
): Promise<{ readonly [K in keyof T]: Awaited<T[K]> }> {
  const found = await Promise.all(
    Object.entries(promises).map(async ([name, promise]) => [name, await promise] as const),
  );
  return Object.fromEntries(found) as { readonly [K in keyof T]: Awaited<T[K]> };
}

/** A kind that is not there has no objects; what may not be listed is told by the checks of rights and kinds. */
async function listed<T>(kube: Kube, path: string, trim: (raw: unknown) => T): Promise<T[]> {
  try {
    return (await list(kube, path)).map(trim);
  } catch (thrown) {
    if (thrown instanceof ApiError) return [];
    throw thrown;
  }
}

async function see<T>(ask: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: 'seen', value: await ask() };
  } catch (thrown) {
    if (isNotFound(thrown)) return { kind: 'absent' };
    if (thrown instanceof ApiError) {
      // `METHOD PATH: STATUS MESSAGE`: the API server's own words say who may not do what.
      const said = thrown.message.replace(/^\S+ \S+: \d+ /, '');
      return { kind: 'hidden', why: `it cannot be looked at: ${said}` };
    }
    throw thrown;
  }
}

interface RawCrd {
  readonly spec: {
    readonly versions: readonly { readonly schema?: { readonly openAPIV3Schema?: RawSchema } }[];
  };
}

interface RawSchema {
  readonly properties?: Readonly<Record<string, RawSchema>>;
}

async function readKinds(kube: Kube): Promise<DoctorFacts['kinds']> {
  const entries = Object.entries(KINDS).map(async ([name, fields]) => {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
    const seen = await see(async () => {
      const { spec } = await kube.request<RawCrd>('GET', path);
      const schema = spec.versions[0]?.schema?.openAPIV3Schema;
      return fields.filter((field) => !hasField(schema, field.split('.')));
    });
    return [name, seen] as const;
  });
  return new Map(await Promise.all(entries));
}

function hasField(schema: RawSchema | undefined, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return schema !== undefined;
  return hasField(schema?.properties?.[first], rest);
}

interface RawAdmission {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] };
  readonly status?: {
    readonly typeChecking?: {
      readonly expressionWarnings?: readonly { readonly warning: string }[];
    };
  };
}

async function readAdmission(kube: Kube): Promise<DoctorFacts['admission']> {
  const entries = POLICIES.flatMap((name) => [
    (async () => {
      const path = `${ADMISSION}/validatingadmissionpolicies/${name}`;
      const seen = await see(async () => {
        const { status } = await kube.request<RawAdmission>('GET', path);
        const [first] = status?.typeChecking?.expressionWarnings ?? [];
        return first === undefined ? undefined : `the API server warns: ${first.warning}`;
      });
      return [`policy ${name}`, seen] as const;
    })(),
    (async () => {
      const path = `${ADMISSION}/validatingadmissionpolicybindings/${name}`;
      const seen = await see(async () => {
        const { spec } = await kube.request<RawAdmission>('GET', path);
        const denies = spec?.policyName === name && spec.validationActions?.includes('Deny');
        return denies ? undefined : `it does not deny: ${spec?.validationActions?.join(', ')}`;
      });
      return [`binding ${name}`, seen] as const;
    })(),
  ]);
  return new Map(await Promise.all(entries));
}

/** Asked of the authorizer itself, in the name of whoever it is about: what RBAC is made of does not matter. */
async function readMissingRights(
  kube: Kube,
  user: string,
  groups: readonly string[],
  rights: readonly Right[],
): Promise<DoctorFacts['missingRights']> {
  const missing: string[] = [];
  return see(async () => {
    await eachAtOnce(rights, AT_ONCE, async (right) => {
      if (!(await isAllowed(kube, user, groups, right))) missing.push(rightText(right));
    });
    return missing;
  });
}

/** @throws as {@link Kube.request} does: to ask about others is itself a right */
export async function isAllowed(
  kube: Kube,
  user: string,
  groups: readonly string[],
  { verb, group, resource: path, namespace, name }: Right,
): Promise<boolean> {
  const [resource, subresource] = path.split('/');
  const answer = await kube.request<{ status?: { allowed?: boolean } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user,
          groups: [...groups, 'system:authenticated'],
          resourceAttributes: {
            ...{ verb, group, resource },
            ...(subresource === undefined ? {} : { subresource }),
            ...(namespace === undefined ? {} : { namespace }),
            ...(name === undefined ? {} : { name }),
          },
        },
      },
    },
  );
  return answer.status?.allowed === true;
}

/** Everything that this release ships, against what is there. Empty where that is not at hand. */
async function readInstallation(kube: Kube): Promise<DoctorFacts['installation']> {
  let manifests: readonly Manifest[];
  try {
    manifests = await readManifests(undefined);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return new Map();
    throw thrown;
  }
  const found = new Map<string, Seen<string | undefined>>();
  await eachAtOnce(manifests, AT_ONCE, async ({ path, name, object }) => {
    found.set(name, await see(async () => differenceOf(object, await kube.request('GET', path))));
  });
  return found;
}

async function readDeployment(kube: Kube): Promise<number | undefined> {
  const seen = await see(() =>
    kube.request<{ readonly spec?: { readonly replicas?: number } }>('GET', DEPLOYMENT),
  );
  return seen.kind === 'seen' ? (seen.value.spec?.replicas ?? 1) : undefined;
}

function configOf(raw: unknown): ConfigSeen {
  const { metadata, status } = raw as RawObject & {
    readonly status?: { readonly conditions?: ConfigSeen['conditions'] };
  };
  return { name: metadata.name, conditions: status?.conditions ?? [] };
}

interface StampedLease extends RawLease {
  readonly metadata: RawLease['metadata'] & {
    readonly managedFields?: readonly { readonly time?: string }[];
  };
}

/** A kubelet stamps its Lease by its own clock, and the API server says by its own when it has stored that. */
function readNodeClocks(kube: Kube): Promise<ClockSeen[]> {
  return listed(kube, NODE_LEASES, (raw) => {
    const { metadata, spec } = raw as StampedLease;
    const stored = (metadata.managedFields ?? []).map(({ time }) => Date.parse(time ?? ''));
    const aheadMs = Date.parse(spec?.renewTime ?? '') - Math.max(...stored);
    return { name: metadata.name, aheadMs: Number.isFinite(aheadMs) ? aheadMs : 0 };
  });
}

function readLease(kube: Kube): Promise<Seen<LeaseSeen>> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${LEADER_LEASE}`;
  return see(async () => {
    const { spec } = await kube.request<RawLease>('GET', path);
    return {
      holder: spec?.holderIdentity ?? '',
      renewedAtMs: Date.parse(spec?.renewTime ?? '') || 0,
      durationMs: (spec?.leaseDurationSeconds ?? 15) * 1_000,
    };
  });
}

async function readPolicy(kube: Kube): Promise<DoctorFacts['updatePolicy']> {
  const seen = await see(() => kube.request('GET', `${UPDATE_POLICIES}/${UPDATE_POLICY}`));
  return seen.kind === 'seen' ? trimUpdatePolicy(seen.value) : undefined;
}

/** Of the kubeconfig in hand, and what each API server shows. One that does not answer shows none. */
async function readCertificates(
  kube: Kube,
  controlNodes: readonly TrimmedControlNode[],
  apiPort: number,
): Promise<readonly CertificateSeen[]> {
  const { tls } = await kube.credentials();
  const own = [
    ['the client certificate of this kubeconfig', tls.cert] as const,
    ['the authority of the cluster', tls.ca] as const,
  ].flatMap(([of, pem]) => {
    const endsAtMs = pem === undefined ? undefined : endOf(pem);
    return endsAtMs === undefined ? [] : [{ of, endsAtMs }];
  });
  const shown = controlNodes.map(async ({ name, internalIp }) => {
    if (internalIp === undefined) return [];
    const endsAtMs = await shownEnd(internalIp, apiPort, tls.ca);
    return endsAtMs === undefined
      ? []
      : [{ of: `the certificate of the API server of ${name}`, endsAtMs }];
  });
  return [...own, ...(await Promise.all(shown)).flat()];
}

function endOf(pem: Buffer): number | undefined {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return undefined;
  }
}

/** Nothing is sent: an expired certificate is to be seen as well, so that it is not verified here. */
function shownEnd(host: string, port: number, ca: Buffer | undefined): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({
      ...{ host, port, timeout: TLS_TIMEOUT_MS, rejectUnauthorized: false },
      ...(ca === undefined ? {} : { ca }),
    });
    const end = (found: number | undefined) => {
      socket.destroy();
      resolve(found);
    };
    socket.once('secureConnect', () => end(Date.parse(socket.getPeerCertificate().valid_to)));
    socket.once('timeout', () => end(undefined));
    socket.once('error', () => end(undefined));
  });
}
