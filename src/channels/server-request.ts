import type { UpdateConfigSpec } from '../api/update-config.ts';
import type { Machine } from './machines.ts';

/** What an update server is told of the cluster that asks. */
export interface Introduction {
  /** `kube-system:<uid of that namespace>` */
  readonly clusterId: string;
  /** What runs; undefined: not known. */
  readonly version: string | undefined;
  readonly machines: readonly Machine[];
  /** State of the Plan `autopilot`; empty where there is none. */
  readonly lastUpdateStatus: string;
}

/**
 * Where the answer of a channel is: `SERVER/CHANNEL/index.yaml`; in the old protocol the path of the server is
 * replaced by the channel.
 * @returns undefined where the server is no http or https address
 */
export function requestUrl({
  updateServer,
  channel,
  upgradeStrategy,
}: UpdateConfigSpec): string | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(updateServer)
    ? updateServer
    : `https://${updateServer}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  const path = channel
    .split('/')
    .filter((part) => part !== '')
    .map(encodeURIComponent)
    .join('/');
  const folder = url.pathname.replace(/\/+$/, '');
  url.pathname = upgradeStrategy?.type === 'cron' ? `/${path}` : `${folder}/${path}/index.yaml`;
  url.search = '';
  url.hash = '';
  return url.href;
}

/** Of the old protocol. */
export function cronUrl(
  url: string,
  { clusterId, version, lastUpdateStatus }: Introduction,
): string {
  const asked = new URL(url);
  asked.searchParams.set('clusterID', clusterId);
  asked.searchParams.set('lastUpdateStatus', lastUpdateStatus);
  asked.searchParams.set('currentVersion', version ?? '');
  return asked.href;
}

/**
 * What k0s tells its update server. What only k0s itself knows, its storage and its network, is `unknown` here.
 * Names with underscores: nginx drops them unless it is told otherwise, and no server of ours needs them.
 */
export function introductionHeaders({
  clusterId,
  version,
  machines,
}: Introduction): Record<string, string> {
  const controllers = machines.filter(({ role }) => role === 'controller');
  const workers = machines.filter(({ role }) => role === 'worker');
  const part = (at: 0 | 1) => counted(workers.map(({ platform }) => platform?.split('-')[at]));
  const workerData = { Archs: part(1), OSes: part(0), Runtimes: {} };
  return {
    K0s_StorageType: 'unknown',
    K0s_ClusterID: clusterId,
    K0s_ControlPlaneNodesCount: `${controllers.length}`,
    K0s_WorkerData: Buffer.from(JSON.stringify(workerData)).toString('base64'),
    K0s_Version: version ?? 'unknown',
    K0s_CNIProvider: 'unknown',
    K0s_Arch: (controllers[0] ?? workers[0])?.platform?.split('-')[1] ?? 'unknown',
  };
}

function counted(words: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) if (word !== undefined) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
