import type { TargetSpec } from '../api/plan.ts';
import { matches, parseSelector } from './selector.ts';

interface Candidate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type Discovered =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'invalid'; readonly message: string };

/** The only field that Nodes and ControlNodes can be selected by here; k0s indexes no other either. */
const SELECTABLE_FIELD = 'metadata.name';

/**
 * Which objects a target of a Plan names. Static names are returned as they are written, whether they
 * exist or not: a missing one is for preflight to refuse by name.
 * @returns names without repetition, in the order written or sorted; possibly none
 */
export function discover(
  target: TargetSpec | undefined,
  candidates: Iterable<Candidate>,
): Discovered {
  if (target === undefined) return { kind: 'names', names: [] };
  const { static: named, selector } = target.discovery;
  // As in k0s, static wins where both are set, and `static: {}` is an empty set.
  if (named !== undefined) return { kind: 'names', names: [...new Set(named.nodes ?? [])] };
  if (selector === undefined) return { kind: 'names', names: [] };

  const labels = parseSelector(selector.labels ?? '');
  if ('invalid' in labels) return { kind: 'invalid', message: `label selector: ${labels.invalid}` };
  const fields = parseSelector(selector.fields ?? '');
  if ('invalid' in fields) return { kind: 'invalid', message: `field selector: ${fields.invalid}` };
  const foreign = fields.find(
    ({ key, operator }) => key !== SELECTABLE_FIELD || !['In', 'NotIn'].includes(operator),
  );
  if (foreign !== undefined) {
    return {
      kind: 'invalid',
      message: `field selector: wanted ${SELECTABLE_FIELD}=NAME or ${SELECTABLE_FIELD}!=NAME, found a requirement on ${foreign.key}`,
    };
  }
  const names = [...candidates]
    .filter(
      (one) => matches(labels, one.labels) && matches(fields, { [SELECTABLE_FIELD]: one.name }),
    )
    .map((one) => one.name);
  return { kind: 'names', names: names.sort() };
}
