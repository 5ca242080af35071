import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPlanFile } from '../../../src/cli/preview-file.ts';
import { ConfigError } from '../../../src/config.ts';

const PLAN = `apiVersion: autopilot.k0sproject.io/v1beta2
kind: Plan
metadata: {name: autopilot}
spec:
  id: upg-1
  timestamp: now
  commands:
    - k0supdate:
        version: v1.36.3+k0s.0
        platforms:
          linux-amd64: {url: https://mirror.example/k0s}
        targets:
          workers:
            discovery: {selector: {}}
            limits: {concurrent: 2}
`;

test('a Plan beside other objects', () => {
  const { name, spec, unknown } = readPlanFile(`kind: Namespace\n---\n${PLAN}`, 'plan.yaml');
  assert.equal(name, 'autopilot');
  assert.equal(spec.commands[0]?.k0supdate?.targets.workers?.limits.concurrent, 2);
  assert.deepEqual(unknown, []);
});

test('JSON is read as well', () => {
  const { spec } = readPlanFile(PLAN, 'plan.yaml');
  const object = {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name: 'x' },
    spec,
  };
  assert.deepEqual(readPlanFile(JSON.stringify(object), 'plan.json').spec, spec);
});

test('a field that does not exist is said with its line, and is no error', () => {
  const text = PLAN.replace('concurrent: 2', 'concurent: 2');
  assert.deepEqual(readPlanFile(text, 'plan.yaml').unknown, [
    'plan.yaml:15: spec.commands[0].k0supdate.targets.workers.limits.concurent',
  ]);
});

const two = `${PLAN}---\n${PLAN.replace('autopilot}', 'other}')}`;

test('of several Plans the one that is named', () => {
  assert.equal(readPlanFile(two, 'plan.yaml', 'other').name, 'other');
});

const rows: readonly (readonly [string, string, string, string | undefined])[] = [
  [
    'YAML that is none',
    PLAN.replace('{name: autopilot}', '{name: autopilot'),
    'plan.yaml:4: Flow map in block collection must be sufficiently indented and end with a }',
    undefined,
  ],
  [
    'a field of another type',
    PLAN.replace('version: v1.36.3+k0s.0', 'version: 1.36'),
    'plan.yaml:9: spec.commands[0].k0supdate.version: Invalid input: expected string, received number',
    undefined,
  ],
  [
    'a field that is missing: the line of what it is missing in',
    PLAN.replace('  id: upg-1\n', ''),
    'plan.yaml:5: spec.id: Invalid input: expected string, received undefined',
    undefined,
  ],
  [
    'a policy with a field that there is not',
    `${PLAN}  policy: {drain: {timeot: 5m}}\n`,
    'plan.yaml:16: spec.policy.drain: Unrecognized key: "timeot"',
    undefined,
  ],
  [
    'another apiVersion',
    PLAN.replace('v1beta2', 'v1'),
    'plan.yaml:1: apiVersion: wanted autopilot.k0sproject.io/v1beta2, found autopilot.k0sproject.io/v1',
    undefined,
  ],
  ['no Plan at all', 'kind: Namespace\n', 'plan.yaml: wanted one Plan, found none', undefined],
  ['an empty file', '', 'plan.yaml: wanted one Plan, found none', undefined],
  [
    'two Plans, and none was named',
    two,
    'plan.yaml: wanted one Plan, found autopilot, other; say which: preview -f FILE NAME',
    undefined,
  ],
  ['another name', PLAN, 'plan.yaml: wanted one Plan nobody, found autopilot', 'nobody'],
];
for (const [sentence, text, message, name] of rows) {
  test(sentence, () => {
    assert.throws(
      () => readPlanFile(text, 'plan.yaml', name),
      (thrown) => {
        assert.ok(thrown instanceof ConfigError);
        assert.equal(thrown.message, message);
        return true;
      },
    );
  });
}
