import { rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildAutopilot } from '../../../tools/build.ts';
import { ArtifactServer } from '../artifact-server.ts';
import { buildReleases, OLD_VERSION } from '../releases.ts';
import { countsOf, hostsOf, takeAddresses } from './addresses.ts';
import { ClusterBase, type ClusterOptions } from './cluster-base.ts';
import { SimulatedHost } from './host.ts';
import { placesOf } from './k0s.ts';
import { makeClusterFolder } from './temp.ts';

export type { ClusterOptions, Offer } from './cluster-base.ts';

/**
 * A cluster whose hosts are folders, each with processes and a loopback address of its own. Needs no root.
 * Everything is below one temporary folder and ends with this process.
 */
export class Cluster extends ClusterBase<SimulatedHost> {
  /** @throws whatever went wrong, after everything that had been started was ended */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const { release = { version: OLD_VERSION } } = options;
    const { controllers, workers } = countsOf(options);
    const built = await buildAutopilot();
    const [k0s = ''] = await buildReleases([release], options.onProgress);
    options.signal?.throwIfAborted();
    const folder = makeClusterFolder();
    const { addresses, loadBalancer } = await takeAddresses(controllers, workers);
    const artifacts = await ArtifactServer.listen(addresses.artifacts);
    // A copy: this cluster's program stays what it is when the next build replaces it.
    await cp(dirname(built), join(folder, 'autopilot'), { recursive: true });
    const program = { node: process.execPath, file: join(folder, 'autopilot', basename(built)) };
    const hosts = hostsOf(addresses, options).map(
      (host, i) =>
        new SimulatedHost({
          places: placesOf(folder, host),
          program,
          joins: i > 0,
          agent: !options.withoutAgent?.includes(host.name),
          k0sArguments: options.k0sArguments?.(host.name) ?? [],
          ...(options.agentArguments && { agentArguments: options.agentArguments }),
        }),
    );
    const parts = { folder, addresses, loadBalancer, artifacts, hosts, k0s, program };
    const cluster = new Cluster(parts);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    try {
      await cluster.bringUp(options);
      return cluster;
    } catch (thrown) {
      await cluster.stop();
      throw thrown;
    }
  }
}
