import { PLAN_FIELDS, type PlanSpec } from '../api/plan.ts';
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
  | {
      readonly kind: 'known';
      readonly inUse: readonly RemovedApiUse[];
      /** Fields that this program writes or reads, and the stored definition of Plans does not have. */
      readonly missingFields?: readonly string[];
      /** When our kinds came into the cluster, by the API server's clock, epoch milliseconds. */
      readonly installedAtMs?: number | undefined;
    }
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

/** Of an OpenAPI schema, as a CustomResourceDefinition has it. */
export interface PlanSchema {
  readonly properties?: Readonly<Record<string, PlanSchema>>;
}

/**
 * What of a Plan this API server would drop. k0s writes its own definition over ours whenever it starts with its
 * Autopilot on; ours of an older version lacks what is new.
 * @returns paths such as `status.runID`
 */
export function missingFields(schema: PlanSchema | undefined): string[] {
  const lacks = (part: 'spec' | 'status', fields: readonly string[]) =>
    fields
      .filter((field) => schema?.properties?.[part]?.properties?.[field] === undefined)
      .map((field) => `${part}.${field}`);
  return [...lacks('spec', PLAN_FIELDS.spec), ...lacks('status', PLAN_FIELDS.status)];
}

const SHOWN_FIELDS = 3;

export function describeMissing(fields: readonly string[]): string {
  const shown = fields.slice(0, SHOWN_FIELDS).join(', ');
  const more = fields.length > SHOWN_FIELDS ? ` and ${fields.length - SHOWN_FIELDS} more` : '';
  return `the stored definition of Plans has no ${shown}${more}: that of k0s, or an older one, was written over ours, and what a run has to remember would be lost; type: kubectl apply -f crds/`;
}
