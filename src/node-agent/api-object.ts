/** An object of any kind, as far as the API client cares. */
export type ApiObject = { readonly [key: string]: unknown };

/** One line of a JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };
