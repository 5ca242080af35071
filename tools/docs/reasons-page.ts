import { REASONS } from '../../src/api/reasons.ts';
import { STEPS, TROUBLES } from '../../src/api/steps.ts';

/** The catalogue of reasons as a page: none can be missing. */
export function reasonsPage(): string {
  return `# Reasons
The same word stands in conditions, on targets, in Events, reports and logs; the message beside it says what was wanted, what was found and where. Made from \`src/api/reasons.ts\` and \`src/api/steps.ts\` by \`npm run generate\`.

${table('reason', REASONS)}

Steps, in Events and in the history:

${table('step', STEPS)}

What a program ends with, or logs, when it cannot do what it was asked for. The API server's own words (\`Forbidden\`, \`NotFound\`) stand beside these.

${table('trouble', TROUBLES)}
`;
}

function table(head: string, meanings: Readonly<Record<string, string>>): string {
  const rows = Object.entries(meanings).map(([word, meaning]) => `| \`${word}\` | ${meaning} |`);
  return [`| ${head} | meaning |`, '|---|---|', ...rows].join('\n');
}
