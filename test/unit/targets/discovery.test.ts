import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetSpec } from '../../../src/api/plan.ts';
import { discover } from '../../../src/targets/discovery.ts';

const world = [
  { name: 'w-2', labels: { pool: 'a' } },
  { name: 'w-1', labels: { pool: 'a' } },
  { name: 'w-3', labels: { pool: 'b' } },
];
const limits = { concurrent: 1 };
const rows: [string, TargetSpec['discovery'] | undefined, string[] | RegExp][] = [
  ['no target selects nothing', undefined, []],
  ['an empty discovery selects nothing', {}, []],
  ['an empty static list selects nothing', { static: {} }, []],
  ['null instead of a list selects nothing', { static: { nodes: null } }, []],
  [
    'static names are kept in their order, once',
    { static: { nodes: ['w-3', 'w-1', 'w-3'] } },
    ['w-3', 'w-1'],
  ],
  [
    'static names that do not exist are kept for preflight to refuse',
    { static: { nodes: ['gone'] } },
    ['gone'],
  ],
  ['static wins over a selector', { static: { nodes: ['w-3'] }, selector: {} }, ['w-3']],
  ['an empty selector selects everything', { selector: {} }, ['w-1', 'w-2', 'w-3']],
  ['labels select', { selector: { labels: 'pool=a' } }, ['w-1', 'w-2']],
  [
    'labels and fields both have to match',
    { selector: { labels: 'pool=a', fields: 'metadata.name=w-2' } },
    ['w-2'],
  ],
  [
    'an invalid label selector is never everything',
    { selector: { labels: 'pool===x' } },
    /label selector: wanted/,
  ],
  [
    'an unknown field is refused',
    { selector: { fields: 'spec.podCIDR=x' } },
    /field selector: wanted metadata.name=NAME/,
  ],
];

for (const [sentence, discovery, expected] of rows) {
  test(sentence, () => {
    const found = discover(discovery === undefined ? undefined : { discovery, limits }, world);
    if (found.kind === 'names') assert.deepEqual(found.names, expected);
    else assert.match(found.message, expected as RegExp);
  });
}
