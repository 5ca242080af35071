import type { PlanSpec } from '../api/plan.ts';
import { isRemovedIn, REMOVED_APIS, type RemovedApi } from '../api/removed-apis.ts';

/** Objects that are served under a version of their kind, and under none that survives. */
export interface RemovedApiUse {
  readonly api: RemovedApi;
  /** Plural, as kubectl takes it: `flowschemas`. */
  readonly resource: string;
  readonly objects: number;
}

/** What the API server has answered about itself, before a run begins. */
export type ApiCheck =
  | { readonly kind: 'known'; readonly inUse: readonly RemovedApiUse[] }
  /** It could not be asked; the message says why. */
  | { readonly kind: 'unknown'; readonly message: string };

/**
 * Versions whose APIs are compared with those in use. As k0s does: an update that is forced is not checked, a
 * bundle always is.
 */
export function checkedVersions({ commands }: PlanSpec): string[] {
  return commands.flatMap(({ k0supdate, airgapupdate }) => {
    if (k0supdate !== undefined) return k0supdate.forceupdate === true ? [] : [k0supdate.version];
    return airgapupdate === undefined ? [] : [airgapupdate.version];
  });
}

/** What has to be looked for: all that one of these versions does not have. */
export function apisGoneIn(versions: Iterable<string>): RemovedApi[] {
  const all = [...versions];
  return REMOVED_APIS.filter(({ removedIn }) => all.some((one) => isRemovedIn(removedIn, one)));
}

/** In k0s's words, which dashboards read in the `description` of a command. */
export function describeUse({ api, resource, objects }: RemovedApiUse): string {
  return `${resource}.${api.group} ${api.version} has been removed in Kubernetes ${api.removedIn}, but there are ${objects} such resources in the cluster`;
}
