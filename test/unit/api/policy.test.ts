import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationMs, policySchema, withDefaults } from '../../../src/api/policy.ts';

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

test('a gate that outlasts its trial is refused', () => {
  assert.throws(
    () => withDefaults({ confirmTimeout: '1m' }),
    /gate.timeout \(240s\) must be shorter than confirmTimeout \(60s\)/,
  );
});

test('a gate that nothing could pass in time is refused', () => {
  assert.throws(
    () => withDefaults({ gate: { timeout: '3s' } }),
    /gate.stable \(3s\) must be shorter than gate.timeout \(3s\)/,
  );
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
  assert.throws(() => withDefaults({ backup: { timeout: '0s' } }), /set mode: Never/);
});
