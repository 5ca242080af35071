import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BREAKS, type Break, broken } from '../../model/breaks/table.ts';

const root = join(import.meta.dirname, '../../..');

test('every break finds its line, once', () => {
  const lost = BREAKS.filter(
    (one) => broken(readFileSync(join(root, one.file), 'utf8'), one) === undefined,
  );
  assert.deepEqual(
    lost.map(({ what, file, text }) => `${what}: ${file} does not say once: ${text}`),
    [],
  );
});

test('a break changes what it says and nothing else', () => {
  const one: Break = { what: '', promise: '', file: '', text: 'a > b', instead: 'a >= b' };
  assert.equal(broken('if (a > b) c;', one), 'if (a >= b) c;');
  assert.equal(broken('if (a < b) c;', one), undefined);
  assert.equal(broken('if (a > b && a > b) c;', one), undefined);
});

test('no two breaks are the same', () => {
  assert.equal(new Set(BREAKS.map(({ what }) => what)).size, BREAKS.length);
});
