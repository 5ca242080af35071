import type { Reason } from '../api/reasons.ts';
import { SELECTOR_PATTERN } from '../targets/selector.ts';

/**
 * Something that k0s accepts in a Plan and should not. It is written once, in CEL, and asked twice: by the API
 * server when the Plan is applied (deploy/plan-warnings.yaml, made from this), and by the orchestrator for the
 * condition `WellFormed`.
 */
export interface SpecWarning {
  /** Name of the variable that holds what was found. */
  readonly name: string;
  readonly reason: Reason;
  /** Where, and what is wanted there. */
  readonly wanted: string;
  /** Texts of what is there instead; empty where all is well. */
  readonly found: string;
  /** What comes of it. */
  readonly outcome: string;
}

/** A string as CEL reads it. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Those of a list that have all these fields, as CEL says it. */
const having = (list: string, ...fields: readonly string[]) =>
  `${list}.filter(one, ${fields.map((field) => `has(one.${field})`).join(' && ')})`;

const SELECTED = 'has(one.discovery) && has(one.discovery.selector) && !has(one.discovery.static)';
const selectorsOf = (targets: string) =>
  `${targets}.filter(one, ${SELECTED}).map(one, one.discovery.selector)`;

/** What later expressions use, in this order; `variables.commands` are the commands of the Plan. */
const PARTS: Readonly<Record<string, string>> = {
  updates: `${having('variables.commands', 'k0supdate')}.map(one, one.k0supdate)`,
  bundles: `${having('variables.commands', 'airgapupdate')}.map(one, one.airgapupdate)`,
  controllers: `${having('variables.updates', 'targets', 'targets.controllers')}.map(one, one.targets.controllers)`,
  workers: `${having('variables.updates', 'targets', 'targets.workers')}.map(one, one.targets.workers) + ${having('variables.bundles', 'workers')}.map(one, one.workers)`,
  ofControllers: selectorsOf('variables.controllers'),
  selectors: `variables.ofControllers + ${selectorsOf('variables.workers')}`,
  platforms: `${having('(variables.updates + variables.bundles)', 'platforms')}.map(one, one.platforms)`,
};

const ROLE_LABEL = '(?:^|,)\\s*node-role\\.kubernetes\\.io/[-A-Za-z0-9_.]+\\s*(?:$|,|=|in\\b)';
const BY_NAME = 'metadata\\.name\\s*(?:==|=|!=)\\s*[-a-z0-9.]*';
const FIELDS = `^\\s*(?:${BY_NAME}(?:\\s*,\\s*${BY_NAME})*)?\\s*$`;
const DIGEST = '^(?:[0-9a-fA-F]{64})?$';
const REFUSED = 'here the Plan is refused';

export const SPEC_WARNINGS: readonly SpecWarning[] = [
  {
    name: 'limits',
    reason: 'InvalidLimit',
    wanted: 'workers.limits.concurrent: wanted 1 or more',
    found: `${having('variables.workers', 'limits', 'limits.concurrent')}.filter(one, one.limits.concurrent < 1).map(one, string(one.limits.concurrent))`,
    outcome: `k0s would wait for ever, ${REFUSED}`,
  },
  {
    name: 'ambiguous',
    reason: 'CommandAmbiguous',
    wanted: 'commands: wanted k0supdate or airgapupdate in each item',
    found: `${having('variables.commands', 'k0supdate', 'airgapupdate')}.map(one, 'both in one')`,
    outcome: `k0s would leave out the airgapupdate, ${REFUSED}: make them two items`,
  },
  {
    name: 'empty',
    reason: 'CommandEmpty',
    wanted: 'commands: wanted k0supdate or airgapupdate in each item',
    found:
      "variables.commands.filter(one, !has(one.k0supdate) && !has(one.airgapupdate)).map(one, 'neither in one')",
    outcome: `k0s would do nothing and say nothing, ${REFUSED}`,
  },
  {
    name: 'digests',
    reason: 'InvalidDigest',
    wanted: 'platforms.*.sha256: wanted 64 hex digits, in quotes',
    found: `variables.platforms.map(all, all.filter(one, 'sha256' in all[one] && !all[one].sha256.matches(${literal(DIGEST)})).map(one, one + ': ' + all[one].sha256)).filter(some, size(some) > 0).map(some, some.join(', '))`,
    outcome: `no file has such a digest, ${REFUSED}`,
  },
  {
    name: 'labels',
    reason: 'InvalidSelector',
    wanted: 'selector.labels: wanted requirements such as a=b, a!=b, a in (b,c), a or !a',
    found: `${having('variables.selectors', 'labels')}.filter(one, !one.labels.matches(${literal(SELECTOR_PATTERN)})).map(one, one.labels)`,
    outcome: `k0s would select everything, ${REFUSED}`,
  },
  {
    name: 'fields',
    reason: 'InvalidSelector',
    wanted: 'selector.fields: wanted metadata.name=NAME or metadata.name!=NAME',
    found: `${having('variables.selectors', 'fields')}.filter(one, !one.fields.matches(${literal(FIELDS)})).map(one, one.fields)`,
    outcome: `k0s would select nothing, ${REFUSED}`,
  },
  {
    name: 'roles',
    reason: 'SelectorCannotMatch',
    wanted: 'controllers.discovery.selector.labels: wanted labels that ControlNodes carry',
    found: `${having('variables.ofControllers', 'labels')}.filter(one, one.labels.matches(${literal(ROLE_LABEL)})).map(one, one.labels)`,
    outcome:
      'no ControlNode has the label of a role unless somebody put it there; selector: {} takes all controllers',
  },
];

/** All variables, in an order in which each needs only those before it and `commands`. */
export const SPEC_VARIABLES: readonly (readonly [name: string, expression: string])[] = [
  ...Object.entries(PARTS),
  ...SPEC_WARNINGS.map(({ name, found }) => [name, found] as const),
];

/** Whether all is well, as CEL asks it. */
export function isWell({ name }: SpecWarning): string {
  return `size(variables.${name}) == 0`;
}

/** The sentence that is said where it is not, as CEL makes it of what was found. */
export function sentence({ name, wanted, outcome }: SpecWarning): string {
  return `${literal(`${wanted}, found `)} + variables.${name}.join(', ') + ${literal(`; ${outcome}`)}`;
}
