import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  afterBoot,
  beginSignal,
  EMPTY_JOURNAL,
  forgetSignal,
  isOfThisBoot,
  type Journal,
  spanFrom,
} from '../../../src/node-agent/journal.ts';
import {
  aHost,
  anOrder,
  drive,
  LAYOUT,
  openAgent,
  orchestratorWith,
} from '../../support/agent-drive.ts';

const NOW = { bootId: 'one', uptimeMs: 5000 };

describe('a journal', () => {
  it('remembers the last sixteen orders that were settled', () => {
    let journal: Journal = EMPTY_JOURNAL;
    for (let run = 1; run <= 20; run++) {
      journal = forgetSignal(beginSignal(journal, anOrder('stage', { id: `run${run}.0.1` }), NOW));
    }
    assert.equal(journal.settled.length, 16);
    assert.equal(journal.settled[0]?.id, 'run5.0.1');
  });

  it('never lowers the epoch', () => {
    const high = beginSignal(EMPTY_JOURNAL, anOrder('stage', { epoch: 9 }), NOW);
    assert.equal(beginSignal(high, anOrder('stage', { epoch: 2 }), NOW).epoch, 9);
  });

  it('is moved aside when it cannot be read, and an order that is under way is not guessed at', async () => {
    const host = aHost();
    host.overwrite(LAYOUT.journal, '{"v":1,"epoch":');
    const agent = await drive(host, () => anOrder('apply'));
    assert.equal(host.content(`${LAYOUT.journal}.corrupt-1`), '{"v":1,"epoch":');
    assert.equal(agent.signal()?.phase, 'Refused');
    assert.equal(agent.signal()?.reason, 'OrderRefused');
    const next = await drive(host, orchestratorWith('commit', { id: 'run2.0.1' }));
    assert.equal(next.signal()?.phase, 'Committed');
  });

  it('of an older form is refused, not read by halves', async () => {
    const host = aHost();
    host.overwrite(LAYOUT.journal, '{"v":0}');
    assert.equal((await openAgent(host)).journal.lost, `${LAYOUT.journal}.corrupt-1`);
  });
});

describe('a stretch of time on a host', () => {
  const span = spanFrom(NOW, 60_000);

  it('is measured by the boot that it began in', () => {
    assert.equal(isOfThisBoot(span, { bootId: 'one', uptimeMs: 9000 }), true);
    assert.equal(isOfThisBoot(span, { bootId: 'two', uptimeMs: 9000 }), false);
    assert.equal(isOfThisBoot(span, { bootId: 'one', uptimeMs: 10 }), false);
  });

  it('ends in any row of boots', () => {
    let left = span;
    let sumMs = 0;
    for (let boot = 0; boot < 40; boot++) {
      left = afterBoot(left, { bootId: `boot${boot}`, uptimeMs: 1000 });
      sumMs += left.endMs - left.startMs;
    }
    assert.ok(sumMs <= 61_000, `${sumMs}`);
    assert.equal(left.boots, 40);
  });
});
