import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CATALOGUE } from '../../test/conformance/catalogue/catalogue.ts';
import { type Chapter, proofsOf, type Row } from '../../test/conformance/catalogue/row.ts';
import { type ConformanceRun, daysOf, outcomeOf } from '../testing/conformance.ts';

export const CONFORMANCE_PAGE = 'docs/usage/k0s-conformance.md';
export const LAST_RUN = 'test/conformance/last-run.json';

export async function readLastRun(root: string): Promise<ConformanceRun> {
  return JSON.parse(await readFile(join(root, LAST_RUN), 'utf8')) as ConformanceRun;
}

/** The catalogue, and what the last whole run says of each row. */
export function conformancePage(run: ConformanceRun): string {
  const parts = CATALOGUE.map(
    ({ title, about, chapters }) =>
      `## ${title}\n${about}\n\n${chapters.map((one) => section(one, run)).join('\n')}`,
  );
  return `# Conformance with k0s's own Autopilot
<!-- Written by \`npm run conformance\` from its last whole run; do not edit. -->
What k0s's own tests promise of its Autopilot, row by row, and what holds here: **as k0s**, or **different** on purpose, with the reason and what you see of it. Behind that are rows for what k0s's tests leave open. Each row is a test, or several.

Last whole run: ${daysOf(run)}, Autopilot ${run.autopilot}, ${run.k0s}.

${summary()}

${parts.join('\n')}`;
}

function summary(): string {
  const lines = CATALOGUE.map(({ title, chapters }) => {
    const rows = chapters.flatMap(({ rows: all }) => Object.values<Row>(all));
    const differs = rows.filter(isDifferent).length;
    const ours = rows.filter(({ k0s }) => k0s === undefined).length;
    return `| ${title} | ${rows.length} | ${rows.length - differs - ours} | ${differs} | ${ours} |`;
  });
  return `| part | rows | as k0s | different | where k0s asserts nothing |
|---|---|---|---|---|
${lines.join('\n')}`;
}

function section(chapter: Chapter, run: ConformanceRun): string {
  const rows = Object.values<Row>(chapter.rows).map((row) => {
    const proofs = proofsOf(chapter, row);
    const outcomes = new Set(proofs.map((one) => outcomeOf(run, one) ?? 'not run'));
    const files = [...new Set(proofs.map(({ file }) => file))];
    return `| ${cell(row.k0s ?? 'nothing')} | ${here(row)} | ${[...outcomes].join(', ')} | ${files.map(link).join(', ')} |`;
  });
  return `### ${chapter.name}
${sentence(chapter.about)}

| k0s asserts | here | last run | proven by |
|---|---|---|---|
${rows.join('\n')}
`;
}

function here(row: Row): string {
  if (row.k0s === undefined) return cell(row.here ?? '');
  if (!isDifferent(row)) return '**as k0s**';
  return cell(`**different**: ${row.here}. Why: ${row.why}. You see: ${row.sees}.`);
}

function isDifferent({ k0s, here: ours }: Row): boolean {
  return k0s !== undefined && ours !== undefined;
}

function link(file: string): string {
  return `[${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}](../../${file})`;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
