/**
 * `npm run conformance`: runs every test that the catalogue of conformance names, keeps what came of it in
 * test/conformance/last-run.json, and writes docs/usage/k0s-conformance.md from that. Ends with an error where a
 * row is not proven.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { cataloguedRows } from '../test/conformance/catalogue/catalogue.ts';
import { ALL_RELEASES, buildReleases, releasesInWords } from '../test/support/releases.ts';
import { buildAutopilot } from './build.ts';
import { conformancePage } from './docs/conformance-page.ts';
import { prepareHosts } from './hosts/setup.ts';
import { type ConformanceRun, flawsOf, rowsOf } from './testing/conformance.ts';
import { Outcomes } from './testing/outcomes.ts';
import { followRun } from './testing/report.ts';

const root = dirname(import.meta.dirname);
const why = await prepareHosts((text) => console.log(text));
if (why !== undefined) throw new Error(`the suites need Debian hosts: ${why}`);
await buildAutopilot();
await buildReleases(ALL_RELEASES, (text) => console.log(text));

const rows = cataloguedRows();
const files = [...new Set(rows.flatMap(({ proofs }) => proofs.map(({ file }) => file)))];
const stream = run({ files: files.map((file) => join(root, file)), concurrency: 2, cwd: root });
const outcomes = new Outcomes();
await followRun(stream, root, outcomes);

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  version: string;
};
const told: ConformanceRun = {
  date: new Date().toISOString().slice(0, 10),
  autopilot: version,
  k0s: releasesInWords(),
  rows: rowsOf(rows, outcomes),
};
await writeFile(
  join(root, 'test/conformance/last-run.json'),
  `${JSON.stringify(told, undefined, 2)}\n`,
);
await writeFile(join(root, 'docs/usage/k0s-conformance.md'), conformancePage(told));
const flaws = flawsOf(rows, told);
for (const flaw of flaws) console.error(flaw);
console.log(`${rows.length} rows, ${flaws.length} that are not proven`);
process.exitCode = flaws.length === 0 ? 0 : 1;
