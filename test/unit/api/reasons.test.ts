import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { REASONS } from '../../../src/api/reasons.ts';
import { STEPS, TROUBLES } from '../../../src/api/steps.ts';

const root = join(import.meta.dirname, '../../..');
const known = new Set([REASONS, STEPS, TROUBLES].flatMap((words) => Object.keys(words)));

/** Words that stand where a reason does: `reason: 'Word'`, `reason = 'Word'`, `? 'Word' : 'Word'` after it. */
const SAID = /\breason(?:\?)?(?:: | = |, )(?:[^,;\n]*\? )?((?:'[A-Z]\w*'(?: : )?)+)/g;
const THROWN = /\bRequestError\(\s*'(\w+)'/g;

describe('reasons', () => {
  test('every one that the sources say is in the catalogue, in logs, Events and errors alike', async () => {
    let count = 0;
    for await (const file of glob('src/**/*.ts', { cwd: root })) {
      const text = await readFile(join(root, file), 'utf8');
      const said = [...text.matchAll(SAID), ...text.matchAll(THROWN)];
      for (const word of said.flatMap(([, words = '']) => words.match(/\w+/g) ?? [])) {
        assert.ok(
          known.has(word),
          `${file} says ${word}: add it to src/api, or say one that is there`,
        );
        count++;
      }
    }
    assert.ok(count > 100, `only ${count} were found: has the way changed in which they are said?`);
  });

  test('a word has one meaning: it is in one list alone', () => {
    const all = [REASONS, STEPS, TROUBLES].flatMap((words) => Object.keys(words));
    assert.equal(all.length, known.size);
  });
});
