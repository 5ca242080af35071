import { basename, join } from 'node:path';
import { buildAutopilot } from '../../../tools/build.ts';
import type { InitName } from '../../../tools/hosts/recipe.ts';
import { ArtifactServer } from '../artifact-server.ts';
import {
  addressesOfHosts,
  countsOf,
  type HostInCluster,
  hostsOf,
  listenFor,
} from '../cluster/addresses.ts';
import { ClusterBase, type ClusterOptions, type ClusterParts } from '../cluster/cluster-base.ts';
import { buildReleases, OLD_VERSION } from '../releases.ts';
import { Host } from './host.ts';
import { InstalledHost } from './installed-host.ts';
import { type K0sLayout, layoutOf } from './k0s-layout.ts';
import { HostNetwork } from './network.ts';
import { makeProgramLayer } from './program-layer.ts';

export interface HostClusterOptions extends ClusterOptions {
  /** Service manager of a host; systemd unless said otherwise. */
  readonly base?: (name: string) => InitName;
  /** How k0s lies on a host where that is not as usual, by the host's name. */
  readonly layout?: (name: string) => Partial<K0sLayout>;
  /** Of each host; 4 GiB unless said otherwise. */
  readonly diskBytes?: number;
}

/**
 * A cluster of Debian hosts, each with its own init, network and disk, and k0s and our agent installed as in
 * production. The load balancer, the server of releases and the orchestrators are in this process's world.
 * Needs root; see {@link Host}.
 */
export class HostCluster extends ClusterBase<InstalledHost> {
  readonly network: HostNetwork;

  private constructor(network: HostNetwork, parts: ClusterParts<InstalledHost>) {
    super(parts);
    this.network = network;
  }

  /** @throws whatever went wrong, after everything that had been started was ended */
  static async start(options: HostClusterOptions = {}): Promise<HostCluster> {
    const { release = { version: OLD_VERSION } } = options;
    const built = await buildAutopilot();
    const [k0s = ''] = await buildReleases([release], options.onProgress);
    options.signal?.throwIfAborted();
    const network = await HostNetwork.start();
    let cluster: HostCluster | undefined;
    try {
      cluster = await HostCluster.#make(network, built, k0s, options);
      await cluster.bringUp(options);
      // a power cut a moment from now shall not take away what was installed a moment ago
      await Promise.all(cluster.hosts.map(({ machine }) => machine.must(['sync'])));
      return cluster;
    } catch (thrown) {
      await (cluster?.stop() ?? network[Symbol.asyncDispose]());
      throw thrown;
    }
  }

  protected override async release(): Promise<void> {
    await this.network[Symbol.asyncDispose]();
  }

  static async #make(
    network: HostNetwork,
    built: string,
    k0s: string,
    options: HostClusterOptions,
  ): Promise<HostCluster> {
    const { controllers, workers } = countsOf(options);
    const [own = '', forArtifacts = ''] = network.addresses;
    const addresses = {
      loadBalancer: own,
      artifacts: forArtifacts,
      ...addressesOfHosts(network.subnet, controllers, workers),
    };
    const layer = await makeProgramLayer(join(network.folder, 'program'), built);
    const program = {
      node: process.execPath,
      file: join(layer, 'usr/local/lib/autopilot', basename(built)),
    };
    const count = controllers + workers;
    options.onProgress?.(`booting ${count} Debian hosts`);
    const hosts = await Promise.all(
      hostsOf(addresses, options).map((place, i) =>
        bootHost(network, place, i > 0, layer, options),
      ),
    );
    const loadBalancer = await listenFor(addresses);
    const artifacts = await ArtifactServer.listen(addresses.artifacts);
    const { folder } = network;
    const parts = { folder, addresses, loadBalancer, artifacts, hosts, k0s, program };
    return new HostCluster(network, parts);
  }
}

async function bootHost(
  network: HostNetwork,
  place: HostInCluster,
  joins: boolean,
  layer: string,
  options: HostClusterOptions,
): Promise<InstalledHost> {
  const { name, address } = place;
  const layout = layoutOf(options.layout?.(name) ?? {});
  const host = await Host.make(network, {
    name,
    ...(layout.hostname !== undefined && { hostname: layout.hostname }),
    base: options.base?.(name) ?? 'systemd',
    layers: [layer],
    addressEnds: Number(address.split('.').at(-1)),
    ...(options.diskBytes !== undefined && { diskBytes: options.diskBytes }),
    ...(options.onProgress && { onProgress: options.onProgress }),
  });
  await host.boot();
  return new InstalledHost({
    host,
    place,
    joins,
    agent: !options.bare && !options.withoutAgent?.includes(name),
    agentArguments: options.agentArguments ?? [],
    layout,
    k0sArguments: options.k0sArguments?.(name) ?? [],
  });
}
