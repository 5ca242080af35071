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
backup: {keep: 1}
\`\`\`

## Agents that come from time to time
An agent that is run by a timer says in its report how often it comes. It is given two and a half times that long to answer whatever it is asked, where a timeout above is shorter.

## Backups
\`k0s backup\` saves etcd or Kine/SQLite, the certificates and the configuration. It saves nothing of an external etcd or database: back that up yourself and set \`backup: {mode: Never}\`. The archive holds the keys of the cluster and lies on the controller that made it, in the folder that its agent was told to use; keep others elsewhere. A backup that cannot be made ends the run before anything was touched, with reason \`BackupFailed\`: mend what its message says, or set \`mode: Never\`. To go back to it, stop k0s on all controllers and follow k0s's own steps for \`k0s restore\`.
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
