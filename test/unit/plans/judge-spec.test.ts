import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { begin } from '../../../src/plans/begin.ts';
import { oddities } from '../../../src/plans/judge-spec.ts';
import { parseSelector, SELECTOR_PATTERN } from '../../../src/targets/selector.ts';
import {
  aBundle,
  aControlNode,
  aNode,
  anUpdate,
  aSpec,
  SHA,
  someFacts,
} from '../../support/builders.ts';

const fine: readonly (readonly [sentence: string, ...commands: Parameters<typeof aSpec>])[] = [
  ['an update of everything', anUpdate({ controllers: '', workers: '', sha256: SHA })],
  ['no digest, or an empty one', anUpdate({ workers: '' }), anUpdate({ workers: '', sha256: '' })],
  ['labels of every form', anUpdate({ workers: 'a=b, c!=d,e in (f, g), h, !i, j>3' })],
  ['controllers that lack a role', anUpdate({ controllers: '!node-role.kubernetes.io/worker' })],
  ['workers by their role', anUpdate({ workers: 'node-role.kubernetes.io/worker' })],
  ['a bundle', aBundle({ workers: 'pool=a' })],
];
for (const [sentence, ...commands] of fine) {
  test(`nothing is odd about ${sentence}`, () => assert.deepEqual(oddities({ commands }), []));
}

test('what is odd is said with what was found', () => {
  const both = { ...anUpdate({ workers: 'a', concurrent: 0 }), ...aBundle({ concurrent: -2 }) };
  const said = oddities({ commands: [both, {}, anUpdate({ workers: '', sha256: '1e+63' })] });
  assert.deepEqual(
    said.map(({ reason }) => reason),
    ['InvalidLimit', 'CommandAmbiguous', 'CommandEmpty', 'InvalidDigest'],
  );
  assert.match(said[0]!.message, /wanted 1 or more, found 0, -2; k0s would wait for ever/);
  assert.match(said[3]!.message, /64 hex digits, in quotes, found linux-amd64: 1e\+63;/);
});

for (const labels of [
  'node-role.kubernetes.io/control-plane=true',
  'a=b,node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/control-plane in (true)',
]) {
  test(`controllers by ${labels} cannot match`, () => {
    const [said] = oddities({ commands: [anUpdate({ controllers: labels })] });
    assert.equal(said?.reason, 'SelectorCannotMatch');
    assert.ok(said.message.includes(`found ${labels};`), said.message);
  });
}

test('the pattern knows a selector exactly where it can be parsed', () => {
  const pattern = new RegExp(SELECTOR_PATTERN);
  const part = fc.constantFrom(
    'a',
    'a.io/b',
    '=',
    '==',
    '!=',
    '!',
    ' in ',
    ' notin ',
    '(',
    ')',
    ',',
    '1',
    '-1',
    '>',
    '<',
    ' ',
    '',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
      const text = parts.join('');
      assert.equal(pattern.test(text), !('invalid' in parseSelector(text)), JSON.stringify(text));
    }),
  );
});

test('the condition WellFormed says it of a Plan that runs, and there is none where nothing is odd', () => {
  const world = { nodes: [aNode('w-1')], controlNodes: [aControlNode('cp-1')] };
  const conditionOf = (spec: ReturnType<typeof aSpec>) => {
    const begun = begin(someFacts(spec, world));
    assert.equal(begun.kind, 'run');
    const { conditions = [] } = 'status' in begun ? begun.status : {};
    return conditions.find(({ type }) => type === 'WellFormed');
  };
  const odd = anUpdate({ controllers: 'node-role.kubernetes.io/control-plane', workers: '' });
  assert.equal(conditionOf(aSpec(odd))?.status, 'False');
  assert.equal(conditionOf(aSpec(odd))?.reason, 'SelectorCannotMatch');
  assert.equal(conditionOf(aSpec(anUpdate({ workers: '' }))), undefined);
});
