import { differenceOf } from './manifest-difference.ts';

/** Of a Role or ClusterRole. */
interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** An object of our manifests, or the one of its name in a cluster. */
export interface InstalledObject {
  readonly kind: string;
  readonly rules?: readonly Rule[] | null;
  readonly spec?: unknown;
}

const SHOWN = 3;

/**
 * What an object in the cluster lacks of the one in our manifests: an older release has made it. What is there
 * beyond that is an administrator's.
 * @returns undefined where it lacks nothing, or where that cannot be told of its kind
 */
export function lagOf(wanted: InstalledObject, found: InstalledObject): string | undefined {
  if (wanted.rules != null) {
    const lacking = wanted.rules.flatMap((rule) => rightsNotIn(rule, found.rules ?? []));
    if (lacking.length === 0) return undefined;
    const more = lacking.length > SHOWN ? ` and ${lacking.length - SHOWN} more` : '';
    return `lacks ${lacking.slice(0, SHOWN).join(', ')}${more}`;
  }
  if (!wanted.kind.startsWith('ValidatingAdmissionPolicy')) return undefined;
  return differenceOf(wanted.spec, found.spec) === undefined
    ? undefined
    : 'says other things than that of this release';
}

function rightsNotIn(rule: Rule, given: readonly Rule[]): string[] {
  const lacking: string[] = [];
  const names: readonly (string | undefined)[] = rule.resourceNames ?? [undefined];
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) {
      if (!given.some((one) => has(one.verbs, verb) && has(one.nonResourceURLs, url))) {
        lacking.push(`${verb} ${url}`);
      }
    }
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        for (const name of names) {
          const isGiven = given.some(
            (one) =>
              has(one.verbs, verb) &&
              has(one.apiGroups, group) &&
              has(one.resources, resource) &&
              (one.resourceNames == null ||
                (name !== undefined && one.resourceNames.includes(name))),
          );
          if (!isGiven) lacking.push(describe(verb, group, resource, name));
        }
      }
    }
  }
  return lacking;
}

function has(list: readonly string[] | undefined, one: string): boolean {
  return list !== undefined && (list.includes(one) || list.includes('*'));
}

function describe(verb: string, group: string, resource: string, name: string | undefined): string {
  const kind = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${kind}${name === undefined ? '' : ` ${name}`}`;
}
