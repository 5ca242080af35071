import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationMs } from '../../../src/api/duration.ts';
import { type PolicyLayer, policySchema, withDefaults } from '../../../src/api/policy.ts';
import { describeFlaws, policyFlaws, readPolicyLayer } from '../../../src/api/policy-flaws.ts';
import { frozenPart, mergePolicies } from '../../../src/api/policy-merge.ts';

test('durations are read as Go writes them', () => {
  assert.equal(durationMs('1h30m'), 5_400_000);
  assert.equal(durationMs('90s'), 90_000);
  assert.equal(durationMs('250ms'), 250);
  assert.equal(durationMs('1.5s'), 1_500);
});

for (const text of ['', '10', 'm', '5 m', '-5m', '1d']) {
  test(`${JSON.stringify(text)} is no duration`, () => {
    assert.equal(policySchema.safeParse({ confirmTimeout: text }).success, false);
  });
}

test('an unknown field is refused by name', () => {
  const result = policySchema.safeParse({ drain: { timout: '5m' } });
  assert.match(JSON.stringify(result.error?.issues), /timout/);
});

test('what is not said has its default, what is said wins', () => {
  const policy = withDefaults({ drain: { timeout: '7m' } });
  assert.equal(policy.drainTimeoutMs, 420_000);
  assert.equal(policy.confirmTimeoutMs, 300_000);
});

const unmeetable: [layer: PolicyLayer, flaws: string][] = [
  [
    { confirmTimeout: '1m' },
    'spec.gate.timeout: 240s must be shorter than confirmTimeout (60s): a node must hear the verdict before it gives up waiting',
  ],
  [
    { gate: { timeout: '3s' } },
    'spec.gate.stable: 3s must be shorter than gate.timeout (3s): nothing could ever be healthy in time',
  ],
  [
    { backup: { timeout: '0s' } },
    'spec.backup.timeout: wanted longer than 0s; to make none, set mode: Never',
  ],
  [
    { limits: 'Override' },
    'spec.limits: Override wants maxUnavailable, found none: nothing would bound the update',
  ],
];
for (const [layer, flaws] of unmeetable) {
  test(`${JSON.stringify(layer)} cannot be met, by the path of the field`, () => {
    assert.equal(describeFlaws('spec', policyFlaws(layer)), flaws);
  });
}

for (const bound of [0, -1, 1.5, '0%', '101%', '5', 'half', '010%']) {
  test(`maxUnavailable ${JSON.stringify(bound)} is refused by its path`, () => {
    const read = readPolicyLayer({ maxUnavailable: bound });
    const flaws = read.kind === 'flaws' ? read.flaws : [];
    assert.deepEqual(flaws, [
      {
        path: 'maxUnavailable',
        message: 'wanted a number from 1, or a percentage from 1% to 100%',
      },
    ]);
  });
}

test('the upper layer wins field by field', () => {
  assert.deepEqual(
    mergePolicies(
      { gate: { timeout: '2m', stable: '5s' }, confirmTimeout: '3m', maxUnavailable: 2 },
      { gate: { timeout: '1m' }, maxUnavailable: '10%' },
    ),
    { gate: { timeout: '1m', stable: '5s' }, confirmTimeout: '3m', maxUnavailable: '10%' },
  );
});

test('no layer lets go of the brake of another', () => {
  assert.equal(mergePolicies({ paused: true }, { paused: false }).paused, true);
  assert.equal(mergePolicies({ paused: false }, { paused: true }).paused, true);
  assert.equal(mergePolicies({ paused: true }, {}).paused, true);
});

test('what is read live is not frozen', () => {
  assert.deepEqual(frozenPart({ paused: true, drain: { timeout: '1m' } }), {
    drain: { timeout: '1m' },
  });
});

test('a backup is made unless the policy says otherwise', () => {
  const { backupMode, backupKeep, backupTimeoutMs } = withDefaults({});
  assert.deepEqual(
    [backupMode, backupKeep, backupTimeoutMs],
    ['BeforeFirstController', 3, 600_000],
  );
  assert.equal(withDefaults({ backup: { mode: 'Never' } }).backupMode, 'Never');
  assert.equal(policySchema.safeParse({ backup: { keep: 0 } }).success, false);
  assert.equal(policySchema.safeParse({ backup: { mode: 'Sometimes' } }).success, false);
});
