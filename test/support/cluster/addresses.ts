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
}

/** Controllers first. @param zones workers are spread over so many; 0: none has a zone */
export function hostsOf(addresses: Addresses, zones: number): readonly HostInCluster[] {
  const zoneOf = (i: number) =>
    zones > 0 ? `zone-${String.fromCharCode(97 + (i % zones))}` : undefined;
  return [
    ...addresses.controllers.map((address, i) => ({
      name: controllerName(i),
      role: 'controller' as const,
      address,
      zone: undefined,
    })),
    ...addresses.workers.map((address, i) => ({
      name: workerName(i),
      role: 'worker' as const,
      address,
      zone: zoneOf(i),
    })),
  ];
}

export function controllerName(index: number): string {
  return `c${index + 1}`;
}

export function workerName(index: number): string {
  return `w${index + 1}`;
}
