import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../../src/plans/decide.ts';
import { packStatus, STATUS_LIMIT } from '../../../src/plans/pack-status.ts';
import { aControlNode, aNode, anUpdate, aSpec, someFacts } from '../../support/builders.ts';

const NODES = 10_000;

test('a Plan that is refused for thousands of nodes can be stored, and says of whom, and of how many', () => {
  const decision = decide(
    someFacts(aSpec(anUpdate({ controllers: '', workers: '' })), {
      controlNodes: [aControlNode('cp-1')],
      nodes: Array.from({ length: NODES }, (_, at) =>
        aNode(`w-${at}`, at === 0 ? {} : { report: { kind: 'absent' } }),
      ),
    }),
  );
  assert.equal(decision.kind, 'refuse');
  if (decision.kind !== 'refuse') return;
  for (const limit of [STATUS_LIMIT, 5_000]) {
    const { chunks, stored } = packStatus('spring', decision.status, { limit, inChunks: false });
    const status = stored(() => 1);
    assert.deepEqual(chunks, []);
    assert.ok(JSON.stringify(status).length <= limit, `${JSON.stringify(status).length}`);
    const workers = status.commands?.[0]?.k0supdate?.workers ?? [];
    assert.ok(workers.length > 0, 'somebody is shown');
    for (const { name, message } of workers) {
      assert.match(message ?? '', new RegExp(`${name} has no agent`));
    }
    const failed = status.conditions?.find(({ type }) => type === 'Failed');
    assert.match(failed?.message ?? '', /w-1 has no agent.* and 9994 more/);
    assert.deepEqual(status.progress, decision.status.progress);
  }
});
