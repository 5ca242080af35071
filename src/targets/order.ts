interface Orderable {
  readonly name: string;
  /** Whether it does its work; what does not, whoever made it so, goes first: repair must work exactly then. */
  readonly ready: boolean;
}

/** Unready first, then by name with numbers as numbers (`worker-2` before `worker-10`). */
export function inOrder<T extends Orderable>(targets: readonly T[]): T[] {
  const of = placesOf(targets.map(({ name }) => name));
  return targets
    .map((target) => ({ target, ready: Number(target.ready), place: of.get(target.name)! }))
    .toSorted((a, b) => a.ready - b.ready || a.place - b.place)
    .map(({ target }) => target);
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
  return a === b ? 0 : collator.compare(a, b);
}

/** Of the names of a cluster, in their order: comparing thousands of them anew at every look would cost most of it. */
let line: readonly string[] = [];
let places = new Map<string, number>();
const MOST_PLACES = 100_000;

/** @returns numbers that are to each other as {@link byName} says of the names, until it is asked anew */
function placesOf(names: readonly string[]): ReadonlyMap<string, number> {
  const added = names.filter((name) => !places.has(name));
  if (added.length === 0) return places;
  const known =
    line.length + added.length > MOST_PLACES ? new Set(names) : new Set([...line, ...added]);
  line = [...known].toSorted(byName);
  places = new Map();
  let place = 0;
  line.forEach((name, at) => {
    if (at > 0 && byName(line[at - 1]!, name) !== 0) place++;
    places.set(name, place);
  });
  return places;
}
