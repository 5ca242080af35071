import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/development/threat-model.md'), 'utf8');
const THREATS = page.slice(page.indexOf('## Threats'), page.indexOf('## What is not answered'));

test('every threat names the test that proves its answer, and each of these exists', () => {
  const rows = THREATS.split('\n').filter(
    (line) => line.startsWith('| ') && !line.startsWith('| threat'),
  );
  assert.ok(rows.length >= 15, `${rows.length} rows`);
  for (const row of rows) {
    const proofs = [...row.matchAll(/`(test\/[\w./-]+\.ts)`(?: "([^"]+)")?/g)];
    assert.ok(proofs.length > 0, `without a proof: ${row}`);
    for (const [, file = '', name] of proofs) {
      assert.ok(existsSync(join(root, file)), `${file} does not exist`);
      if (name !== undefined)
        assert.ok(
          isNamed(readFileSync(join(root, file), 'utf8'), name),
          `${file}: no test "${name}"`,
        );
    }
  }
});

/** A name may be put together of a table: `${who} may not ${what}`. */
function isNamed(text: string, name: string): boolean {
  const bare = text.replaceAll(/\\'/g, "'");
  if (bare.includes(name)) return true;
  const [, who, what] = /^(.+?) may not (.+)$/.exec(name) ?? [];
  if (who === undefined || what === undefined) return false;
  return bare.split('\n').some((line) => line.includes(`'${who}'`) && line.includes(`'${what}'`));
}
