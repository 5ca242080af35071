import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredPlanStatus, TargetPhase, TargetStatus } from '../../../src/api/plan.ts';
import { changeSamples } from '../../../src/metrics/change-samples.ts';
import { START_MS } from '../../support/builders.ts';

const iso = (seconds: number) => new Date(START_MS + seconds * 1000).toISOString();

function run(workers: TargetStatus[], over: StoredPlanStatus = {}): StoredPlanStatus {
  return {
    state: 'SchedulableWait',
    runID: 'r1',
    startedAt: iso(0),
    commands: [{ id: 0, state: 'SchedulableWait', k0supdate: { workers } }],
    ...over,
  };
}

const aTarget = (phase: TargetPhase, seconds: number, reason?: string): TargetStatus => ({
  name: 'w1',
  state: 'SignalSent',
  phase,
  lastUpdatedTimestamp: iso(seconds),
  ...(reason && { reason }),
});

const counted = (before: StoredPlanStatus | undefined, after: StoredPlanStatus) =>
  changeSamples(before, after).map(({ name, labels, value }) =>
    [name.replace('autopilot_', ''), ...Object.values(labels), value].join(' '),
  );

describe('a target that leaves a phase', () => {
  const cases: readonly [string, TargetStatus, TargetStatus, readonly string[]][] = [
    [
      'has downloaded',
      aTarget('Downloading', 0),
      aTarget('Staged', 12),
      ['phase_duration_seconds worker Downloading 12', 'downloads_total done 1'],
    ],
    [
      'could not download',
      aTarget('Downloading', 0),
      aTarget('Failed', 30, 'DownloadTimeout'),
      [
        'phase_duration_seconds worker Downloading 30',
        'downloads_total failed 1',
        'target_failures_total worker DownloadTimeout 1',
      ],
    ],
    [
      'is drained',
      aTarget('Draining', 0),
      aTarget('Applying', 90),
      ['phase_duration_seconds worker Draining 90', 'drains_total done 1'],
    ],
    [
      'could not be drained in time',
      aTarget('Draining', 0),
      aTarget('Skipped', 600, 'DrainTimeout'),
      ['phase_duration_seconds worker Draining 600', 'drains_total timeout 1'],
    ],
    [
      'is put back',
      aTarget('OnTrial', 0),
      aTarget('Undoing', 60, 'NodeNotReady'),
      ['phase_duration_seconds worker OnTrial 60', 'undos_total worker 1'],
    ],
    [
      'was put back, for a reason that an older release of ours did not know',
      aTarget('Undoing', 0),
      aTarget('Undone', 3, 'FromTheFuture'),
      ['phase_duration_seconds worker Undoing 3', 'target_failures_total worker Other 1'],
    ],
    ['stays where it is', aTarget('Draining', 0), aTarget('Draining', 0, 'WaitsForDrain'), []],
    [
      'whose leader before had a clock that was ahead took no time, and not less',
      aTarget('Applying', 10),
      aTarget('OnTrial', 5),
      ['phase_duration_seconds worker Applying 0'],
    ],
  ];
  for (const [name, was, now, wanted] of cases) {
    test(name, () => assert.deepEqual(counted(run([was]), run([now])), wanted));
  }
});

describe('a run that ends', () => {
  const failed = {
    type: 'Failed',
    status: 'True' as const,
    reason: 'NodeNotReady',
    message: '',
    lastTransitionTime: iso(60),
  };
  const end = { finishedAt: iso(60) };

  test('completed', () => {
    assert.deepEqual(counted(run([]), run([], { ...end, state: 'Completed' })), [
      'runs_total Completed 1',
      'run_duration_seconds Completed 60',
    ]);
  });

  test('failed, by reason', () => {
    assert.deepEqual(
      counted(run([]), run([], { ...end, state: 'ApplyFailed', conditions: [failed] })),
      [
        'runs_total Failed 1',
        'run_failures_total NodeNotReady 1',
        'run_duration_seconds Failed 60',
      ],
    );
  });

  test('was put back', () => {
    const conditions = [failed, { ...failed, type: 'RolledBack' }];
    assert.deepEqual(counted(run([]), run([], { ...end, state: 'ApplyFailed', conditions })), [
      'runs_total RolledBack 1',
      'run_failures_total NodeNotReady 1',
      'run_duration_seconds RolledBack 60',
    ]);
  });

  test('is counted once, however often its status is told', () => {
    const done = run([], { ...end, state: 'Completed' });
    assert.deepEqual(counted(done, done), []);
  });
});

test('what a run before had is not left by the next one', () => {
  const before = run([aTarget('Failed', 0, 'DrainTimeout')]);
  const after = run([aTarget('Pending', 60)], { runID: 'r2' });
  assert.deepEqual(counted(before, after), []);
});

test('a rollback is counted once, by who wanted it', () => {
  const rollback = { at: iso(1) };
  assert.deepEqual(counted(run([]), run([], { rollback })), ['rollbacks_total policy 1']);
  assert.deepEqual(counted(run([]), run([], { rollback: { ...rollback, by: 'ann' } })), [
    'rollbacks_total person 1',
  ]);
  assert.deepEqual(counted(run([], { rollback }), run([], { rollback })), []);
});
