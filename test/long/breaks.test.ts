/** Each break of the pure core is noticed by some test. `npm run breaks` writes down by which. */
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { Scratch } from '../../tools/testing/break-it.ts';
import { BREAKS } from '../model/breaks/table.ts';

const SEED = process.env.TEST_SEED ?? '1';
let scratch: Scratch;

before(async () => {
  scratch = await Scratch.of(dirname(dirname(import.meta.dirname)));
});

after(() => scratch.remove());

test('the copy fails nothing while it is whole', async () => {
  assert.deepEqual(await scratch.failures(SEED), []);
});

for (const one of BREAKS) {
  test(`noticed: ${one.what}`, async (t) => {
    const caught = await scratch.caughtBy(one, SEED);
    t.diagnostic(`${one.what}: ${caught.map(({ name }) => name).join('; ')}`);
    assert.notDeepEqual(caught, []);
  });
}
