/**
 * `npm run conformance`: runs every test that the catalogue of conformance names, keeps what came of it in
 * test/conformance/last-run.json, and writes docs/usage/k0s-conformance.md from that. Ends with an error where a
 * row is not proven. `npm run conformance -- TEXT ...` runs only files whose path holds one of the texts, again, and
 * keeps what is known of the others.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { cataloguedRows } from '../test/conformance/catalogue/catalogue.ts';
import { ALL_RELEASES, buildReleases, releasesInWords } from '../test/support/releases.ts';
import { buildAutopilot } from './build.ts';
import {
  CONFORMANCE_PAGE,
  conformancePage,
  LAST_RUN,
  readLastRun,
} from './docs/conformance-page.ts';
import { prepareHosts } from './hosts/setup.ts';
import { type ConformanceRun, fileRuns, flawsOf, merged } from './testing/conformance.ts';
import { Outcomes } from './testing/outcomes.ts';
import { followRun } from './testing/report.ts';

const root = dirname(import.meta.dirname);
const wanted = process.argv.slice(2);
const rows = cataloguedRows();
const all = [...new Set(rows.flatMap(({ proofs }) => proofs.map(({ file }) => file)))];
const files = all.filter(
  (file) => wanted.length === 0 || wanted.some((text) => file.includes(text)),
);
if (files.length === 0)
  throw new Error(`no file of the catalogue has one of ${wanted.join(', ')} in its path`);
if (files.some((file) => !file.startsWith('test/unit/'))) await prepare();
const outcomes = new Outcomes();
const stream = run({ files: files.map((file) => join(root, file)), concurrency: 2, cwd: root });
await followRun(stream, root, outcomes);

const today = new Date().toISOString().slice(0, 10);
const before = wanted.length === 0 ? undefined : await readLastRun(root);
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  version: string;
};
const told: ConformanceRun = {
  autopilot: version,
  k0s: releasesInWords(),
  files: merged(before?.files ?? {}, fileRuns(rows, outcomes, today), rows),
};
await writeFile(join(root, LAST_RUN), `${JSON.stringify(told, undefined, 2)}\n`);
await writeFile(join(root, CONFORMANCE_PAGE), conformancePage(told));
const flaws = flawsOf(rows, told);
for (const flaw of flaws) console.error(flaw);
console.log(`${rows.length} rows, ${flaws.length} tests that do not prove theirs`);
process.exitCode = flaws.length === 0 ? 0 : 1;

/** Once here, so that test files which run side by side find it done. */
async function prepare(): Promise<void> {
  const why = await prepareHosts((text) => console.log(text));
  if (why !== undefined) throw new Error(`the suites need Debian hosts: ${why}`);
  await buildAutopilot();
  await buildReleases(ALL_RELEASES, (text) => console.log(text));
}
