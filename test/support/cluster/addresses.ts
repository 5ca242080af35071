import { randomInt } from 'node:crypto';
import { type Backend, LoadBalancer } from '../load-balancer.ts';

export const API_PORT = 6443;

/** The addresses of one simulated cluster: a /24 of the loopback network, nobody else's. */
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
      controllers: Array.from({ length: controllers }, (_, i) => `${net}.${11 + i}`),
      workers: Array.from({ length: workers }, (_, i) => `${net}.${101 + i}`),
    };
    try {
      const loadBalancer = await LoadBalancer.listen(
        { host: addresses.loadBalancer, port: API_PORT },
        addresses.controllers.map(
          (host, i): Backend => ({ name: controllerName(i), host, port: API_PORT }),
        ),
      );
      return { addresses, loadBalancer };
    } catch (thrown) {
      last = thrown;
    }
  }
  throw new Error(`no free network was found in 127.0.0.0/8 after ${TRIES} tries: is this Linux?`, {
    cause: last,
  });
}

export function controllerName(index: number): string {
  return `c${index + 1}`;
}

export function workerName(index: number): string {
  return `w${index + 1}`;
}
