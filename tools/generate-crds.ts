/** Writes `crds/` from the zod schemas in `src/api`; with `--check` it only says what would change. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { type Definition, definitions } from './crd/definitions.ts';

const root = dirname(import.meta.dirname);
const checkOnly = process.argv.includes('--check');

function textOf({ manifest, source }: Definition): string {
  const head = `# Made from ${source} by \`npm run generate\`; do not edit.\n`;
  return head + stringify(manifest, { lineWidth: 110, aliasDuplicateObjects: false });
}

const wanted = definitions();
const stale: string[] = [];
for (const definition of wanted) {
  const path = join(root, definition.file);
  const text = textOf(definition);
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  stale.push(definition.file);
  if (checkOnly) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
const known = new Set(wanted.map(({ file }) => file));
const strangers = (await readdir(join(root, 'crds')))
  .map((name) => `crds/${name}`)
  .filter((file) => !known.has(file));

for (const file of strangers)
  console.error(`${file}: no kind in src/api makes this file; remove it`);
for (const file of stale) {
  if (checkOnly) console.error(`${file} is not what src/api says: run \`npm run generate\``);
  else console.log(`${file} written`);
}
if (strangers.length > 0 || (checkOnly && stale.length > 0)) process.exitCode = 1;
