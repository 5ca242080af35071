/** Hosts' networks are 10.130.0.0/24 to 10.199.255.0/24: far from k0s's 10.96.0.0/12 and 10.244.0.0/16. */
const SECOND = { from: 130, count: 70 };

/**
 * Picks a /24 that no route of this machine goes to.
 * @param routes destinations as `ip route` prints them, e.g. `10.0.0.0/8`, `192.168.1.7`, `default`
 * @param random 0 to below 1; two who choose at once seldom choose the same
 * @returns its first three numbers, e.g. `10.133.7`
 * @throws Error when all are taken
 */
export function pickSubnet(routes: readonly string[], random: () => number): string {
  const taken = routes.flatMap((route) => rangeOf(route) ?? []);
  const all = SECOND.count * 256;
  const start = Math.floor(random() * all);
  for (let i = 0; i < all; i++) {
    const index = (start + i) % all;
    const subnet = `10.${SECOND.from + Math.floor(index / 256)}.${index % 256}`;
    const wanted = rangeOf(`${subnet}.0/24`)!;
    if (!taken.some(({ first, last }) => first <= wanted.last && wanted.first <= last))
      return subnet;
  }
  throw new Error('found no free /24 in 10.130.0.0 to 10.199.255.255: routes go to all of them');
}

/** Addresses as numbers. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** @returns undefined for what is no IPv4 destination, and for the default */
function rangeOf(route: string): Range | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(route);
  if (found === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = found.slice(1, 5).map(Number);
  const bits = found[5] === undefined ? 32 : Number(found[5]);
  if (bits === 0) return undefined;
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}
