/** One step of RFC 6902, as far as we use it. */
export type PatchStep =
  | { readonly op: 'test' | 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** @returns the JSON Pointer of an annotation */
export function annotationPath(key: string): string {
  return `/metadata/annotations/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * Fails the whole patch unless the annotation has this value.
 * @param value undefined: unless there is none. The API server takes `null` for a member that is missing,
 *   but not where there is no annotation at all: {@link setFirstAnnotation} is for that
 */
export function testAnnotation(key: string, value: string | undefined): PatchStep {
  return { op: 'test', path: annotationPath(key), value: value ?? null };
}

export function setAnnotation(key: string, value: string): PatchStep {
  return { op: 'add', path: annotationPath(key), value };
}

export function removeAnnotation(key: string): PatchStep {
  return { op: 'remove', path: annotationPath(key) };
}

/** For an object without any annotation: an `add` below a member that is missing is refused. */
export function setFirstAnnotation(key: string, value: string): readonly PatchStep[] {
  return [
    { op: 'test', path: '/metadata/annotations', value: null },
    { op: 'add', path: '/metadata/annotations', value: { [key]: value } },
  ];
}
