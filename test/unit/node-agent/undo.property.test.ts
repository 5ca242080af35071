import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Agent } from '../../../src/node-agent/agent.ts';
import { viewOrder } from '../../../src/node-agent/order-view.ts';
import { isSettled } from '../../../src/signals/lifecycle.ts';
import { formatOrder, GOALS, type Order } from '../../../src/signals/order.ts';
import { aHost, anOrder, drive, LAYOUT, OLD, openAgent } from '../../support/agent-drive.ts';
import { binaryOf, readBinary } from '../../support/simulated-binary.ts';
import {
  CRASH_KINDS,
  Crash,
  type CrashKind,
  type SimulatedHost,
} from '../../support/simulated-host.ts';

/** Releases that an order may name; what they are good for shows only when they run. */
const RELEASES = [
  binaryOf('v1.36.3+k0s.0'),
  binaryOf('v1.36.4+k0s.0', 'exits'),
  binaryOf('v1.36.5+k0s.0', 'lies'),
  binaryOf('v1.36.6+k0s.0', 'silent'),
  binaryOf('v1.36.7+k0s.0'),
];

type Event =
  | { readonly do: 'order'; readonly order: Order }
  | { readonly do: 'follow' }
  | { readonly do: 'remove' }
  | { readonly do: 'garbage'; readonly text: string }
  | { readonly do: 'ticks'; readonly count: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'crash'; readonly afterCalls: number; readonly kind: CrashKind }
  | { readonly do: 'reboot' };

const someOrder: fc.Arbitrary<Order> = fc
  .record({
    run: fc.integer({ min: 1, max: 6 }),
    goal: fc.constantFrom(...GOALS),
    epoch: fc.constantFrom(2, 2, 2, 2, 1, 3),
  })
  .map(({ run, goal, epoch }) => {
    // within one run the artifact stays the same
    const index = run % RELEASES.length;
    const version = readBinary(RELEASES[index] ?? '')?.version ?? '';
    const artifact = {
      kind: 'k0s',
      version,
      url: `https://releases/${index}`,
      force: false,
    } as const;
    return anOrder(goal, { id: `run${run}.0.1`, epoch, artifact });
  });

/** What a sound orchestrator would say next of its newest order, so that worlds get far. */
const FOLLOWING = {
  stage: 'apply',
  apply: 'commit',
  commit: 'commit',
  undo: 'undo',
  cancel: 'cancel',
} as const;

const someEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ do: 'follow' } as const) },
  { weight: 6, arbitrary: someOrder.map((order) => ({ do: 'order', order }) as const) },
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 12 }).map((count) => ({ do: 'ticks', count }) as const),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 90_000 }).map((ms) => ({ do: 'pass', ms }) as const),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        afterCalls: fc.integer({ min: 1, max: 60 }),
        kind: fc.constantFrom(...CRASH_KINDS),
      })
      .map((crash) => ({ do: 'crash', ...crash }) as const),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'remove' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'reboot' } as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('{', '{"id":"run1.0.1"}', '{"id":"x","v":2}')
      .map((text) => ({ do: 'garbage', text }) as const),
  },
);

/** Plays the events, and watches over what was committed: that, or what was there before, must run at the end. */
class World {
  readonly host: SimulatedHost = aHost();
  expected: string = OLD;
  #agent: Agent | undefined;
  #text: string | undefined;
  readonly #abort = new AbortController().signal;

  constructor() {
    RELEASES.forEach((release, index) => {
      this.host.addWhole(release);
      this.host.web.set(`https://releases/${index}`, release);
    });
  }

  async play(event: Event): Promise<void> {
    switch (event.do) {
      case 'order':
        return this.#hear(formatOrder(event.order));
      case 'follow': {
        const view = viewOrder(this.#text);
        if (view.kind !== 'valid') return;
        const { order } = view;
        return this.#hear(formatOrder({ ...order, goal: FOLLOWING[order.goal] }));
      }
      case 'garbage':
        return this.#hear(event.text);
      case 'remove':
        return this.#hear(undefined);
      case 'pass':
        return this.host.advance(event.ms);
      case 'reboot':
        this.#agent = undefined;
        return this.host.reboot();
      case 'crash':
        this.host.crashAt = { call: this.host.calls + event.afterCalls, kind: event.kind };
        return;
      case 'ticks':
        for (let tick = 0; tick < event.count; tick++) await this.#tick();
    }
  }

  /** Nothing more is said; all that was begun comes to rest. */
  async settle(): Promise<Agent> {
    this.host.crashAt = undefined;
    for (let turn = 0; turn < 2000; turn++) {
      const waitMs = await this.#tick();
      if (waitMs === Number.POSITIVE_INFINITY && this.#agent) return this.#agent;
      if (waitMs > 0) this.host.advance(Math.min(waitMs, 1000));
    }
    throw new Error(`never at rest: ${JSON.stringify(this.#agent?.signal())}`);
  }

  #hear(text: string | undefined): void {
    this.#text = text;
    this.#agent?.hear(viewOrder(text));
  }

  async #tick(): Promise<number> {
    try {
      if (this.#agent === undefined) {
        this.#agent = await openAgent(this.host);
        this.#note(this.#agent);
        this.#agent.hear(viewOrder(this.#text));
      }
      const { waitMs } = await this.#agent.tick(this.#abort);
      this.#note(this.#agent);
      return waitMs;
    } catch (thrown) {
      if (!(thrown instanceof Crash)) throw thrown;
      if (this.host.revive(thrown.kind)) this.host.startK0s();
      this.#agent = undefined;
      return 0;
    }
  }

  /** What is durably committed is what shall run from then on. */
  #note(agent: Agent): void {
    const { signal } = agent.journal;
    if (signal?.phase === 'Committed') {
      this.expected =
        RELEASES.find(
          (release) => readBinary(release)?.version === signal.order.artifact.version,
        ) ?? '';
    }
  }
}

describe('S5: an update with `undo: binary` that is not committed', () => {
  it('is undone by the node alone, whatever is ordered and whatever breaks', async (t) => {
    const ends: Record<string, number> = {};
    const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
    await fc.assert(
      fc.asyncProperty(fc.array(someEvent, { minLength: 5, maxLength: 40 }), async (events) => {
        const world = new World();
        for (const event of events) await world.play(event);
        const agent = await world.settle();
        const { signal, settled } = agent.journal;
        for (const { phase } of [...settled, signal ?? { phase: 'none' }]) {
          ends[phase] = (ends[phase] ?? 0) + 1;
        }
        assert.equal(world.host.content(LAYOUT.binary), world.expected);
        assert.equal(
          world.host.runs,
          world.expected.endsWith(' exits') ? undefined : world.expected,
        );
        assert.ok(
          signal === undefined || signal.phase === 'Staged' || isSettled(signal.phase),
          signal?.phase,
        );
        for (const content of world.host.executed) assert.ok([OLD, ...RELEASES].includes(content));
      }),
      { seed, numRuns: Number(process.env.TEST_RUNS ?? 400) },
    );
    t.diagnostic(`seed ${seed}; ends: ${JSON.stringify(ends)}`);
    assert.ok((ends.Committed ?? 0) > 0 && (ends.Undone ?? 0) > 0, 'the worlds get far enough');
  });

  it('the same for a plain one', async () => {
    const host = aHost();
    await drive(host, () => anOrder('apply'));
    assert.equal(host.content(LAYOUT.binary), OLD);
  });
});
