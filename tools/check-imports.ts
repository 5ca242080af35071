/** Checks the direction of imports under `src/`; part of `npm run lint`. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { violations } from './imports/rules.ts';

const root = dirname(import.meta.dirname);
const sources = new Map<string, string>();
for await (const file of glob('src/**/*.ts', { cwd: root })) {
  sources.set(file.replaceAll('\\', '/'), readFileSync(join(root, file), 'utf8'));
}
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const found = violations(sources, new Set(Object.keys(dependencies)));
for (const line of found) console.error(line);
if (found.length > 0) {
  console.error(`check-imports: ${found.length} of these in ${sources.size} files`);
  process.exitCode = 1;
}
