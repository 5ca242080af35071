/**
 * Writes what follows from the code: the CRDs from the zod schemas, the policy of admission that warns, the
 * tables of reasons, of policy defaults and of metrics for the users' pages. With `--check` it only says what
 * would change.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { cataloguedRows } from '../test/conformance/catalogue/catalogue.ts';
import { planWarnings } from './admission/plan-warnings.ts';
import { type Definition, definitions } from './crd/definitions.ts';
import { CRDS_KUSTOMIZATION, crdsKustomization, installManifest } from './deploy/manifests.ts';
import { serviceFiles } from './deploy/services.ts';
import { cliPage } from './docs/cli-page.ts';
import { CONFORMANCE_PAGE, conformancePage, readLastRun } from './docs/conformance-page.ts';
import { metricsPage } from './docs/metrics-page.ts';
import { policyPage } from './docs/policy-page.ts';
import { reasonsPage } from './docs/reasons-page.ts';
import { runbooksPage } from './docs/runbooks-page.ts';
import { flawsOf } from './testing/conformance.ts';

interface Page {
  readonly file: string;
  readonly text: string;
}

const root = dirname(import.meta.dirname);
const checkOnly = process.argv.includes('--check');

function crd({ file, manifest, source }: Definition): Page {
  const head = `# Made from ${source} by \`npm run generate\`; do not edit.\n`;
  return {
    file,
    text:
      head +
      stringify(manifest, {
        ...{ lineWidth: 110, aliasDuplicateObjects: false },
        // kubectl takes a bare `Off` for `false`.
        version: '1.1',
      }),
  };
}

const lastRun = await readLastRun(root);
const crds = definitions().map(crd);
const warnings = [
  '# Warns whoever applies what k0s accepts and should not; keeps nobody from anything.',
  '# Made from src/plans/spec-warnings.ts by `npm run generate`; do not edit.',
  planWarnings()
    .map((manifest) => stringify(manifest, { lineWidth: 110 }))
    .join('---\n'),
].join('\n');
const pages: readonly Page[] = [
  ...crds,
  { file: CRDS_KUSTOMIZATION, text: crdsKustomization(crds.map(({ file }) => basename(file))) },
  {
    file: 'deploy/install.yaml',
    text: await installManifest(root, crds, { 'plan-warnings.yaml': warnings }),
  },
  ...serviceFiles(),
  { file: 'deploy/plan-warnings.yaml', text: warnings },
  { file: 'docs/usage/reasons.md', text: reasonsPage() },
  { file: 'docs/usage/runbooks.md', text: runbooksPage(root) },
  { file: 'docs/usage/policy.md', text: policyPage() },
  { file: 'docs/usage/metrics.md', text: metricsPage() },
  { file: 'docs/usage/cli.md', text: cliPage() },
  { file: CONFORMANCE_PAGE, text: conformancePage(lastRun) },
];
const stale: string[] = [];
for (const { file, text } of pages) {
  const path = join(root, file);
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  stale.push(file);
  if (checkOnly) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
const known = new Set(pages.map(({ file }) => file));
const strangers = (await readdir(join(root, 'crds')))
  .map((name) => `crds/${name}`)
  .filter((file) => !known.has(file));

for (const file of strangers)
  console.error(`${file}: no kind in src/api makes this file; remove it`);
for (const file of stale) {
  if (checkOnly) console.error(`${file} is not what the code says: run \`npm run generate\``);
  else console.log(`${file} written`);
}
const unproven = checkOnly ? flawsOf(cataloguedRows(), lastRun) : [];
for (const flaw of unproven) {
  console.error(`conformance: ${flaw}; run \`npm run conformance -- FILE\``);
}
const isStale = checkOnly && stale.length > 0;
if (strangers.length > 0 || isStale || unproven.length > 0) process.exitCode = 1;
