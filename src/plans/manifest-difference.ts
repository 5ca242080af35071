/**
 * Where an object in the cluster is not what a manifest wants. What the API server, or somebody else, has added
 * to it is no difference; a list is, that is longer or shorter.
 * @returns path of the first field that differs: `spec.validations[2].expression`; undefined where none does
 */
export function differenceOf(wanted: unknown, found: unknown, path = ''): string | undefined {
  if (Array.isArray(wanted)) {
    const list = found === undefined ? [] : found;
    if (!Array.isArray(list) || list.length !== wanted.length) return path;
    return first(wanted, (item, index) => differenceOf(item, list[index], `${path}[${index}]`));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    const object = (found ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof object !== 'object') return path;
    return first(Object.entries(wanted), ([key, value]) =>
      differenceOf(value, object[key], path === '' ? key : `${path}.${key}`),
    );
  }
  return (wanted ?? undefined) === (found ?? undefined) ? undefined : path;
}

function first<T, R>(
  all: readonly T[],
  judge: (one: T, index: number) => R | undefined,
): R | undefined {
  for (const [index, one] of all.entries()) {
    const found = judge(one, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
