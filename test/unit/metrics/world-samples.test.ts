import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredPlanStatus, TargetStatus } from '../../../src/api/plan.ts';
import type { Sample } from '../../../src/metrics/catalogue.ts';
import { worldSamples } from '../../../src/metrics/world-samples.ts';
import type { ClusterView } from '../../../src/plans/cluster-view.ts';
import { aControlNode, aNode, aReport, OLD, START_MS } from '../../support/builders.ts';

const MINUTE_MS = 60_000;
const iso = (ms: number) => new Date(ms).toISOString();

function seen(over: Partial<ClusterView> = {}): Sample[] {
  return worldSamples({
    nowMs: START_MS,
    serverNowMs: START_MS,
    plans: [],
    nodes: new Map(),
    controlNodes: new Map(),
    quarantined: 0,
    isPaused: false,
    writesAtOnce: 12,
    ...over,
  });
}

const valuesOf = (samples: readonly Sample[], name: Sample['name']) =>
  samples
    .filter((one) => one.name === name && one.value !== 0)
    .map(({ labels, value }) => [...Object.values(labels), value].join(' '))
    .sort();

const aTarget = (name: string, over: Partial<TargetStatus>): TargetStatus => ({
  name,
  state: 'SignalSent',
  lastUpdatedTimestamp: iso(START_MS - 5 * MINUTE_MS),
  ...over,
});

const aPlan = (status: StoredPlanStatus | undefined) => ({ createdAtMs: START_MS, status });

const waiting = (reason: string, sinceMs: number) => ({
  type: 'Waiting',
  status: 'True' as const,
  reason,
  message: '',
  lastTransitionTime: iso(sinceMs),
});

describe('Plans', () => {
  test('are told by state, and those that have none are Pending', () => {
    const plans = [aPlan(undefined), aPlan({ state: 'Completed' }), aPlan({ state: 'Completed' })];
    assert.deepEqual(valuesOf(seen({ plans }), 'autopilot_plans'), ['Completed 2', 'Pending 1']);
  });

  test('a state that no Plan is in is 0, so that an alert can compare with it', () => {
    const states = seen().filter(({ name }) => name === 'autopilot_plans');
    assert.ok(
      states.some(
        ({ labels, value }) => value === 0 && 'state' in labels && labels.state === 'ApplyFailed',
      ),
    );
  });

  test('words that others have written make no labels of their own', () => {
    const plans = [aPlan({ state: 'MadeUp', conditions: [waiting('WhoKnows', START_MS)] })];
    const samples = seen({ plans });
    assert.deepEqual(valuesOf(samples, 'autopilot_plans'), ['Other 1']);
    assert.deepEqual(valuesOf(samples, 'autopilot_plan_waits'), ['Other 1']);
  });

  test('the age of a wait begins anew with every target that moves, and of several the longest is told', () => {
    const run = (minutes: number) =>
      aPlan({
        state: 'SchedulableWait',
        conditions: [waiting('WaitsForDrain', START_MS - 60 * MINUTE_MS)],
        commands: [
          {
            id: 0,
            state: 'SchedulableWait',
            k0supdate: {
              workers: [
                aTarget('w1', { lastUpdatedTimestamp: iso(START_MS - minutes * MINUTE_MS) }),
              ],
            },
          },
        ],
      });
    const samples = seen({ plans: [run(2), run(7)] });
    assert.deepEqual(valuesOf(samples, 'autopilot_plan_wait_seconds'), ['WaitsForDrain 420']);
    assert.deepEqual(valuesOf(samples, 'autopilot_plan_waits'), ['WaitsForDrain 2']);
  });

  test('targets are told by role and phase, and what those that are not at their end wait for', () => {
    const plans = [
      aPlan({
        state: 'SchedulableWait',
        commands: [
          {
            id: 0,
            state: 'SchedulableWait',
            k0supdate: {
              controllers: [aTarget('c1', { phase: 'Committed', reason: 'Updated' })],
              workers: [
                aTarget('w1', { phase: 'Draining', reason: 'WaitsForDrain' }),
                aTarget('w2', { phase: 'Draining', reason: 'WaitsForDrain' }),
              ],
            },
          },
        ],
      }),
    ];
    const samples = seen({ plans });
    assert.deepEqual(valuesOf(samples, 'autopilot_targets'), [
      'controller Committed 1',
      'worker Draining 2',
    ]);
    assert.deepEqual(valuesOf(samples, 'autopilot_target_waits'), ['WaitsForDrain 2']);
  });
});

describe('hosts', () => {
  test('are told by their agent and its version, and by the k0s that it has found', () => {
    const nodes = [
      aNode('w1'),
      aNode('w2', { report: { kind: 'absent' } }),
      aNode('w3', { reportedAtMs: START_MS - 3_600_000 }),
    ];
    const samples = seen({
      nodes: new Map(nodes.map((node) => [node.name, node])),
      controlNodes: new Map([['c1', aControlNode('c1')]]),
    });
    assert.deepEqual(valuesOf(samples, 'autopilot_agents'), [
      'controller fresh 1',
      'worker fresh 1',
      'worker missing 1',
      'worker stale 1',
    ]);
    assert.deepEqual(valuesOf(samples, 'autopilot_hosts'), [
      `controller ${OLD} 1`,
      'worker unknown 1',
      `worker ${OLD} 2`,
    ]);
    assert.deepEqual(valuesOf(samples, 'autopilot_agent_versions'), ['0.1.0 3']);
  });

  test('a hybrid is one host, whose agent reports on its ControlNode', () => {
    for (const nodeName of ['c1', 'box-1']) {
      const samples = seen({
        nodes: new Map([[nodeName, aNode(nodeName, { report: { kind: 'absent' } })]]),
        controlNodes: new Map([['c1', aControlNode('c1', { nodeName })]]),
      });
      assert.deepEqual(valuesOf(samples, 'autopilot_agents'), ['controller fresh 1'], nodeName);
    }
  });

  test('an agent that makes versions up makes no series', () => {
    const value = {
      ...aReport({ k0sVersion: '<b>' }),
      agent: { version: 'x'.repeat(99), heartbeatMs: 1, beat: 1 },
    };
    const samples = seen({
      nodes: new Map([
        ['w1', aNode('w1', { report: { kind: 'valid', value }, reportedAtMs: START_MS })],
      ]),
    });
    assert.deepEqual(valuesOf(samples, 'autopilot_hosts'), ['worker unknown 1']);
    assert.deepEqual(valuesOf(samples, 'autopilot_agent_versions'), ['Other 1']);
  });
});

test('a thousand nodes make as many series as one', () => {
  const named = (count: number) =>
    new Map(Array.from({ length: count }, (_, at) => [`w${at}`, aNode(`w${at}`)]));
  assert.equal(seen({ nodes: named(1_000) }).length, seen({ nodes: named(1) }).length);
});
