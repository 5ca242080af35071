import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matches, parseSelector } from '../../../src/targets/selector.ts';

const labels = { pool: 'general', 'example.io/size': '12', empty: '' };
const rows: [sentence: string, selector: string, expected: boolean | 'invalid'][] = [
  ['an empty selector selects everything', '', true],
  ['equality', 'pool=general', true],
  ['equality, doubled', 'pool==general', true],
  ['equality with another value', 'pool=edge', false],
  ['an empty value', 'empty=', true],
  ['inequality', 'pool!=edge', true],
  ['inequality holds where the key is missing', 'zone!=a', true],
  ['a set', 'pool in (edge, general)', true],
  ['a set without it', 'pool in (edge)', false],
  ['outside a set', 'pool notin (edge,far)', true],
  ['existence', 'example.io/size', true],
  ['absence', '!zone', true],
  ['absence of what is there', '!pool', false],
  ['greater', 'example.io/size>11', true],
  ['less', 'example.io/size<12', false],
  ['all requirements must hold', 'pool=general,zone=a', false],
  ['commas inside a set do not split', 'pool in (general,edge),example.io/size', true],
  ['a missing operator is refused', 'pool general', 'invalid'],
  ['a stray comma is refused', 'pool=general,', 'invalid'],
  ['an unclosed set is refused', 'pool in (general', 'invalid'],
  ['a bad key is refused', '=general', 'invalid'],
  ['an object key never counts as a label', 'constructor', false],
];

for (const [sentence, selector, expected] of rows) {
  test(`${sentence}: ${selector || '(empty)'}`, () => {
    const parsed = parseSelector(selector);
    if ('invalid' in parsed) {
      assert.equal(expected, 'invalid', parsed.invalid);
      assert.match(parsed.invalid, /wanted .* found /);
    } else {
      assert.equal(matches(parsed, labels), expected);
    }
  });
}
