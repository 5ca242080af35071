import { constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Role } from '../../../src/api/plan.ts';
import { type Addresses, API_PORT, controllerName } from './addresses.ts';
import { run } from './run.ts';

/** Where things lie on one simulated host. */
export interface HostPlaces {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  readonly zone: string | undefined;
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

export function placesOf(
  folder: string,
  host: Pick<HostPlaces, 'name' | 'role' | 'address' | 'zone'>,
): HostPlaces {
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

function clusterConfig(address: string, addresses: Addresses): unknown {
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

/** k0s's arguments as a service of this host. */
export function k0sArguments(places: HostPlaces, joins: boolean): readonly string[] {
  const common = ['--data-dir', places.dataDir, '--run-dir', places.runDir];
  const token = joins ? ['--token-file', places.token] : [];
  if (places.role === 'controller') {
    return ['controller', '--config', places.config, ...common, ...token];
  }
  const labels = places.zone ? ['--labels', `topology.kubernetes.io/zone=${places.zone}`] : [];
  const kubelet = ['--kubelet-extra-args', `--node-ip=${places.address}`];
  return ['worker', ...common, ...token, ...labels, ...kubelet];
}

/** Commands that work offline, on the folder of the first controller. */
export class FirstController {
  readonly #places: HostPlaces;

  constructor(places: HostPlaces) {
    this.#places = places;
  }

  token(role: Role): Promise<string> {
    return this.#k0s('token', 'create', '--role', role);
  }

  /** A credential for the API as the load balancer offers it. */
  kubeconfig(user: string, groups: readonly string[]): Promise<string> {
    return this.#k0s('kubeconfig', 'create', user, '--groups', groups.join(','));
  }

  #k0s(...args: readonly string[]): Promise<string> {
    const { binary, config, dataDir } = this.#places;
    return run(binary, [...args, '--config', config, '--data-dir', dataDir]);
  }
}
