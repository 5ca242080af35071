import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRenewals } from '../../../src/kube/renewals.ts';
import type { Parsed } from '../../../src/signals/order.ts';
import type { Report, SignalPhase } from '../../../src/signals/report.ts';

function node(id: string, phase: SignalPhase): { name: string; report: Parsed<Report> } {
  const signal = { id, attempt: 1, epoch: 0, goal: 'apply', phase } as const;
  return { name: 'w-1', report: { kind: 'valid', value: { signal } as unknown as Report } };
}

function setUp(first?: { readonly renewTime: undefined }) {
  let now: string | undefined = first === undefined ? 't0' : first.renewTime;
  let renewedBefore: string | undefined;
  const renewals = createRenewals(() => ({ renewTime: now, renewedBefore }));
  return {
    renewals,
    renew(renewTime: string) {
      if (now !== renewTime) renewedBefore = now;
      now = renewTime;
      renewals.leaseChanged({ name: 'w-1', renewTime });
      return renewals.count('w-1');
    },
  };
}

test('renewals count only from the moment at which the trial was first seen', () => {
  const { renewals, renew } = setUp();
  assert.equal(renew('t1'), 0);
  renewals.nodeChanged(node('a', 'Applying'));
  assert.equal(renew('t2'), 0);
  renewals.nodeChanged(node('a', 'OnTrial'));
  assert.equal(renewals.count('w-1'), 0);
  assert.equal(renew('t3'), 1);
  renewals.nodeChanged(node('a', 'OnTrial'));
  assert.equal(renew('t4'), 2);
});

test('a change of the Lease that is no renewal does not count', () => {
  const { renewals, renew } = setUp();
  renewals.nodeChanged(node('a', 'OnTrial'));
  assert.equal(renew('t0'), 0, 'the renewal that was there before');
  assert.equal(renew('t1'), 1);
  assert.equal(renew('t1'), 1);
});

test('what was counted stays while the same order goes on', () => {
  const { renewals, renew } = setUp();
  renewals.nodeChanged(node('a', 'OnTrial'));
  renew('t1');
  renewals.nodeChanged(node('a', 'Committed'));
  assert.equal(renewals.count('w-1'), 1);
});

test('another order begins at nothing', () => {
  const { renewals, renew } = setUp();
  renewals.nodeChanged(node('a', 'OnTrial'));
  renew('t1');
  renewals.nodeChanged(node('b', 'Downloading'));
  assert.equal(renewals.count('w-1'), 0);
  assert.equal(renew('t2'), 0);
  renewals.nodeChanged(node('b', 'OnTrial'));
  assert.equal(renew('t3'), 1);
});

test('a node that is deleted, or that reports nothing any more, is forgotten', () => {
  const { renewals, renew } = setUp();
  renewals.nodeChanged(node('a', 'OnTrial'));
  renew('t1');
  renewals.nodeDeleted('w-1');
  assert.equal(renewals.count('w-1'), 0);
  renewals.nodeChanged(node('a', 'OnTrial'));
  renewals.nodeChanged({ name: 'w-1', report: { kind: 'absent' } });
  assert.equal(renew('t2'), 0);
});

test('a renewal that came before the report counts, if the node itself says that it came after the restart', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const restarted = (restartedAt: string) => {
    const { name, report } = node('a', 'OnTrial');
    const { signal } = (report as { value: Report }).value;
    return { name, report: { kind: 'valid', value: { signal: { ...signal, restartedAt } } } };
  };
  for (const [renewedAt, restartedAt, wanted] of [
    [2, 1, 1],
    [1, 1, 0],
    [1, 2, 0],
  ] as const) {
    const { renewals, renew } = setUp();
    renew(at(renewedAt));
    renewals.nodeChanged(restarted(at(restartedAt)) as ReturnType<typeof node>);
    assert.equal(renewals.count('w-1'), wanted);
    assert.equal(renew(at(20)), wanted + 1);
  }
});

test('two renewals that came before the report count as two, and no more than came after the restart', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const { name, report } = node('a', 'OnTrial');
  const { signal } = (report as { value: Report }).value;
  for (const [restartedAt, wanted] of [
    [at(1), 2],
    [at(3), 1],
    [at(5), 0],
  ] as const) {
    const { renewals, renew } = setUp();
    for (const second of [2, 4, 4]) renew(at(second));
    const value = { signal: { ...signal, restartedAt } } as unknown as Report;
    renewals.nodeChanged({ name, report: { kind: 'valid', value } });
    assert.equal(renewals.count('w-1'), wanted);
    assert.equal(renew(at(20)), wanted + 1);
  }
});

test('a Lease that is seen for the first time tells of no renewal, unless it came after the restart', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  for (const [seen, count] of [
    [at(5), 0],
    [at(15), 1],
  ] as const) {
    const { renewals, renew } = setUp({ renewTime: undefined });
    const { name, report } = node('a', 'OnTrial');
    const { signal } = (report as { value: Report }).value;
    const value = { signal: { ...signal, restartedAt: at(10) } } as unknown as Report;
    renewals.nodeChanged({ name, report: { kind: 'valid', value } });
    assert.equal(renew(seen), count);
    assert.equal(renew(at(20)), count + 1);
  }
});
