import type { Place } from './plain-yaml.ts';

/** How the place of a flaw in a YAML file is told: `FILE:LINE:COLUMN`. */
export function placed(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** `download.mirrors[0].prefix`; a name that is no plain word is quoted. */
export function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((step) =>
      typeof step === 'number'
        ? `[${step}]`
        : `.${/^\w{1,40}$/.test(String(step)) ? String(step) : clip(String(step))}`,
    )
    .join('')
    .replace(/^\./, '');
}

/** What stands at a path; undefined where there is nothing. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step))
      return undefined;
    found = (found as Record<PropertyKey, unknown>)[step];
  }
  return found;
}

/** What was found, short enough for a sentence. */
export function clip(found: unknown): string {
  if (Array.isArray(found)) return 'a list';
  if (typeof found === 'object') return 'fields';
  // not JSON: it has no words for infinity
  if (typeof found !== 'string') return String(found);
  return JSON.stringify(found.length > 60 ? `${found.slice(0, 57)}...` : found);
}
