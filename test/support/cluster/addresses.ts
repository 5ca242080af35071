import { randomInt } from 'node:crypto';
import type { Role } from '../../../src/api/plan.ts';
import { type Backend, LoadBalancer } from '../load-balancer.ts';

export const API_PORT = 6443;

/** The addresses of one cluster: all of one /24, nobody else's. */
export interface Addresses {
  readonly loadBalancer: string;
  readonly artifacts: string;
  readonly controllers: readonly string[];
  readonly workers: readonly string[];
}

const TRIES = 50;

/**
 * Picks a free /24 in 127/8 and takes it by listening on the load balancer's address, so that two
 * clusters on one machine never meet. The lower half of 127/8 is left to others.
 * @throws Error when no network could be taken
 */
export async function takeAddresses(
  controllers: number,
  workers: number,
): Promise<{ readonly addresses: Addresses; readonly loadBalancer: LoadBalancer }> {
  let last: unknown;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const net = `127.${randomInt(64, 255)}.${randomInt(1, 255)}`;
    const addresses: Addresses = {
      loadBalancer: `${net}.10`,
      artifacts: `${net}.9`,
      ...addressesOfHosts(net, controllers, workers),
    };
    try {
      return { addresses, loadBalancer: await listenFor(addresses) };
    } catch (thrown) {
      last = thrown;
    }
  }
  throw new Error(`no free network was found in 127.0.0.0/8 after ${TRIES} tries: is this Linux?`, {
    cause: last,
  });
}

/** @param net first three numbers of the /24 */
export function addressesOfHosts(
  net: string,
  controllers: number,
  workers: number,
): Pick<Addresses, 'controllers' | 'workers'> {
  return {
    controllers: Array.from({ length: controllers }, (_, i) => `${net}.${11 + i}`),
    workers: Array.from({ length: workers }, (_, i) => `${net}.${101 + i}`),
  };
}

/** The load balancer before the controllers. @throws when its address is taken */
export function listenFor({ loadBalancer, controllers }: Addresses): Promise<LoadBalancer> {
  const backends = controllers.map(
    (host, i): Backend => ({ name: controllerName(i), host, port: API_PORT }),
  );
  return LoadBalancer.listen({ host: loadBalancer, port: API_PORT }, backends);
}

/** What a host is in its cluster. */
export interface HostInCluster {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  readonly zone: string | undefined;
  /** Whether it runs pods, so that there is a Node of it: every worker, and a controller that is both. */
  readonly hasKubelet: boolean;
  /** It is its whole cluster: `--single`. */
  readonly isSingle: boolean;
}

/** Which hosts a cluster has. */
export interface Topology {
  /** 1 unless said otherwise; as many etcd members. */
  readonly controllers?: number;
  /** 2 unless said otherwise; none of a single host. */
  readonly workers?: number;
  /** Controllers that are workers as well (`--enable-worker`): all, or those named. */
  readonly hybrids?: 'all' | readonly string[];
  /** One host that is controller and worker, and nothing beside it (`--single`). */
  readonly single?: boolean;
  /** Workers are spread over so many zones; 0: none has a zone. */
  readonly zones?: number;
}

/** How many hosts of each role there are. */
export function countsOf({ controllers = 1, workers, single = false }: Topology): {
  readonly controllers: number;
  readonly workers: number;
} {
  return single ? { controllers: 1, workers: 0 } : { controllers, workers: workers ?? 2 };
}

/** Controllers first. */
export function hostsOf(
  addresses: Addresses,
  { zones = 0, hybrids = [], single: isSingle = false }: Topology,
): readonly HostInCluster[] {
  const zoneOf = (i: number) =>
    zones > 0 ? `zone-${String.fromCharCode(97 + (i % zones))}` : undefined;
  const isHybrid = (name: string) => isSingle || hybrids === 'all' || hybrids.includes(name);
  return [
    ...addresses.controllers.map((address, i) => ({
      name: controllerName(i),
      role: 'controller' as const,
      address,
      zone: undefined,
      hasKubelet: isHybrid(controllerName(i)),
      isSingle,
    })),
    ...addresses.workers.map((address, i) => ({
      name: workerName(i),
      role: 'worker' as const,
      address,
      zone: zoneOf(i),
      hasKubelet: true,
      isSingle: false,
    })),
  ];
}

export function controllerName(index: number): string {
  return `c${index + 1}`;
}

export function workerName(index: number): string {
  return `w${index + 1}`;
}
