/**
 * `npm run breaks`: breaks the pure core on purpose, one line at a time, in a copy of the clone, and writes down
 * which tests catch it. Ends with an error where one is not caught. `npm run breaks -- TEXT ...` only tries those whose
 * description holds one of the texts, and keeps what the page says of the others.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BREAKS } from '../test/model/breaks/table.ts';
import { type Catch, Scratch } from './testing/break-it.ts';
import { breaksPage, type Tried } from './testing/breaks-page.ts';

const root = dirname(import.meta.dirname);
const page = join(root, 'docs/development/breaks.md');
const wanted = process.argv.slice(2);
const seed = process.env.TEST_SEED ?? '1';

const scratch = await Scratch.of(root);
const tried: Tried[] = [];
try {
  const whole: Catch[] = await scratch.failures(seed);
  if (whole.length > 0) throw new Error(`fails unbroken: ${JSON.stringify(whole)}`);
  for (const one of BREAKS.filter(
    ({ what }) => wanted.length === 0 || wanted.some((text) => what.includes(text)),
  )) {
    const caught = await scratch.caughtBy(one, seed);
    tried.push({ one, caught });
    // At once: a whole round takes long, and what is known by then is worth to be kept.
    await writeFile(page, breaksPage(BREAKS, tried, await readFile(page, 'utf8')));
    console.log(`${caught.length === 0 ? 'NOT CAUGHT' : 'caught'}: ${one.what} (${one.promise})`);
    for (const { file, name } of caught) console.log(`  ${file}: ${name}`);
  }
} finally {
  await scratch.remove();
}
const missed = tried.filter(({ caught }) => caught.length === 0);
console.log(`${tried.length - missed.length} of ${tried.length} are caught`);
process.exitCode = missed.length === 0 && tried.length > 0 ? 0 : 1;
