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
