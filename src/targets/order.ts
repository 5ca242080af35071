interface Orderable {
  readonly name: string;
  /** Whether it does its work; what does not, whoever made it so, goes first: repair must work exactly then. */
  readonly ready: boolean;
}

/** Unready first, then by name with numbers as numbers (`worker-2` before `worker-10`). */
export function inOrder<T extends Orderable>(targets: readonly T[]): T[] {
  return targets.toSorted((a, b) => Number(a.ready) - Number(b.ready) || byName(a.name, b.name));
}

/**
 * Each name with its place in an order in which neighbours are of different zones, as far as there are any:
 * the first of each zone, then the second of each, and so on.
 * @param zoneOf empty: the zone of those that have none
 */
export function spreadByZone(
  names: readonly string[],
  zoneOf: (name: string) => string,
): ReadonlyMap<string, number> {
  const zones = Map.groupBy(names.toSorted(byName), zoneOf);
  const ranked = [...zones.keys()]
    .toSorted(byZone)
    .flatMap((zone) => zones.get(zone)!.map((name, round) => ({ name, round })));
  const order = ranked.toSorted((a, b) => a.round - b.round);
  return new Map(order.map(({ name }, place) => [name, place]));
}

/** Of zones; the empty one, of nodes without the label, is the last. */
export function byZone(a: string, b: string): number {
  return Number(a === '') - Number(b === '') || byName(a, b);
}

const collator = new Intl.Collator('en', { numeric: true });

export function byName(a: string, b: string): number {
  return collator.compare(a, b);
}
