/**
 * `npm test`: what `npm run verify` does, then integration and end-to-end tests on real API servers, of the longest
 * a sample. `--long` runs all of them, and test/long. Ends with the line `N passed, N failed`.
 */
import { glob } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { cataloguedRows } from '../test/conformance/catalogue/catalogue.ts';
import { ALL_RELEASES, buildReleases } from '../test/support/releases.ts';
import { buildAutopilot } from './build.ts';
import { findMinisign, findNginx, findPrometheus, findRsync } from './debian-program/find.ts';
import { prepareHosts } from './hosts/setup.ts';
import { cacheDir } from './k0mini/cache.ts';
import { Screen } from './screen.ts';
import { runCheck } from './testing/check.ts';
import { unproven } from './testing/conformance.ts';
import { longestFirst, readDurations, writeDurations } from './testing/durations.ts';
import { Outcomes } from './testing/outcomes.ts';
import { followRun, type Totals } from './testing/report.ts';
import { leftToLong } from './testing/sample.ts';

const root = dirname(import.meta.dirname);
/** Outside the clone, so that a fresh one knows it too. */
const durationsFile = join(cacheDir(), 'test-durations.json');
const withLong = process.argv.includes('--long');

/** Property tests read it; the same number makes the same worlds. */
process.env.TEST_SEED ??= String(Math.floor(Math.random() * 0x7fffffff));

interface Suite {
  readonly name: string;
  readonly folders: readonly string[];
  /** These files of the folders, or all but these. */
  readonly only?: ReadonlySet<string>;
  readonly except?: ReadonlySet<string>;
  /** Files at once. */
  readonly concurrency: number;
}

/**
 * A cluster keeps two cores busy while it starts, and mostly waits from then on. Three at once, or units beside
 * them, save a few minutes, and then an API that has to answer nearly every request does not.
 */
const clusters = Math.max(1, Math.min(2, availableParallelism()));
/** Five hosts and an API that has to answer 99 % of all requests: on slow cores no other cluster may be beside it. */
const ALONE = new Set(['test/e2e/hosts-update.test.ts', 'test/e2e/kill.test.ts']);

const left = withLong ? new Set<string>() : leftToLong(Number(process.env.TEST_SEED));
/** Also within a file a sample is enough. */
if (!withLong) process.env.TEST_SAMPLE = process.env.TEST_SEED;

const UNIT: Suite = { name: 'unit', folders: ['unit', 'model'], concurrency: 2 };
// Whole clusters take longest: they are first as long as no file's time is known.
const CLUSTERS: Suite = {
  name: 'clusters',
  folders: ['conformance', 'e2e', 'integration'],
  except: new Set([...ALONE, ...left]),
  concurrency: clusters,
};
const BY_ITSELF: Suite = {
  name: 'clusters by themselves',
  folders: ['e2e'],
  only: ALONE,
  concurrency: 1,
};
const LONG: Suite = { name: 'long', folders: ['long'], concurrency: 1 };

const CHECKS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['format and lint', ['node_modules/.bin/biome', 'ci', '.']],
  ['direction of imports', [process.execPath, 'tools/check-imports.ts']],
  ['types', ['node_modules/.bin/tsc', '--noEmit']],
  ['generated files', [process.execPath, 'tools/generate.ts', '--check']],
];

const totals: Totals = { passed: 0, failed: 0 };
console.log(`seed ${process.env.TEST_SEED} (TEST_SEED=... npm test repeats it)`);

console.log('verify');
for (const [name, command] of CHECKS) {
  if (await runCheck(name, command, root)) totals.passed++;
  else totals.failed++;
}
const outcomes = new Outcomes();
await runSuite(UNIT);
await prepare();
for (const file of left) console.log(`  left to npm run test:long by the seed: ${file}`);
await runSuite(CLUSTERS);
await runSuite(BY_ITSELF);
if (withLong) await runSuite(LONG);
// A row of the conformance table whose test was renamed or is gone would be claimed by nothing.
const claims = unproven(cataloguedRows(), outcomes);
for (const claim of claims) console.log(`  FAILED conformance ${claim}`);
totals.failed += claims.length;
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

async function runSuite({ name, folders, only, except, concurrency }: Suite): Promise<void> {
  const files: string[] = [];
  for (const folder of folders) {
    const found: string[] = [];
    for await (const file of glob(`test/${folder}/**/*.test.ts`, { cwd: root })) found.push(file);
    const ofSuite = found.filter((file) => only?.has(file) ?? !except?.has(file));
    files.push(...ofSuite.sort());
  }
  if (files.length === 0) return;
  console.log(name);
  const durations = await readDurations(durationsFile);
  const ordered = longestFirst(files, durations).map((file) => join(root, file));
  const stream = run({ files: ordered, concurrency, cwd: root });
  const found = await followRun(stream, root, outcomes);
  await writeDurations(durationsFile, { ...durations, ...found.durationsMs });
  totals.passed += found.passed;
  totals.failed += found.failed;
  if (found.passed + found.failed === 0) totals.failed++;
}

/** Once here, so that test files which run side by side find it done. */
async function prepare(): Promise<void> {
  const screen = new Screen();
  await buildAutopilot();
  await buildReleases(ALL_RELEASES, (text) => screen.progress(text));
  const why = await prepareHosts((text) => screen.progress(text));
  const programs = [findPrometheus(), findNginx(), findMinisign(), findRsync()];
  screen.clear();
  for (const program of programs) {
    if ('why' in program) console.log(`  some tests are skipped: ${program.why}`);
  }
  if (why !== undefined) console.log(`  tests on Debian hosts are skipped: ${why}`);
}
