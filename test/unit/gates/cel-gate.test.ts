import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileCel, mentionsBaseline } from '../../../src/gates/cel.ts';
import {
  type AnyObject,
  type CelSpec,
  forBaseline,
  judgeTally,
  NO_TALLY,
  tally,
} from '../../../src/gates/cel-gate.ts';

const web = {
  metadata: { name: 'web', namespace: 'shop', labels: { 'a/b': 'c' } },
  spec: { replicas: 3 },
  status: { readyReplicas: 2, load: 0.5, conditions: [{ type: 'Available', status: 'True' }] },
};
const db = { metadata: { name: 'db', namespace: 'shop' }, spec: { replicas: 1 }, status: {} };

function judge(expression: string, objects: readonly AnyObject[], baseline?: unknown) {
  const spec: CelSpec = { apiVersion: 'apps/v1', kind: 'Deployment', expression };
  const compiled = compileCel(expression);
  assert.ok(compiled.kind === 'expression', JSON.stringify(compiled));
  return judgeTally(
    spec,
    tally(NO_TALLY, compiled, objects, () => baseline ?? null),
  );
}

const TRUE_OF_WEB = [
  'object.spec.replicas == 3',
  'object.status.readyReplicas + 1 == object.spec.replicas',
  'object.status.load < 1',
  'has(object.status.readyReplicas) && !has(object.status.nothing)',
  'object.?status.?nothing.orValue(0) == 0',
  'object.status.conditions.exists(c, c.type == "Available" && c.status == "True")',
  'object.metadata.labels["a/b"].startsWith("c")',
  'baseline == null || object.status.readyReplicas >= baseline.status.readyReplicas',
];
for (const expression of TRUE_OF_WEB) {
  test(`is true: ${expression}`, () => assert.equal(judge(expression, [web]).outcome, 'pass'));
}

test('one object that fails is enough, and is named', () => {
  assert.deepEqual(judge('object.spec.replicas > 1', [web, db]), {
    outcome: 'fail',
    message: 'not true of 1 of 2 Deployment: shop/db: object.spec.replicas > 1',
  });
});
test('a field that is not there is unknown, with the words of the library', () => {
  assert.deepEqual(judge('object.status.readyReplicas > 1', [web, db]), {
    outcome: 'unknown',
    message:
      'cannot be told of 1 of 2 Deployment: shop/db: No such key: readyReplicas: object.status.readyReplicas > 1',
  });
});
test('a certain no counts more than what cannot be told', () => {
  assert.equal(judge('object.status.readyReplicas > 2', [web, db]).outcome, 'fail');
});
test('no object at all is unknown', () => {
  assert.deepEqual(judge('true', []), {
    outcome: 'unknown',
    message: 'there is no Deployment of apps/v1',
  });
});
test('the object of before the run is at hand', () => {
  const expression = 'object.status.readyReplicas >= baseline.status.readyReplicas';
  assert.equal(judge(expression, [web], web).outcome, 'pass');
  const better = { ...web, status: { readyReplicas: 3 } };
  assert.equal(judge(expression, [web], better).outcome, 'fail');
  assert.equal(judge(expression, [web]).outcome, 'unknown');
});
test('what turns out to be no bool is unknown', () => {
  assert.match(judge('object.spec.replicas', [web]).message, /wanted true or false, found 3/);
});

const INVALID: readonly (readonly [expression: string, message: RegExp])[] = [
  ['object.spec.replicas >', /does not compile as CEL: Unexpected token: EOF/],
  ['objekt.spec == 1', /does not compile as CEL: Unknown variable: objekt/],
  ['"a" + 1 == "b"', /no such overload/],
  ['1 + 1', /wanted an expression of bool, found int/],
  ['quantity(object.spec.memory)', /found no matching overload for 'quantity/],
];
for (const [expression, message] of INVALID) {
  test(`does not compile: ${expression}`, () => {
    const compiled = compileCel(expression);
    assert.ok(compiled.kind === 'invalid');
    assert.match(compiled.message, message);
    assert.doesNotMatch(compiled.message, /\n/);
  });
}

test('a baseline is taken only for who speaks of it', () => {
  assert.equal(mentionsBaseline('baseline == null'), true);
  assert.equal(mentionsBaseline('object.baselines == 1'), false);
});
test('what of an object is kept is without what no expression is about', () => {
  const object = {
    kind: 'Deployment',
    metadata: {
      name: 'web',
      managedFields: [{}],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: '1' },
    },
    spec: { replicas: 3 },
  };
  assert.deepEqual(forBaseline(object), {
    kind: 'Deployment',
    metadata: { name: 'web', annotations: { mine: '1' } },
    spec: { replicas: 3 },
  });
});
