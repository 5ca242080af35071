import type * as z from 'zod';
import { type PlainYaml, plainYaml, YamlError } from '../api/plain-yaml.ts';
import { clip, fieldName, placed, valueAt } from '../api/yaml-words.ts';
import { messageOf } from '../errors.ts';
import type { AgentPolicy } from './agent-policy.ts';
import { agentPolicySchema, policyOf } from './agent-policy-schema.ts';

export type ParsedAgentPolicy =
  | { readonly kind: 'read'; readonly policy: AgentPolicy }
  | { readonly kind: 'invalid'; readonly message: string };

/**
 * Reads the text of a policy; a file that says nothing is a policy of defaults. Never throws. Loads the
 * YAML parser: import this file only where there is something to parse.
 * @param file for messages, which say `FILE:LINE:COLUMN: FIELD: wanted ..., found ...`
 */
export function parseAgentPolicy(text: string, file: string): ParsedAgentPolicy {
  let yaml: PlainYaml;
  try {
    yaml = plainYaml(text);
  } catch (thrown) {
    const where = thrown instanceof YamlError ? placed(file, thrown.place) : file;
    // a text that is nested too deep for the parser ends in a RangeError
    return { kind: 'invalid', message: `${where}: ${messageOf(thrown)}` };
  }
  const parsed = agentPolicySchema.safeParse(yaml.value ?? {});
  if (parsed.success) return { kind: 'read', policy: policyOf(parsed.data) };
  const [issue] = parsed.error.issues;
  if (issue === undefined) return { kind: 'invalid', message: `${file}: not valid` };
  return { kind: 'invalid', message: describe(issue, yaml, file) };
}

function describe(issue: z.core.$ZodIssue, yaml: PlainYaml, file: string): string {
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = fieldsAt(issue.path);
    const near = nearest(key, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `is ${near} meant?`;
    const where = placed(file, yaml.placeOfKey(issue.path, key));
    return `${where}: ${fieldName([...issue.path, key])}: there is no such field; ${hint}`;
  }
  const found = valueAt(yaml.value, issue.path);
  const where = placed(file, yaml.placeOf(issue.path));
  const name = issue.path.length === 0 ? '' : `${fieldName(issue.path)}: `;
  const what = found === undefined ? 'it is missing' : `found ${clip(found)}`;
  // a judgement of several fields together says itself what it found
  const isWhole = issue.code === 'custom' && typeof found === 'object';
  return `${where}: ${name}${issue.message}${isWhole ? '' : `, ${what}`}`;
}

/** Names of the fields that the schema has at a path. */
function fieldsAt(path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = agentPolicySchema;
  for (const step of path) {
    at = typeof step === 'number' ? peel(at, 'element') : (peel(at, 'shape') as never)?.[step];
  }
  return Object.keys((peel(at, 'shape') ?? {}) as object);
}

/** The part of a schema that has it, below `optional`. */
function peel(schema: unknown, part: 'shape' | 'element'): unknown {
  const one = schema as { shape?: object; element?: unknown; unwrap?: () => unknown } | undefined;
  if (one?.[part] !== undefined) return one[part];
  return one?.unwrap ? peel(one.unwrap(), part) : undefined;
}

function nearest(word: string, known: readonly string[]): string | undefined {
  const rated = known.map((name) => ({ name, cost: distance(word.slice(0, 40), name) }));
  const [best] = rated.sort((a, b) => a.cost - b.cost);
  return best !== undefined && best.cost <= Math.max(2, best.name.length / 3)
    ? best.name
    : undefined;
}

/** How many letters must be put in, taken out or exchanged; case is not counted. */
function distance(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
