import { REASONS } from '../../src/api/reasons.ts';

/** The catalogue of reasons as a page: none can be missing. */
export function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`);
  return `# Reasons
The same word stands in conditions, on targets, in Events, reports and logs; the message beside it says what was wanted, what was found and where. Made from \`src/api/reasons.ts\` by \`npm run generate\`.

| reason | meaning |
|---|---|
${rows.join('\n')}
`;
}
