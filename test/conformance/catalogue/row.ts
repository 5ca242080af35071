/** A test of ours, by its file and its own name (without those of the suites around it). */
export interface Proof {
  readonly file: string;
  readonly test: string;
}

/** What is promised here, beside what k0s's own tests promise. */
export interface Row {
  /** What k0s's test asserts; undefined where k0s has no test. */
  readonly k0s?: string;
  /** What ours asserts, where that is not the same. */
  readonly here?: string;
  /** Of what is different on purpose: why, and what the user sees. */
  readonly why?: string;
  readonly sees?: string;
  /** Tests that exist for other reasons as well; a suite of k0s has tests of its own instead. */
  readonly by?: readonly Proof[];
}

/** One suite of k0s, or a group of behaviours. */
export interface Chapter<Key extends string = string> {
  readonly name: string;
  /** Of the cluster, or what the rows have in common. */
  readonly about: string;
  /** Where its own tests are; undefined where each row names others. */
  readonly file?: string;
  readonly rows: Readonly<Record<Key, Row>>;
}

/** Keeps the keys, so that the compiler misses a row without a test. */
export function chapter<Key extends string>(of: Chapter<Key>): Chapter<Key> {
  return of;
}

/** What k0s's own test asserts holds here too. */
export function asK0s(k0s: string, by?: readonly Proof[]): Row {
  return { k0s, ...(by && { by }) };
}

/** k0s has no test of it. */
export function oursAlone(here: string, by?: readonly Proof[]): Row {
  return { here, ...(by && { by }) };
}

interface Difference {
  readonly here: string;
  readonly why: string;
  readonly sees: string;
  readonly by?: readonly Proof[];
}

/** What k0s asserts does not hold here, on purpose. */
export function different(k0s: string, difference: Difference): Row {
  return { k0s, ...difference };
}

/** What the test of a row is called, where the chapter has its own. */
export function titleOf({ name }: Pick<Chapter, 'name'>, row: Row): string {
  return `${name}: ${row.here ?? row.k0s}`;
}

/** Tests that prove a row: never none. */
export function proofsOf(of: Chapter, row: Row): readonly Proof[] {
  const own = of.file === undefined ? [] : [{ file: of.file, test: titleOf(of, row) }];
  return row.by ?? own;
}
