import type * as z from 'zod';

/** One release apart there is little that is new; what is garbage is given up soon. */
const MOST_DROPPED = 100;

export interface Forgiven<T> {
  readonly value: T;
  /** Paths of what was left out, such as `commands.0.k0supdate.workers.3.phase`. */
  readonly dropped: readonly string[];
}

/**
 * Reads what a newer release of ours may have written: a field that is not known, or a value that is not,
 * counts as absent, so that the rest is still understood.
 * @param only `fields`: values that are not known are not left out
 * @returns undefined where what is missing then is needed, or `value` is something else altogether
 */
export function parseForgiving<T>(
  schema: z.ZodType<T>,
  value: unknown,
  only?: 'fields',
): Forgiven<T> | undefined {
  // Nearly always all is known: a copy of thousands of targets costs more than to read them.
  const whole = schema.safeParse(value);
  if (whole.success) return { value: whole.data, dropped: [] };
  const copy = structuredClone(value);
  const dropped: string[] = [];
  for (;;) {
    const result = schema.safeParse(copy);
    if (result.success) return { value: result.data, dropped };
    const paths = result.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => [...issue.path, key])
        : only === 'fields'
          ? []
          : [issue.path],
    );
    const gone = paths.filter((path) => drop(copy, path));
    if (gone.length === 0 || dropped.length + gone.length > MOST_DROPPED) return undefined;
    dropped.push(...gone.map((path) => path.join('.')));
  }
}

/** @returns false where there is nothing to be left out: something is missing, or it is all of it */
function drop(root: unknown, path: readonly PropertyKey[]): boolean {
  const last = path.at(-1);
  if (last === undefined) return false;
  let at = root;
  for (const key of path.slice(0, -1)) {
    if (typeof at !== 'object' || at === null) return false;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  if (typeof at !== 'object' || at === null || Array.isArray(at)) return false;
  if (!Object.hasOwn(at, last)) return false;
  delete (at as Record<PropertyKey, unknown>)[last];
  return true;
}
