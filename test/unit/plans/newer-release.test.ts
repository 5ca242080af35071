import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseForgiving } from '../../../src/api/forgiving.ts';
import { planStatusSchema } from '../../../src/api/plan.ts';
import { trimSignals } from '../../../src/kube/trim-signals.ts';
import { isUnderWay } from '../../../src/plans/run.ts';
import { trimPlan } from '../../../src/plans/trim-plan.ts';
import { formatOrder, type Order, parseOrder } from '../../../src/signals/order.ts';
import { formatReport } from '../../../src/signals/report.ts';
import { aReport, NEW, SHA } from '../../support/builders.ts';

const ORDER: Order = {
  ...{ v: 1, id: '01234567-1.0.1', attempt: 1, goal: 'apply', run: '01234567-1', command: 0 },
  plan: { name: 'spring', uid: 'u' },
  epoch: 4,
  artifact: { kind: 'k0s', version: NEW, url: 'https://x/k0s', sha256: SHA, force: false },
  durations: { stageMs: 1, confirmMs: 1 },
  undo: 'binary',
};

const SPEC = { id: 'spring', timestamp: 'now', commands: [] };

/** What the next release may write: every kind of thing that we do not know. */
const STATUS = {
  state: 'SchedulableWait',
  runID: '01234567-1',
  observedGeneration: 1,
  startedAt: '2026-03-01T22:00:00.000Z',
  wave: { number: 3 },
  frozenSpec: { ...SPEC, policy: { maxUnavailable: 2, moonPhase: 'Full' } },
  policy: { maxUnavailable: 2, moonPhase: 'Full' },
  commands: [
    {
      id: 0,
      state: 'SchedulableWait',
      jobs: [{ name: 'j', of: 'hook', startedAt: '2026-03-01T22:00:00.000Z', result: 'Suspended' }],
      k0supdate: {
        workers: [
          {
            ...{ name: 'w1', state: 'SignalSent', phase: 'Warming', temperature: 21 },
            lastUpdatedTimestamp: '2026-03-01T22:00:00.000Z',
          },
          {
            ...{ name: 'w2', state: 'SignalSent', phase: 'Draining' },
            lastUpdatedTimestamp: '2026-03-01T22:00:00.000Z',
          },
        ],
      },
    },
  ],
};

const seen = (annotations: Record<string, string>) =>
  trimSignals({ name: 'w1', uid: 'u', resourceVersion: '1', annotations }, undefined);

describe('an orchestrator that is a release older than what it takes over', () => {
  test('goes on with the run, and with what it knows of its targets', () => {
    const { status } = trimPlan({
      metadata: { name: 'spring', uid: 'u' },
      spec: SPEC,
      status: STATUS,
    });
    assert.ok(isUnderWay(status), 'the run is ours, and under way');
    const [w1, w2] = status.commands[0]?.k0supdate?.workers ?? [];
    assert.deepEqual([w1?.name, w1?.state, w1?.phase], ['w1', 'SignalSent', undefined]);
    assert.equal(w2?.phase, 'Draining');
    assert.equal(status.policy?.maxUnavailable, 2);
  });

  test('reads an order with a field that it does not know, so that it can be followed up', () => {
    const text = JSON.stringify({
      ...JSON.parse(formatOrder(ORDER)),
      ballast: [1],
      plan: { ...ORDER.plan, color: 'red' },
    });
    const { order } = seen({ 'autopilot.k0sproject.io/order': text });
    assert.deepEqual(order, { kind: 'valid', value: ORDER });
    assert.equal(
      parseOrder(text).kind,
      'invalid',
      'an agent obeys nothing that it does not wholly understand',
    );
  });

  test('reads the report of an agent that is newer', () => {
    const report = aReport();
    const text = JSON.stringify({ ...JSON.parse(formatReport(report)), mood: 'good' });
    const found = seen({ 'autopilot.k0sproject.io/report': text });
    assert.deepEqual(found.report, { kind: 'valid', value: report });
  });

  test('does not take another wire format for its own, nor half an order for a whole one', () => {
    for (const over of [{ v: 2 }, { goal: 'dance' }, { id: undefined }]) {
      const text = JSON.stringify({ ...ORDER, ...over });
      assert.equal(seen({ 'autopilot.k0sproject.io/order': text }).order.kind, 'invalid', text);
    }
  });
});

describe('what is passed over', () => {
  test('is named by its path', () => {
    const read = parseForgiving(planStatusSchema.partial(), STATUS);
    assert.deepEqual(read?.dropped.toSorted(), [
      'commands.0.jobs.0.result',
      'commands.0.k0supdate.workers.0.phase',
      'frozenSpec.policy.moonPhase',
      'policy.moonPhase',
    ]);
  });

  test('is never the whole, nor what is needed', () => {
    for (const garbage of ['text', 7, null, [], { state: 'x', commands: [{ id: 'no' }] }]) {
      assert.equal(parseForgiving(planStatusSchema, garbage), undefined, JSON.stringify(garbage));
    }
  });
});
