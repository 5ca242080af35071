import type { Break } from '../../test/model/breaks/table.ts';
import type { Catch } from './break-it.ts';

/** One break, and who has noticed. */
export interface Tried {
  readonly one: Break;
  readonly caught: readonly Catch[];
}

const SHOWN = 4;

/**
 * docs/development/breaks.md
 * @param before the page as it was: what was not tried again is taken from there
 */
export function breaksPage(all: readonly Break[], tried: readonly Tried[], before: string): string {
  const anew = new Map(tried.map(({ one, caught }) => [one, groups(caught)]));
  const rows = all.flatMap((one) => {
    const head = `| ${cell(one.what)} | `;
    const caught = anew.get(one);
    if (caught !== undefined) {
      return [`${head}${cell(one.promise)} | \`${one.file}\` | ${caught} |`];
    }
    return before.split('\n').filter((line) => line.startsWith(head));
  });
  return `# Broken on purpose
<!-- Written by \`npm run breaks\`. -->
Each line of the pure core that a promise hangs on is broken, in a copy, and the tests of the core are run. What is broken is in [test/model/breaks/table.ts](../../test/model/breaks/table.ts). A break that no test catches is a hole in the tests.

| broken | promise | where | caught by |
|---|---|---|---|
${rows.join('\n')}
`;
}

/** The explorer first, then the random worlds, then the tests of single functions. */
function groups(caught: readonly Catch[]): string {
  if (caught.length === 0) return '**nothing**';
  const files = new Map<string, string[]>();
  for (const { file, name } of caught) files.set(file, [...(files.get(file) ?? []), name]);
  const sorted = [...files].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
  const shown = sorted.slice(0, SHOWN).map(([file, names]) => {
    const more = names.length === 1 ? '' : `, and ${names.length - 1} more`;
    return `\`${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}\`: ${cell(names[0]!)}${more}`;
  });
  const rest = sorted.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more files`] : [])].join('<br>');
}

function rank(file: string): number {
  if (file.includes('explorer')) return 0;
  return file.startsWith('test/model/') ? 1 : 2;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
