import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterPolicy } from '../../../src/plans/cluster-policy.ts';
import { trimUpdatePolicy } from '../../../src/plans/trim-update-policy.ts';
import { updatePolicyStatus } from '../../../src/plans/update-policy-status.ts';
import { START_MS } from '../../support/builders.ts';

function stored(spec: object, over: { status?: object; managedFields?: object[] } = {}) {
  return trimUpdatePolicy({
    metadata: {
      name: 'default',
      resourceVersion: '7',
      generation: 3,
      managedFields: over.managedFields,
    },
    spec,
    status: over.status,
  });
}

test('the object wins over the file of the orchestrator, field by field', () => {
  const policy = clusterPolicy(
    { drain: { timeout: '7m' }, confirmTimeout: '6m' },
    stored({ drain: { timeout: '9m' } }),
  );
  assert.deepEqual(policy, {
    layer: { drain: { timeout: '9m' }, confirmTimeout: '6m' },
    flaw: undefined,
    pausedBy: undefined,
  });
});

test('layers that cannot be met together are named with the path of the field', () => {
  const policy = clusterPolicy({ confirmTimeout: '2m' }, stored({ gate: { timeout: '3m' } }));
  assert.equal(
    policy.flaw,
    'UpdatePolicy/default spec.gate.timeout: 180s must be shorter than confirmTimeout (120s): a node must hear the verdict before it gives up waiting',
  );
});

test('a stored object that cannot be read is named with the path of the field', () => {
  const policy = clusterPolicy({}, stored({ drain: { timeout: 'soon' } }));
  assert.equal(
    policy.flaw,
    'UpdatePolicy/default spec.drain.timeout: wanted a duration such as 90s, 5m or 1h30m',
  );
});

test('a brake is heard even where the rest cannot be read, and says who pulled it', () => {
  const policy = clusterPolicy(
    {},
    stored(
      { paused: true, drain: 'now' },
      {
        managedFields: [
          {
            manager: 'helm',
            time: '2026-03-01T00:00:00Z',
            fieldsV1: { 'f:spec': { 'f:drain': {} } },
          },
          {
            manager: 'kubectl-patch',
            time: '2026-03-01T21:00:00Z',
            fieldsV1: { 'f:spec': { 'f:paused': {} } },
          },
        ],
      },
    ),
  );
  assert.equal(
    policy.pausedBy,
    'UpdatePolicy/default says spec.paused: true, set with kubectl-patch at 2026-03-01T21:00:00Z',
  );
});

test('the file of the orchestrator can pull the brake as well', () => {
  assert.match(
    clusterPolicy({ paused: true }, stored({ paused: false })).pausedBy ?? '',
    /own policy file says paused: true/,
  );
});

test('status says whether the policy can be met, and once only', () => {
  const bad = stored({ limits: 'Override' });
  const status = updatePolicyStatus(bad, clusterPolicy({}, bad), START_MS);
  assert.deepEqual(status, {
    observedGeneration: 3,
    conditions: [
      {
        type: 'Accepted',
        status: 'False',
        reason: 'InvalidPolicy',
        message:
          'nothing new is begun until this is mended: UpdatePolicy/default spec.limits: Override wants maxUnavailable, found none: nothing would bound the update',
        observedGeneration: 3,
        lastTransitionTime: '2026-03-01T22:00:00.000Z',
      },
    ],
  });
  const again = stored({ limits: 'Override' }, { status });
  assert.equal(
    updatePolicyStatus(again, clusterPolicy({}, again), START_MS + 60_000),
    again.status,
  );
  const mended = stored({ limits: 'Override', maxUnavailable: 2 }, { status });
  const after = updatePolicyStatus(mended, clusterPolicy({}, mended), START_MS + 60_000);
  assert.deepEqual(
    after.conditions?.map(({ status, reason }) => [status, reason]),
    [['True', 'PolicyAccepted']],
  );
});

test('how channels are followed is no matter of Plans, and what is wrong there holds no Plan up', () => {
  const read = stored({ channels: { minAge: '72h' }, trust: {}, maxUnavailable: 2 });
  assert.deepEqual(
    [read.channels, read.layer, read.channelFlaws, read.flaws],
    [{ minAge: '72h' }, { maxUnavailable: 2 }, [], []],
  );
  const broken = stored({
    paused: true,
    channels: { pin: '1.36', timeZone: 'Berlin', poll: '0s', proxy: 'proxy:3128', minAge: 'long' },
    trust: { keys: ['RWQ'], caBundle: 'none' },
  });
  assert.equal(broken.layer.paused, true);
  assert.deepEqual(broken.flaws, []);
  assert.equal(clusterPolicy({}, broken).flaw, undefined);
  const said = updatePolicyStatus(broken, clusterPolicy({}, broken), START_MS).conditions?.[0];
  assert.equal(said?.reason, 'InvalidPolicy');
  assert.match(
    said?.message ?? '',
    /^no channel is followed until this is mended: spec\.channels\.minAge/,
  );
  assert.match(
    said?.message ?? '',
    /spec\.trust\.keys\.0: wanted a public key as minisign prints it/,
  );
  assert.match(said?.message ?? '', /spec\.trust\.caBundle: wanted certificates in PEM/);
});
