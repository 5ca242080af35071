import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conformancePage, readLastRun } from '../../../tools/docs/conformance-page.ts';
import { daysOf, fileRuns, flawsOf, merged, unproven } from '../../../tools/testing/conformance.ts';
import { Outcomes } from '../../../tools/testing/outcomes.ts';
import { type CataloguedRow, cataloguedRows } from '../../conformance/catalogue/catalogue.ts';

const FILE = 'test/some.test.ts';
const row = (...tests: string[]): CataloguedRow => ({
  id: 'suite/row',
  row: {},
  proofs: tests.map((test) => ({ file: FILE, test })),
});

function outcomes(...told: (readonly [name: string, outcome: 'passed' | 'failed' | 'skipped'])[]) {
  const found = new Outcomes();
  for (const [name, outcome] of told) found.note(FILE, name, outcome);
  return found;
}

const rows: [sentence: string, row: CataloguedRow, told: Outcomes, wanted: RegExp | undefined][] = [
  ['a row whose test has passed is proven', row('a'), outcomes(['a', 'passed']), undefined],
  ['a row of a file that was not run is not judged', row('a'), new Outcomes(), undefined],
  ['a row whose suite was skipped is not judged', row('a'), outcomes(['s', 'skipped']), undefined],
  ['a row without a test', row(), new Outcomes(), /no test is named/],
  ['a row whose test is not there', row('a'), outcomes(['b', 'passed']), /no test test\/some/],
  ['a row whose test has failed', row('a'), outcomes(['a', 'failed']), /a has failed$/],
  [
    'a row one of whose tests has failed',
    row('a', 'b'),
    outcomes(['a', 'passed'], ['b', 'failed']),
    /b has failed$/,
  ],
  [
    'of two tests of one name the worse counts',
    row('a'),
    outcomes(['a', 'failed'], ['a', 'passed']),
    /has failed$/,
  ],
];
for (const [sentence, one, told, wanted] of rows) {
  test(sentence, () => {
    const found = unproven([one], told);
    if (wanted === undefined) assert.deepEqual(found, []);
    else assert.match(found.join('\n'), wanted);
  });
}

const run = (...told: Parameters<typeof outcomes>) => ({
  autopilot: '0.1.0',
  k0s: 'k0mini',
  files: fileRuns([row('a')], outcomes(...told), '2026-03-01'),
});

test('a run that proves the whole catalogue has no flaw', () =>
  assert.deepEqual(flawsOf([row('a')], run(['a', 'passed'])), []));

const flaws: [sentence: string, catalogue: CataloguedRow[], flaw: RegExp][] = [
  [
    'a row that is new since the run',
    [row('a'), { ...row('n'), id: 'new' }],
    /^new: .* was not run$/,
  ],
  ['a row that is gone since the run', [], /: a was run and is not in the catalogue$/],
  ['a row with another test since the run', [row('b')], /b was not run/],
];
for (const [sentence, catalogue, flaw] of flaws) {
  test(`the page is out of date by ${sentence}`, () =>
    assert.match(flawsOf(catalogue, run(['a', 'passed'])).join('\n'), flaw));
}

test('a run in which something was skipped or failed is no proof', () => {
  assert.match(flawsOf([row('a')], run(['a', 'failed'])).join('\n'), /was failed/);
  assert.match(flawsOf([row('a')], run(['s', 'skipped'])).join('\n'), /was skipped/);
});

test('the last run that is kept here has run and passed every row', async () => {
  const kept = await readLastRun(join(import.meta.dirname, '../../..'));
  assert.deepEqual(flawsOf(cataloguedRows(), kept), []);
});

test('each row of the catalogue has an id of its own and names files that there are', () => {
  const all = cataloguedRows();
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  for (const { id, proofs } of all) {
    assert.notEqual(proofs.length, 0, id);
    for (const { file } of proofs) {
      assert.ok(existsSync(join(import.meta.dirname, '../../..', file)), `${id}: ${file}`);
    }
  }
});

test('the page has no cell that is empty, and says of each row what the run says', () => {
  const all = cataloguedRows().flatMap(({ proofs }) => proofs);
  const passed = new Outcomes();
  for (const { file, test: name } of all) passed.note(file, name, 'passed');
  const told = { ...run(), files: fileRuns(cataloguedRows(), passed, '2026-03-01') };
  const lines = conformancePage(told)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  assert.ok(lines.length > cataloguedRows().length);
  for (const line of lines) {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    assert.ok(
      cells.every((cell) => cell !== '' && !cell.includes('undefined')),
      line,
    );
  }
});

test('a file that is run again replaces what was known of it, and of nothing else', () => {
  const other = { ...row('b'), id: 'other', proofs: [{ file: 'test/other.test.ts', test: 'b' }] };
  const catalogue = [row('a'), other];
  const b = { date: '2026-02-01', tests: { b: 'passed' } };
  const before = { 'test/other.test.ts': b, 'test/gone.test.ts': b };
  const anew = fileRuns(catalogue, outcomes(['a', 'passed']), '2026-03-01');
  const files = merged(before, anew, catalogue);
  assert.deepEqual(files, {
    'test/other.test.ts': b,
    [FILE]: { date: '2026-03-01', tests: { a: 'passed' } },
  });
  assert.equal(daysOf({ ...run(), files }), '2026-02-01 to 2026-03-01');
});
