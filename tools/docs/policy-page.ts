import * as z from 'zod';
import { POLICY_DEFAULTS, policySchema } from '../../src/api/policy.ts';

interface Row {
  readonly field: string;
  readonly meaning: string;
}

/** The shape of a policy with its defaults as a page. */
export function policyPage(): string {
  const rows = fieldsOf(policySchema, '').map(
    ({ field, meaning }) => `| \`${field}\` | \`${defaultOf(field)}\` | ${meaning} |`,
  );
  return `# Policy
How updates are done is said once, in a YAML file that is given to the orchestrator with \`--policy FILE\`. What it does not say has its default; a field that does not exist is refused by name. The policy of a run is frozen when it begins, and shown in the Plan's \`status.policy\`. Made from \`src/api/policy.ts\` by \`npm run generate\`.

| field | default | meaning |
|---|---|---|
${rows.join('\n')}

\`\`\`yaml
confirmTimeout: 3m
gate: {timeout: 2m}
drain: {timeout: 15m}
\`\`\`
`;
}

function fieldsOf(schema: z.ZodObject, prefix: string): Row[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
    const path = `${prefix}${name}`;
    if (inner instanceof z.ZodObject) return fieldsOf(inner, `${path}.`);
    return [{ field: path, meaning: (field as z.ZodType).description ?? '' }];
  });
}

function defaultOf(field: string): string {
  let value: unknown = POLICY_DEFAULTS;
  for (const part of field.split('.')) value = (value as Record<string, unknown>)[part];
  if (value === undefined) throw new Error(`policy: ${field} has no default in POLICY_DEFAULTS`);
  return String(value);
}
