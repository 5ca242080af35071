import * as z from 'zod';
import { ANNOTATION, API_VERSION } from '../api/meta.ts';
import type { Role } from '../api/plan.ts';
import { kindsOf } from '../kube/api-check-client.ts';
import { isForbidden, isNotFound } from '../kube/api-error.ts';
import type { Kube } from '../kube/client.ts';
import type { RawControlNode, RawNode, RawObject } from '../kube/raw.ts';
import { CONTROL_NODES, NODES, PLANS } from '../kube/target-path.ts';
import { trimControlNode } from '../kube/trim-control-node.ts';
import { trimNode } from '../kube/trim-node.ts';
import type { AdoptionFacts, AdoptionHost, K0sSignal, WorkerProfile } from '../plans/adoption.ts';
import { nodesOfControllers } from '../plans/hybrid.ts';
import { type InstalledObject, lagOf } from '../plans/outdated.ts';
import { parseReport } from '../signals/report.ts';
import type { Manifest } from './adopt-manifests.ts';
import { list } from './preview-list.ts';
import { readLeader } from './read-leader.ts';
import { withTargets } from './read-plans.ts';
import { unlessForbidden } from './unless-forbidden.ts';

const TIMEOUT_MS = 30_000;
/** k0s's own annotation: it is read here, and nowhere written. */
const K0S_SIGNAL = 'k0sproject.io/autopilot-signal-data';
const PROFILES =
  '/api/v1/namespaces/kube-system/configmaps?labelSelector=k0s.k0sproject.io%2Fworker-profile';

/** Reads the cluster once and writes nothing. Throws as {@link Kube.request} does. */
export async function observeAdoption(
  kube: Kube,
  manifests: readonly Manifest[],
): Promise<AdoptionFacts> {
  const [leader, kinds, profiles, controllers, workers, plans, updateConfigs, storage, ours] =
    await Promise.all([
      readLeader(kube),
      kindsOf(kube, AbortSignal.timeout(TIMEOUT_MS)),
      readProfiles(kube),
      ifThere<RawControlNode>(kube, CONTROL_NODES),
      list<RawNode>(kube, NODES),
      ifThere(kube, PLANS),
      ifThere(kube, `/apis/${API_VERSION}/updateconfigs`),
      readStorage(kube),
      compare(kube, manifests),
    ]);
  const ofControllers = nodesOfControllers(
    controllers.map((raw) => trimControlNode(raw)),
    workers.map((raw) => trimNode(raw)),
  );
  return {
    leader,
    ...kinds,
    profiles,
    hosts: [
      ...controllers.map((raw) => hostOf('controller', raw, raw.status?.k0sVersion, false)),
      ...workers.map((raw) =>
        hostOf(
          'worker',
          raw,
          raw.status?.nodeInfo?.kubeletVersion,
          ofControllers.has(raw.metadata.name),
        ),
      ),
    ],
    plans: await withTargets(kube, plans),
    updateConfigs: updateConfigs.map(({ metadata }) => metadata.name),
    storage,
    missingObjects: ours.missing.map(({ name }) => name),
    outdatedObjects: ours.outdated,
  };
}

interface Compared {
  /** What the cluster does not have. */
  readonly missing: readonly Manifest[];
  /** What it has as another release has made it, and what that lacks. */
  readonly outdated: readonly string[];
}

export async function compare(kube: Kube, manifests: readonly Manifest[]): Promise<Compared> {
  const missing = new Set<Manifest>();
  const lags = await Promise.all(
    manifests.map(async (one) => {
      try {
        const lag = lagOf(one.object, await kube.request<InstalledObject>('GET', one.path));
        return lag === undefined ? [] : [`${one.name} ${lag}`];
      } catch (thrown) {
        if (!isNotFound(thrown)) throw thrown;
        missing.add(one);
        return [];
      }
    }),
  );
  return { missing: manifests.filter((one) => missing.has(one)), outdated: lags.flat() };
}

/** A kind that nobody has made yet has no objects. */
async function ifThere<T extends RawObject = RawObject>(kube: Kube, path: string): Promise<T[]> {
  try {
    return await list<T>(kube, path);
  } catch (thrown) {
    if (isNotFound(thrown)) return [];
    throw thrown;
  }
}

interface RawConfigMap extends RawObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Those of the newest minor version: what an older k0s has written stays behind. */
async function readProfiles(kube: Kube): Promise<WorkerProfile[] | undefined> {
  const list = await unlessForbidden(
    kube.request<{ items: RawConfigMap[] | null }>('GET', PROFILES),
    undefined,
  );
  if (list === undefined) return undefined;
  const items = list.items ?? [];
  const minorOf = ({ metadata }: RawConfigMap) =>
    Number(/-\d+\.(\d+)$/.exec(metadata.name)?.[1] ?? -1);
  const newest = Math.max(...items.map(minorOf));
  return items
    .filter((one) => minorOf(one) === newest)
    .map(({ metadata, data }) => ({
      configMap: metadata.name,
      disabled: data?.autopilotDisabled === 'true',
    }));
}

/** k0s keeps one object for each member of its etcd, and its configuration where that is dynamic. */
async function readStorage(kube: Kube): Promise<string | undefined> {
  try {
    const members = await ifThere(kube, '/apis/etcd.k0sproject.io/v1beta1/etcdmembers');
    if (members.length > 0) return `etcd (${members.length} members)`;
    const configs = await ifThere<RawObject & { spec?: { storage?: { type?: string } } }>(
      kube,
      '/apis/k0s.k0sproject.io/v1beta1/clusterconfigs',
    );
    return configs[0]?.spec?.storage?.type;
  } catch (thrown) {
    if (isForbidden(thrown)) return undefined;
    throw thrown;
  }
}

function hostOf(
  role: Role,
  { metadata }: RawObject,
  told: string | undefined,
  isOfController: boolean,
): AdoptionHost {
  const annotations = metadata.annotations ?? {};
  const report = parseReport(annotations[ANNOTATION.report]);
  return {
    role,
    name: metadata.name,
    version: (report.kind === 'valid' ? report.value.host.k0sVersion : undefined) ?? told,
    hasAgent: report.kind === 'valid',
    isOfController,
    signal: signalOf(annotations[K0S_SIGNAL]),
    isHeldByUs:
      annotations[ANNOTATION.order] !== undefined ||
      annotations[ANNOTATION.cordonedFor] !== undefined,
  };
}

const signalSchema = z.looseObject({
  planId: z.string(),
  status: z.looseObject({ status: z.string() }).optional(),
});

/** What cannot be read, k0s ignores as well. */
function signalOf(text: string | undefined): K0sSignal | undefined {
  if (text === undefined) return undefined;
  try {
    const { planId, status } = signalSchema.parse(JSON.parse(text));
    return { planId, status: status?.status };
  } catch {
    return undefined;
  }
}
