import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '../../../src/api/reasons.ts';
import type { Goal, Order } from '../../../src/signals/order.ts';
import type { Report, Signal } from '../../../src/signals/report.ts';
import { anUpdate, aSpec, NEW, START_MS } from '../../support/builders.ts';
import {
  actionsOf,
  failureOf,
  look,
  ordered,
  RUN,
  type Scene,
  statusOf,
  targetOf,
} from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ controllers: '', workers: '' }));
const ONE = aSpec(anUpdate({ controllers: '' }));
const running = { version: NEW, exits: 0, healthy: true };
const done = { phase: 'Committed', state: 'SignalCompleted' } as const;
const mark = { unschedulable: true, cordon: { orderId: `${RUN}.0.1`, ours: true } };

test('a worker that has confirmed its update by itself is done and given back; no commit is sent', () => {
  const kept = ordered({ goal: 'apply', signal: { phase: 'Committed', running } });
  const scene: Scene = {
    spec: SPEC,
    controllers: { 'cp-1': kept },
    nodes: { 'w-1': { ...kept, ...mark } },
    told: { 'cp-1': done, 'w-1': { phase: 'OnTrial', state: 'SignalSent' } },
  };
  const decision = look(scene);
  assert.deepEqual(actionsOf(decision), ['uncordon w-1']);
  assert.deepEqual(
    [targetOf(decision, 'w-1').phase, targetOf(decision, 'w-1').message],
    ['Committed', `runs ${NEW}`],
  );
  const after = look({ ...scene, status: statusOf(decision), nodes: { 'w-1': kept } });
  assert.equal(statusOf(after).state, 'Completed');
});

test('a controller that has confirmed by itself makes way for the next', () => {
  const decision = look({
    spec: ONE,
    controllers: {
      'cp-1': ordered({ goal: 'apply', signal: { phase: 'Committed', running } }),
      'cp-2': ordered({ goal: 'stage', signal: { phase: 'Staged' } }),
    },
    told: { 'cp-1': { phase: 'Applying', state: 'SignalSent' } },
  });
  assert.deepEqual(actionsOf(decision), ['apply cp-2']);
});

test('a commit that was on its way all the same changes nothing', () => {
  const decision = look({
    spec: ONE,
    controllers: {
      'cp-1': ordered({ goal: 'commit', signal: { goal: 'apply', phase: 'Committed' } }),
    },
  });
  assert.equal(statusOf(decision).state, 'Completed');
});

test('an undo that came too late for a host that had confirmed by itself is a failure, and says what runs', () => {
  const decision = look({
    spec: ONE,
    controllers: {
      'cp-1': ordered({ goal: 'undo', signal: { goal: 'apply', phase: 'Committed', running } }),
    },
    told: {
      'cp-1': {
        phase: 'Undoing',
        state: 'SignalSent',
        reason: 'ApiServerNotReady',
        message: 'not healthy within 240s: API server is not ready: failed: etcd',
      },
    },
  });
  assert.equal(failureOf(decision)?.reason, 'ApiServerNotReady');
  assert.equal(
    targetOf(decision, 'cp-1').message,
    `not healthy within 240s: API server is not ready: failed: etcd; the host had confirmed it by its own policy before it was told to undo, and runs ${NEW}`,
  );
});

test('an apply that was overtaken by its undo has failed, with the reason that it was undone for', () => {
  const decision = look({
    spec: ONE,
    controllers: { 'cp-1': ordered({ goal: 'undo', signal: { phase: 'Cancelled' } }) },
    told: {
      'cp-1': { phase: 'Undoing', state: 'SignalSent', reason: 'ApplyTimeout', message: 'no word' },
    },
  });
  assert.equal(failureOf(decision)?.reason, 'ApplyTimeout');
});

const answers: [phase: Signal['phase'], goal: Goal, reason: Reason, state: string][] = [
  ['Failed', 'stage', 'SourceForbidden', 'Failed'],
  ['Failed', 'stage', 'ArtifactTooLarge', 'Failed'],
  ['Failed', 'stage', 'SignatureInvalid', 'Failed'],
  ['Failed', 'stage', 'WrongArchitecture', 'Failed'],
  ['Refused', 'stage', 'AgentPolicyInvalid', 'Failed'],
  ['Failed', 'stage', 'AgentPolicyInvalid', 'Failed'],
  ['Refused', 'stage', 'DowngradeForbidden', 'Failed'],
  ['Failed', 'apply', 'DowngradeForbidden', 'Failed'],
  ['Failed', 'apply', 'BackupFailed', 'Failed'],
  ['Undone', 'apply', 'HostReboots', 'Undone'],
];
for (const [phase, goal, reason, state] of answers) {
  test(`${phase} with ${reason} at ${goal} ends as ${state}, stops the run, and undoes nobody else`, () => {
    const decision = look({
      spec: ONE,
      controllers: {
        'cp-1': ordered({ goal: 'apply', signal: { phase: 'Committed', running } }),
        'cp-2': ordered({ goal, signal: { phase, reason, message: 'so it is' } }),
        'cp-3': ordered({ goal: 'stage', signal: { phase: 'Staged' } }),
      },
      told: { 'cp-1': done },
    });
    const found = targetOf(decision, 'cp-2');
    assert.deepEqual([found.phase, found.reason, found.message], [state, reason, 'so it is']);
    assert.equal(found.state, 'SignalApplyFailed');
    const wanted = goal === 'stage' ? ['cancel cp-2', 'cancel cp-3'] : ['cancel cp-3'];
    assert.deepEqual(actionsOf(decision), wanted);
  });
}

test('a host that reboots across a minor version is held for a person', () => {
  const decision = look({
    spec: aSpec(anUpdate({ controllers: '', version: 'v1.37.0+k0s.0' })),
    controllers: {
      'cp-1': {
        ...ordered({
          goal: 'apply',
          signal: { phase: 'Held', reason: 'HostReboots', message: 'booted 3 times' },
          order: { undo: 'never' },
        }),
        apiServer: { ready: 'False', message: 'no answer', atMs: START_MS, sinceMs: START_MS },
      },
    },
  });
  assert.deepEqual(actionsOf(decision), []);
  assert.equal(targetOf(decision, 'cp-1').phase, 'Held');
});

const HOUR_MS = 3_600_000;
const poll: Partial<Report['agent']> = { mode: 'poll', heartbeatMs: HOUR_MS };

interface Overdue {
  readonly sentence: string;
  readonly goal: Goal;
  readonly signal?: Partial<Signal>;
  readonly told: 'Downloading' | 'Applying' | 'OnTrial' | 'Committing';
  readonly order?: Partial<Order>;
  /** By the policy, for an agent that watches. */
  readonly watchesMs: number;
  readonly pollsMs: number;
}
const PATIENCE_MS = 2.5 * HOUR_MS;
const overdue: Overdue[] = [
  {
    sentence: 'an order that nobody has answered',
    goal: 'stage',
    told: 'Downloading',
    watchesMs: 90_000,
    pollsMs: PATIENCE_MS,
  },
  {
    sentence: 'a download',
    goal: 'stage',
    signal: {},
    told: 'Downloading',
    watchesMs: 90_000 + HOUR_MS,
    pollsMs: PATIENCE_MS + HOUR_MS,
  },
  {
    sentence: 'an apply',
    goal: 'apply',
    signal: { phase: 'Staged', goal: 'stage' },
    told: 'Applying',
    watchesMs: 390_000,
    pollsMs: PATIENCE_MS + 300_000,
  },
  {
    sentence: 'a trial',
    goal: 'apply',
    signal: { phase: 'OnTrial' },
    told: 'OnTrial',
    watchesMs: 240_000,
    pollsMs: PATIENCE_MS,
  },
  {
    sentence: 'a commit',
    goal: 'commit',
    signal: { phase: 'OnTrial' },
    told: 'Committing',
    watchesMs: 120_000,
    pollsMs: PATIENCE_MS,
  },
];
for (const { sentence, goal, signal, told, watchesMs, pollsMs } of overdue) {
  for (const [who, agent, endMs] of [
    ['watches', { heartbeatMs: HOUR_MS }, watchesMs],
    ['comes every hour', poll, pollsMs],
  ] as const) {
    test(`${sentence} of an agent that ${who} is overdue after ${endMs / 1000} s`, () => {
      const scene = (nowMs: number): Scene => ({
        spec: ONE,
        controllers: { 'cp-1': ordered({ goal, agent, ...(signal && { signal }) }) },
        told: { 'cp-1': { phase: told, state: 'SignalSent' } },
        nowMs: START_MS + nowMs,
      });
      assert.equal(targetOf(look(scene(endMs - 1)), 'cp-1').phase, told);
      assert.notEqual(targetOf(look(scene(endMs)), 'cp-1').phase, told);
    });
  }
}

test('after a time of blindness such an agent gets its time as well', () => {
  const decision = look({
    spec: ONE,
    controllers: { 'cp-1': ordered({ goal: 'stage', agent: poll }) },
    told: { 'cp-1': { phase: 'Downloading', state: 'SignalSent' } },
    nowMs: START_MS + 10 * HOUR_MS,
    sightedSinceMs: START_MS + 8 * HOUR_MS,
  });
  assert.equal(targetOf(decision, 'cp-1').phase, 'Downloading');
});
