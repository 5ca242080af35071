import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { viewOrder } from '../../../src/node-agent/order-view.ts';
import { formatOrder, type Goal } from '../../../src/signals/order.ts';
import { aHost, anOrder, openAgent, withDigest } from '../../support/agent-drive.ts';

const never = new AbortController().signal;

describe('an order that is cancelled', () => {
  it('ends its staging also when it is heard before the first byte is asked for', async () => {
    const agent = await openAgent(aHost());
    const say = (goal: Goal) => agent.hear(viewOrder(formatOrder(withDigest(anOrder(goal)))));
    say('stage');
    while (agent.journal.signal?.phase !== 'Downloading') await agent.tick(never);
    const staging = agent.tick(never); // it looks at the host's policy first
    say('cancel');
    await staging;
    assert.equal(agent.journal.signal.phase, 'Downloading', 'and nothing was staged');
    while (agent.journal.signal.phase === 'Downloading') await agent.tick(never);
    assert.equal(agent.journal.signal.phase, 'Cancelled');
  });
});
