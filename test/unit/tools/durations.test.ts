import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { longestFirst, readDurations, writeDurations } from '../../../tools/testing/durations.ts';

test('the longest goes first, and before it what is not known', () => {
  const files = ['a', 'b', 'new-1', 'c', 'new-2'];
  assert.deepEqual(longestFirst(files, { a: 10, b: 300, c: 20, gone: 1 }), [
    'new-1',
    'new-2',
    'b',
    'c',
    'a',
  ]);
});

test('what was written is read; what is not there, or is no record, is nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'durations-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'deeper', 'durations.json');
  assert.deepEqual(await readDurations(file), {});
  await writeDurations(file, { 'a.test.ts': 12 });
  assert.deepEqual(await readDurations(file), { 'a.test.ts': 12 });
  await writeFile(file, '{"a.test.ts": "long"');
  assert.deepEqual(await readDurations(file), {});
  await writeFile(file, '{"a.test.ts": "long", "b.test.ts": 3}');
  assert.deepEqual(await readDurations(file), { 'b.test.ts': 3 });
});
