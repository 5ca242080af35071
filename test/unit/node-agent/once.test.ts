import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeOnce, type OnceFacts } from '../../../src/node-agent/once.ts';
import { OnceRun } from '../../../src/node-agent/once-run.ts';
import type { SeenObject } from '../../../src/node-agent/own-object.ts';
import { formatReport, type Signal } from '../../../src/signals/report.ts';

const AT_REST: OnceFacts = {
  nowMs: 100_000,
  startedMs: 0,
  lingerMs: 30_000,
  reachMs: 60_000,
  phase: undefined,
  isIdle: true,
  answeredMs: 1000,
  isTold: true,
  newsMs: 1500,
};

describe('an agent in edge mode', () => {
  for (const [sentence, facts, wanted] of [
    ['ends when all has been said', {}, 'done'],
    ['ends while an artifact is parked', { phase: 'Staged' }, 'done'],
    ['ends while a person is asked', { phase: 'Held', isIdle: false }, 'done'],
    ['ends when its order is settled', { phase: 'Committed' }, 'done'],
    ['stays for a download', { phase: 'Downloading', isIdle: false }, 5000],
    ['stays for an apply', { phase: 'Applying', isIdle: false }, 5000],
    ['stays for a trial', { phase: 'OnTrial', isIdle: false }, 5000],
    ['stays for an undo', { phase: 'Undoing', isIdle: false }, 5000],
    [
      'stays for a trial although the API is away',
      { phase: 'OnTrial', isIdle: false, answeredMs: undefined, isTold: false },
      5000,
    ],
    ['lingers after news', { newsMs: 90_000 }, 20_000],
    ['waits for its report', { isTold: false, answeredMs: 90_000 }, 50_000],
    ['gives up a report that is not taken', { isTold: false, answeredMs: 40_000 }, 'unreachable'],
    ['waits for the API', { nowMs: 50_000, answeredMs: undefined, isTold: false }, 10_000],
    ['gives up an API that is away', { answeredMs: undefined, isTold: false }, 'unreachable'],
  ] as const) {
    it(sentence, () => {
      const verdict = judgeOnce({ ...AT_REST, ...facts });
      assert.equal(verdict.kind === 'end' ? verdict.why : verdict.forMs, wanted);
    });
  }
});

describe('a run of an agent in edge mode', () => {
  const REPORT = 'autopilot.k0sproject.io/report';
  const ORDER = 'autopilot.k0sproject.io/order';

  function object(beat: number, signal?: Signal, order?: string): SeenObject {
    const text = formatReport({
      v: 1,
      agent: { version: '0', heartbeatMs: 1, beat },
      host: {
        platform: 'linux-amd64',
        binary: '/k0s',
        freeBytes: 1,
        writable: true,
        epoch: 0,
      },
      ...(signal && { signal }),
    });
    const annotations = { [REPORT]: text, ...(order !== undefined && { [ORDER]: order }) };
    return { metadata: { name: 'n', resourceVersion: '1', annotations } };
  }

  function aRun() {
    let nowMs = 0;
    let signal: Signal | undefined;
    const run = new OnceRun({
      lingerMs: 20,
      reachMs: 60,
      monotonicMs: () => nowMs,
      signal: () => signal,
    });
    return {
      run,
      pass: (ms: number) => {
        nowMs += ms;
      },
      stand: (now: Signal | undefined) => {
        signal = now;
      },
    };
  }
  const { signal: never } = new AbortController();
  const isOver = async (run: OnceRun) => {
    const stop = new AbortController();
    setImmediate(() => setImmediate(() => stop.abort()));
    return run.untilOver(stop.signal);
  };

  it('is over once its own report says how things stand', async () => {
    const { run, pass } = aRun();
    run.rests(true);
    run.see(object(1));
    pass(50);
    assert.equal(await isOver(run), undefined, 'that report is of the run before');
    run.see(object(2));
    pass(50);
    assert.equal(await run.untilOver(never), 'done');
  });

  it('is not over before a new order has been looked at', async () => {
    const { run, pass } = aRun();
    run.rests(true);
    run.see(object(1));
    run.see(object(2, undefined, 'an order'));
    pass(50);
    assert.equal(await isOver(run), undefined);
    run.rests(true);
    pass(50);
    assert.equal(await run.untilOver(never), 'done');
  });

  it('is not over while the report says less than the agent knows', async () => {
    const { run, pass, stand } = aRun();
    const staged: Signal = { id: 'a', attempt: 1, epoch: 1, goal: 'stage', phase: 'Staged' };
    run.rests(true);
    run.see(object(1));
    run.see(object(2));
    stand(staged);
    pass(50);
    assert.equal(await isOver(run), undefined);
    run.see(object(3, staged));
    pass(50);
    assert.equal(await run.untilOver(never), 'done');
  });

  it('is over when nobody answers', async () => {
    const { run, pass } = aRun();
    run.rests(true);
    pass(61);
    assert.equal(await run.untilOver(never), 'unreachable');
  });

  it('ends at once when it is stopped', async () => {
    const { run } = aRun();
    assert.equal(await run.untilOver(AbortSignal.abort()), undefined);
  });
});
