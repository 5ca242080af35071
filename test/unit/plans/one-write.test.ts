import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Action, NodeFacts } from '../../../src/plans/facts.ts';
import { anUpdate, aSpec } from '../../support/builders.ts';
import { actionsOf, look, ordered, RUN, staged, statusOf, targetOf } from '../../support/scene.ts';

const SPEC = aSpec(anUpdate({ workers: '', concurrent: 2 }));
const ID = `${RUN}.0.1`;
const mark: Partial<NodeFacts> = { unschedulable: true, cordon: { orderId: ID, ours: true } };
const lookAt = (node: Partial<NodeFacts>, more: Partial<Parameters<typeof look>[0]> = {}) =>
  look({ spec: SPEC, nodes: { 'w-1': node }, ...more });
const onlyAction = (decision: ReturnType<typeof look>): Action => {
  assert.equal(decision.kind, 'act');
  const actions = decision.kind === 'act' ? decision.actions : [];
  assert.equal(actions.length, 1, JSON.stringify(actions));
  return actions[0]!;
};

describe('a worker that is taken out of service', () => {
  it('is told to apply in the same write where no pod has to go', () => {
    const node = { ...staged(), toGo: 0 };
    const decision = lookAt(node);
    const action = onlyAction(decision);
    assert.equal(action.kind, 'cordon');
    if (action.kind !== 'cordon') return;
    assert.equal(action.apply?.order.goal, 'apply');
    assert.equal(action.apply?.order.id, ID);
    assert.equal(action.apply?.replaces, node.orderText);
    assert.equal(targetOf(decision, 'w-1').phase, 'Applying');
  });

  it('is only cordoned where pods have to go, or nobody has listed them', () => {
    for (const toGo of [1, undefined]) {
      const decision = lookAt({ ...staged(), toGo });
      assert.deepEqual(onlyAction(decision), { kind: 'cordon', name: 'w-1', orderId: ID });
      assert.equal(targetOf(decision, 'w-1').phase, 'Draining');
    }
  });

  it('counts against the limit all the same', () => {
    const empty = () => ({ ...staged(), toGo: 0 });
    const nodes = { 'w-1': empty(), 'w-2': empty(), 'w-3': empty() };
    assert.deepEqual(actionsOf(look({ spec: SPEC, nodes })), ['cordon w-1', 'cordon w-2']);
  });
});

describe('a worker that has committed', () => {
  const committed = () => ordered({ goal: 'commit', signal: { phase: 'Committed' } });
  const gone = () => ({ ...committed(), order: { kind: 'absent' } as const, orderText: undefined });

  it('is given back and loses its order in one write', () => {
    const action = onlyAction(lookAt({ ...committed(), ...mark }));
    assert.equal(action.kind, 'uncordon');
    assert.equal(action.kind === 'uncordon' && action.order, committed().orderText);
  });

  it('keeps its order where it was told to undo: that tells of a failure', () => {
    const late = ordered({ goal: 'undo', signal: { phase: 'Committed' } });
    const told = { 'w-1': { phase: 'Undoing', reason: 'HealthTimeout', message: 'ill' } } as const;
    const action = onlyAction(lookAt({ ...late, ...mark }, { told }));
    assert.equal(action.kind === 'uncordon' && action.order, undefined);
  });

  for (const phase of ['Pending', 'Downloading', 'Staged', 'Applying', 'Committing'] as const) {
    it(`is Updated by its report alone, though status still says ${phase}`, () => {
      const decision = lookAt(gone(), { told: { 'w-1': { phase } } });
      assert.deepEqual(actionsOf(decision), []);
      const { reason, batch } = targetOf(decision, 'w-1');
      assert.deepEqual([reason, batch], ['Updated', 1]);
    });
  }

  it('is not asked for again where a release of before has forgotten it', () => {
    const { report, ...node } = gone();
    const { signal: _, ...value } = report.value;
    const forgotten = { ...node, report: { ...report, value } };
    const decision = lookAt(forgotten, { told: { 'w-1': { phase: 'Committing' } } });
    const action = onlyAction(decision);
    // What it has settled it tells again, and never begins twice.
    assert.equal(action.kind === 'order' && action.order.goal, 'commit');
    assert.equal(action.kind === 'order' && action.order.id, ID);
  });

  it('has begun: its batch goes on with the others', () => {
    const nodes = { 'w-1': gone(), 'w-2': staged() };
    const told = { 'w-1': { phase: 'Committing' } } as const;
    const decision = look({ spec: SPEC, nodes, told });
    assert.deepEqual(actionsOf(decision), ['cordon w-2']);
    const status = statusOf(decision);
    assert.equal(status.commands?.[0]?.batch?.number, 1);
  });
});
