import type { Policy } from '../api/policy.ts';

/**
 * The policy of a command that puts back. How many at once, how they are drained and how long each phase may
 * take stays as it was; what decides whether a new version may spread further has nothing to judge here. A
 * worker that does not go back is no reason to leave the others with what has failed.
 */
export function rollbackPolicy(policy: Policy): Policy {
  return {
    ...policy,
    ramp: undefined,
    canaries: [],
    zones: 'Ignore',
    soakMs: 0,
    approvals: [],
    maxFailures: '100%',
    onFailure: 'Continue',
    backupMode: 'Never',
    gates: [],
    workloads: 'Off',
    hooks: [],
  };
}
