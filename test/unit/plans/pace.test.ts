import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../../src/plans/decide.ts';
import { MOST_AT_ONCE, Pace } from '../../../src/plans/pace.ts';
import { aNode, anUpdate, aSpec, someFacts } from '../../support/builders.ts';
import { begun, ordered } from '../../support/scene.ts';

function answers(pace: Pace, count: number, fromMs: number, tookMs = 10): void {
  for (let i = 0; i < count; i++) pace.answered(fromMs + i, fromMs + i + tookMs);
}

describe('the pace of writes', () => {
  it('begins with all that there may be, and never has more', () => {
    const pace = new Pace();
    answers(pace, 1_000, 0);
    assert.equal(pace.limit, MOST_AT_ONCE);
    assert.equal(pace.restMs(1_010), 0);
    assert.equal(pace.isSlowed(1_010), false);
  });

  it('halves once for all that were refused together, and rests for as long as was asked', () => {
    const pace = new Pace();
    for (let i = 0; i < MOST_AT_ONCE; i++) pace.refused(0, 100 + i, 5_000);
    assert.equal(pace.limit, MOST_AT_ONCE / 2);
    assert.equal(pace.restMs(1_111), 4_000);
    assert.equal(pace.isSlowed(1_111), true);
  });

  it('rests for a second where nobody says how long, and never longer than a minute', () => {
    const pace = new Pace();
    pace.refused(0, 0, undefined);
    assert.equal(pace.restMs(0), 1_000);
    pace.refused(0, 0, 3_600_000);
    assert.equal(pace.restMs(0), 60_000);
  });

  it('goes down to one while it is refused again and again, and no further', () => {
    const pace = new Pace();
    for (let at = 0; at < 60_000; at += 2_000) pace.refused(at, at + 10, 1_000);
    assert.equal(pace.limit, 1);
  });

  it('grows by one for as many good answers as there may be at once', () => {
    const pace = new Pace();
    for (let at = 0; at < 60_000; at += 2_000) pace.refused(at, at + 10, 1_000);
    answers(pace, 1 + 2 + 3, 61_000);
    assert.equal(pace.limit, 4);
    answers(pace, 1_000, 62_000);
    assert.equal(pace.limit, MOST_AT_ONCE);
    assert.equal(pace.isSlowed(70_000), false);
  });

  it('halves when answers are slow, and does not rest', () => {
    const pace = new Pace();
    answers(pace, MOST_AT_ONCE, 0, 1_500);
    assert.equal(pace.limit, MOST_AT_ONCE / 2);
    assert.equal(pace.restMs(1_500), 0);
  });
});

it('a Plan that waits says so while the API server asks for patience', () => {
  const spec = aSpec(anUpdate({ workers: '' }));
  const status = begun(someFacts(spec, { nodes: [aNode('w-1')] }));
  const downloads = ordered({ goal: 'stage', signal: { phase: 'Downloading' } });
  const waitsFor = (isSlowed: boolean) => {
    const writes = { atOnce: 3, isSlowed };
    const nodes = [aNode('w-1', downloads)];
    const decision = decide(someFacts(spec, { nodes, writes, plan: { status } }));
    return decision.kind === 'wait' ? decision.message : assert.fail(decision.kind);
  };
  assert.match(
    waitsFor(true),
    /; the API server asks for patience, and is written to by 3 at once$/,
  );
  assert.doesNotMatch(waitsFor(false), /patience/);
});
