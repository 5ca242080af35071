/** A requirement of a label or field selector, as kubectl writes them. */
interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

export type Selector = readonly Requirement[];

const KEY = `(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?`;
const VALUE = `(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?`;
const FORMS: readonly [RegExp, (match: readonly string[]) => Requirement][] = [
  [
    new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`),
    (m) => ({
      key: m[1]!,
      operator: m[2] === 'in' ? 'In' : 'NotIn',
      values: m[3]!.split(',').map((value) => value.trim()),
    }),
  ],
  [
    new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`),
    (m) => ({ key: m[1]!, operator: m[2] === '!=' ? 'NotIn' : 'In', values: [m[3]!] }),
  ],
  [
    new RegExp(`^(${KEY})\\s*([<>])\\s*(-?\\d+)$`),
    (m) => ({ key: m[1]!, operator: m[2] === '>' ? 'Gt' : 'Lt', values: [m[3]!] }),
  ],
  [new RegExp(`^!\\s*(${KEY})$`), (m) => ({ key: m[1]!, operator: 'DoesNotExist', values: [] })],
  [new RegExp(`^(${KEY})$`), (m) => ({ key: m[1]!, operator: 'Exists', values: [] })],
];
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);

const ONE_OF = `(?:-?\\d+|${VALUE})`;
const REQUIREMENT = `(?:!\\s*${KEY}|${KEY}(?:\\s*(?:==|=|!=)\\s*${VALUE}|\\s+(?:in|notin)\\s*\\(\\s*${ONE_OF}(?:\\s*,\\s*${ONE_OF})*\\s*\\)|\\s*[<>]\\s*-?\\d+)?)`;
/** What {@link parseSelector} can parse, as one regular expression of RE2: for the admission of the API server. */
export const SELECTOR_PATTERN = `^\\s*(?:${REQUIREMENT}(?:\\s*,\\s*${REQUIREMENT})*)?\\s*$`;

/**
 * Parses a selector; an empty one selects everything.
 * @returns a message instead where it cannot be parsed: it must never be taken for "everything"
 * @see kubectl get --selector
 */
export function parseSelector(text: string): Selector | { readonly invalid: string } {
  const parts = splitOutsideParentheses(text);
  if (parts.length === 1 && parts[0] === '') return [];
  const requirements: Requirement[] = [];
  for (const part of parts) {
    const requirement = parseRequirement(part);
    if (requirement === undefined) {
      return {
        invalid: `wanted requirements such as a=b, a!=b, a in (b,c), a or !a; found ${JSON.stringify(part)} in ${JSON.stringify(text)}`,
      };
    }
    requirements.push(requirement);
  }
  return requirements;
}

function parseRequirement(part: string): Requirement | undefined {
  for (const [form, build] of FORMS) {
    const match = form.exec(part);
    if (match !== null) {
      const requirement = build(match);
      return requirement.values.every((value) => WHOLE_VALUE.test(value) || /^-?\d+$/.test(value))
        ? requirement
        : undefined;
    }
  }
  return undefined;
}

/** @returns whether every requirement holds for these labels (or fields) */
export function matches(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    return holds(operator, value, values);
  });
}

function holds(
  operator: Requirement['operator'],
  value: string | undefined,
  values: readonly string[],
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}
