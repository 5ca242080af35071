interface Orderable {
  readonly name: string;
  /** Not ready, whoever made it so: it goes first, for repair must work exactly then. */
  readonly ready: boolean;
}

/** Unready first, then by name with numbers as numbers (`worker-2` before `worker-10`). */
export function inOrder<T extends Orderable>(targets: readonly T[]): T[] {
  return targets.toSorted((a, b) => Number(a.ready) - Number(b.ready) || byName(a.name, b.name));
}

const collator = new Intl.Collator('en', { numeric: true });

export function byName(a: string, b: string): number {
  return collator.compare(a, b);
}
