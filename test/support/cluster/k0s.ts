import { constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Addresses, API_PORT, controllerName, type HostInCluster } from './addresses.ts';

/** Where things lie on one simulated host. */
export interface HostPlaces extends HostInCluster {
  readonly folder: string;
  readonly binary: string;
  readonly config: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly statusSocket: string;
  readonly token: string;
  /** What the agent identifies itself with. */
  readonly agentKubeconfig: string;
  readonly agentState: string;
  readonly logs: string;
}

export function placesOf(folder: string, host: HostInCluster): HostPlaces {
  const at = (...parts: string[]) => join(folder, host.name, ...parts);
  return {
    ...host,
    folder: at(),
    binary: at('bin', 'k0s'),
    config: at('k0s.yaml'),
    dataDir: at('data'),
    runDir: at('run'),
    statusSocket: at('run', 'status.sock'),
    token: at('token'),
    agentKubeconfig: host.role === 'worker' ? at('data', 'kubelet.conf') : at('agent.conf'),
    agentState: at('agent'),
    logs: at('log'),
  };
}

/** Folders, binary and, for a controller, its configuration. */
export async function installHost(
  places: HostPlaces,
  release: string,
  addresses: Addresses,
): Promise<void> {
  for (const folder of ['bin', 'data', 'run', 'agent', 'log']) {
    await mkdir(join(places.folder, folder), { recursive: true });
  }
  await copyFile(release, places.binary, constants.COPYFILE_FICLONE);
  if (places.role === 'controller') {
    await writeFile(places.config, stringify(clusterConfig(places.address, addresses)));
  }
}

/** What a controller is told of its cluster: k0s's own kind. */
export function clusterConfig(address: string, addresses: Addresses): unknown {
  const members = addresses.controllers.map((host, i) => [
    controllerName(i),
    `https://${host}:2380`,
  ]);
  return {
    apiVersion: 'k0s.k0sproject.io/v1beta1',
    kind: 'ClusterConfig',
    spec: {
      api: {
        address,
        port: API_PORT,
        externalAddress: addresses.loadBalancer,
        sans: [addresses.loadBalancer, ...addresses.controllers],
      },
      storage: { etcd: { peerAddress: address, initialCluster: Object.fromEntries(members) } },
    },
  };
}

/** What k0s has to be told as a service of this host, beside where its things lie. */
export function k0sArguments(
  { role, address, zone, hasKubelet, isSingle }: HostInCluster,
  files: { readonly config: string; readonly token: string | undefined },
  kubeletArguments: readonly string[] = [],
): readonly string[] {
  const token = files.token === undefined ? [] : [`--token-file=${files.token}`];
  const labels = zone ? [`--labels=topology.kubernetes.io/zone=${zone}`] : [];
  const extra = [`--node-ip=${address}`, ...kubeletArguments].join(' ');
  const kubelet = [...labels, `--kubelet-extra-args=${extra}`];
  if (role === 'worker') return ['worker', ...token, ...kubelet];
  // as it has to be where ours is installed
  const own = '--disable-components=autopilot';
  const controller = ['controller', `--config=${files.config}`, own, ...token];
  if (!hasKubelet) return controller;
  return [...controller, isSingle ? '--single' : '--enable-worker', ...kubelet];
}
