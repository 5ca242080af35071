import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leftToLong, SAMPLED } from '../../../tools/testing/sample.ts';

const root = join(import.meta.dirname, '../../..');
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

test('all files of a sample are there, each in one group', () => {
  const files = SAMPLED.flatMap((group) => group.files);
  assert.equal(new Set(files).size, files.length);
  for (const file of files) assert.ok(existsSync(join(root, file)), file);
});

test('so many of each group are run as it says, the same by the same seed, and each by some seed', () => {
  const run = new Set<string>();
  for (const seed of SEEDS) {
    const left = leftToLong(seed);
    assert.deepEqual([...leftToLong(seed)], [...left]);
    for (const { take, files } of SAMPLED) {
      const taken = files.filter((file) => !left.has(file));
      assert.equal(taken.length, take);
      for (const file of taken) run.add(file);
    }
  }
  assert.equal(run.size, SAMPLED.flatMap(({ files }) => files).length);
});
