import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EMPTY_JOURNAL, type Journal, type OpenSignal } from '../../../src/node-agent/journal.ts';
import { type OrderView, UNHEARD, viewOrder } from '../../../src/node-agent/order-view.ts';
import { type AgentFacts, answerTo, decide } from '../../../src/node-agent/steps.ts';
import type { TrialView } from '../../../src/node-agent/trial.ts';
import { formatOrder, type Goal, type Order } from '../../../src/signals/order.ts';
import { anOrder } from '../../support/agent-drive.ts';

const NOW = { bootId: 'boot', uptimeMs: 100_000 };
const BINARY = { version: 'v1.36.1+k0s.0', sha256: 'a'.repeat(64) };
const STAGED = { version: 'v1.36.3+k0s.0', sha256: 'b'.repeat(64), size: 9 };
const span = (endMs: number, bootId = 'boot') => ({ bootId, startMs: 90_000, endMs, boots: 0 });

function aSignal(phase: OpenSignal['phase'], more: Partial<OpenSignal> = {}): OpenSignal {
  const goals: Partial<Record<OpenSignal['phase'], Goal>> = {
    Downloading: 'stage',
    Staged: 'stage',
  };
  return {
    order: anOrder(),
    goal: goals[phase] ?? 'apply',
    epoch: 3,
    phase,
    staging: span(200_000),
    staged: STAGED,
    previous: BINARY,
    ...more,
  };
}

function aJournal(signal?: OpenSignal, more: Partial<Journal> = {}): Journal {
  return { ...EMPTY_JOURNAL, epoch: 3, ...(signal && { signal }), ...more };
}

function saying(goal: Goal, more: Partial<Order> = {}): OrderView {
  return viewOrder(formatOrder(anOrder(goal, more)));
}
const ABSENT: OrderView = { kind: 'absent' };
const OTHER = { id: 'run2.0.1' };

function aView(more: Partial<TrialView> = {}): AgentFacts['trial'] {
  return {
    view: {
      version: 'v1.36.3+k0s.0',
      sha256: STAGED.sha256,
      pid: 7,
      pidSinceMs: NOW.uptimeMs - 10_000,
      exits: 0,
      healthy: true,
      message: 'process 7 runs v1.36.3+k0s.0',
      wrongAnswers: 0,
      lastOutput: '',
      ...more,
    },
    seenAtMs: NOW.uptimeMs,
    healthySinceMs: more.healthy === false ? undefined : NOW.uptimeMs - 10_000,
  };
}

const BY_CLUSTER = { by: 'cluster' } as const;
const saved = { path: '/var/lib/autopilot/backups/one.tar.gz', size: 9 };
const wantsBackup = { order: anOrder('apply', { backup: { keep: 1, withinMs: 1000 } }) };
const bundle = {
  order: anOrder('apply', { artifact: { ...anOrder().artifact, kind: 'airgap' } }),
};

const trialOf = (more: Partial<OpenSignal> = {}) =>
  aSignal('OnTrial', { trial: span(150_000), ...more });
const never = { order: anOrder('apply', { undo: 'never' }) };

const ROWS: readonly (readonly [
  sentence: string,
  journal: Journal,
  order: OrderView,
  wanted: string,
  more?: Partial<AgentFacts>,
])[] = [
  ['begins a new order', aJournal(), saying('stage'), 'begin'],
  ['begins an order that is already to be applied', aJournal(), saying('apply'), 'begin'],
  ['waits while the API was not heard', aJournal(), UNHEARD, 'wait'],
  ['does not begin with a commit', aJournal(), saying('commit'), 'wait'],
  [
    'does not begin below the epoch that it has obeyed',
    aJournal(),
    saying('stage', { epoch: 2 }),
    'wait',
  ],
  ['tidies first', aJournal(), saying('stage'), 'tidy', { untidy: true }],
  [
    'does not begin again what it has settled',
    aJournal(undefined, { settled: [{ id: 'run1.0.1', phase: 'Undone' }] }),
    saying('apply'),
    'wait',
  ],
  [
    'does not apply after its journal was lost',
    aJournal(undefined, { lost: '/x' }),
    saying('apply'),
    'wait',
  ],
  [
    'stages after its journal was lost',
    aJournal(undefined, { lost: '/x' }),
    saying('stage'),
    'begin',
  ],

  [
    'goes on with a download when the API is silent',
    aJournal(aSignal('Downloading')),
    UNHEARD,
    'stage',
  ],
  [
    'accepts a goal during the download',
    aJournal(aSignal('Downloading')),
    saying('apply'),
    'accept',
  ],
  ['accepts a higher epoch', aJournal(aSignal('Staged')), saying('stage', { epoch: 4 }), 'accept'],
  ['parks what is staged', aJournal(aSignal('Staged')), saying('stage'), 'wait'],
  [
    'applies what it was told to',
    aJournal(aSignal('Staged', { goal: 'apply' })),
    saying('apply'),
    'apply',
  ],
  [
    'cancels when told',
    aJournal(aSignal('Staged', { goal: 'cancel' })),
    saying('cancel'),
    'cancel',
  ],
  ['cancels when the order is removed', aJournal(aSignal('Staged')), ABSENT, 'cancel'],
  [
    'takes an undo that overtook the apply for a cancel',
    aJournal(aSignal('Staged', { goal: 'undo' })),
    saying('undo'),
    'cancel',
  ],
  [
    'takes another order instead of a staged one',
    aJournal(aSignal('Staged')),
    saying('stage', OTHER),
    'begin',
  ],
  [
    'keeps what is staged against a lower epoch',
    aJournal(aSignal('Staged')),
    saying('stage', { ...OTHER, epoch: 1 }),
    'wait',
  ],
  [
    'measures a download anew after a boot',
    aJournal(aSignal('Downloading', { staging: span(200_000, 'before') })),
    UNHEARD,
    'remeasure',
  ],

  ['swaps', aJournal(aSignal('Applying', { trial: span(150_000) })), saying('apply'), 'swap'],
  [
    'restarts after the swap',
    aJournal(aSignal('Applying', { trial: span(150_000), restart: { bootId: 'boot', exits: 0 } })),
    saying('apply'),
    'restart',
  ],
  [
    'goes on with a swap whose order is gone',
    aJournal(aSignal('Applying', { trial: span(150_000) })),
    ABSENT,
    'swap',
  ],
  [
    'turns back from a swap that does not end',
    aJournal(aSignal('Applying', { trial: span(99_000) })),
    saying('apply'),
    'turnBack',
  ],
  [
    'does not cancel a swap',
    aJournal(aSignal('Applying', { trial: span(150_000) })),
    saying('cancel'),
    'swap',
  ],

  ['looks at once at a trial', aJournal(trialOf()), saying('apply'), 'check'],
  ['looks again after a while', aJournal(trialOf()), saying('apply'), 'wait', { trial: aView() }],
  ['accepts the commit', aJournal(trialOf()), saying('commit'), 'accept', { trial: aView() }],
  [
    'commits',
    aJournal(trialOf({ goal: 'commit' })),
    saying('commit'),
    'commit',
    { trial: aView() },
  ],
  ['undoes by order', aJournal(trialOf({ goal: 'undo' })), saying('undo'), 'turnBack'],
  [
    'undoes at the deadline',
    aJournal(trialOf({ trial: span(100_000) })),
    saying('apply'),
    'turnBack',
  ],
  [
    'undoes at the deadline though the order is gone',
    aJournal(trialOf({ trial: span(100_000) })),
    ABSENT,
    'turnBack',
  ],
  [
    'keeps the trial while the order is gone',
    aJournal(trialOf()),
    ABSENT,
    'wait',
    { trial: aView() },
  ],
  [
    'keeps the trial when another order comes',
    aJournal(trialOf()),
    saying('stage', OTHER),
    'wait',
    { trial: aView() },
  ],
  [
    'commits at the deadline when told before it',
    aJournal(trialOf({ goal: 'commit', trial: span(100_000) })),
    UNHEARD,
    'commit',
  ],
  [
    'undoes what exits again and again',
    aJournal(trialOf()),
    saying('apply'),
    'turnBack',
    { trial: aView({ exits: 3, healthy: false }) },
  ],
  [
    'bears two exits',
    aJournal(trialOf()),
    saying('apply'),
    'wait',
    { trial: aView({ exits: 2, healthy: false }) },
  ],
  [
    'undoes what answers as another version',
    aJournal(trialOf()),
    saying('apply'),
    'turnBack',
    { trial: aView({ wrongAnswers: 3 }) },
  ],
  [
    'holds at the deadline what must not go back',
    aJournal(trialOf({ ...never, trial: span(100_000) })),
    saying('apply', { undo: 'never' }),
    'hold',
  ],
  [
    'holds what exits and must not go back',
    aJournal(trialOf(never)),
    saying('apply', { undo: 'never' }),
    'hold',
    { trial: aView({ exits: 3 }) },
  ],
  [
    'measures a trial anew after a boot',
    aJournal(trialOf({ trial: span(150_000, 'before') })),
    UNHEARD,
    'remeasure',
  ],
  [
    'measures a trial anew when the uptime runs behind',
    aJournal(trialOf({ trial: { ...span(900_000), startMs: 800_000 } })),
    UNHEARD,
    'remeasure',
  ],

  [
    'still looks while held',
    aJournal(aSignal('Held', never)),
    saying('apply', { undo: 'never' }),
    'check',
  ],
  ['stays held when the order is gone', aJournal(aSignal('Held', never)), ABSENT, 'check'],
  [
    'commits what is held',
    aJournal(aSignal('Held', { ...never, goal: 'commit' })),
    saying('commit', { undo: 'never' }),
    'commit',
  ],
  [
    'undoes what is held, by order',
    aJournal(aSignal('Held', { ...never, goal: 'undo' })),
    saying('undo', { undo: 'never' }),
    'turnBack',
  ],
  [
    'takes a new order for the end of what is held',
    aJournal(aSignal('Held', never)),
    saying('stage', OTHER),
    'begin',
  ],

  ['undoes', aJournal(aSignal('Undoing', { undoing: span(150_000) })), saying('apply'), 'undo'],
  [
    'refuses a commit once it undoes',
    aJournal(aSignal('Undoing', { undoing: span(150_000) })),
    saying('commit'),
    'undo',
  ],
  [
    'gives an undo up that does not end',
    aJournal(aSignal('Undoing', { undoing: span(99_000) })),
    saying('apply'),
    'giveUp',
    { undoFailed: true },
  ],
  [
    'tries an undo at least once, however late it is',
    aJournal(aSignal('Undoing', { undoing: span(99_000) })),
    saying('apply'),
    'undo',
  ],

  ['waits when it has settled', aJournal(aSignal('Undone')), saying('apply'), 'wait'],
  [
    'forgets what has settled once the order is gone',
    aJournal(aSignal('Undone')),
    ABSENT,
    'forget',
  ],
  [
    'tells on of what was kept when the order is gone',
    aJournal(aSignal('Committed')),
    ABSENT,
    'wait',
  ],
  [
    'begins the next order after what was kept',
    aJournal(aSignal('Committed')),
    saying('stage', OTHER),
    'begin',
  ],
  [
    'keeps what has settled while the API is silent',
    aJournal(aSignal('Committed')),
    UNHEARD,
    'wait',
  ],
  [
    'begins the next order when it has settled',
    aJournal(aSignal('Failed')),
    saying('stage', OTHER),
    'begin',
  ],
  [
    'turns back on a host that was booted again and again',
    aJournal(trialOf({ trial: { ...span(150_000), boots: 3 } })),
    saying('apply'),
    'turnBack',
    { trial: aView() },
  ],
  [
    'makes a backup before it applies',
    aJournal(aSignal('Staged', { goal: 'apply', ...wantsBackup })),
    saying('apply'),
    'backup',
  ],
  [
    'makes no second backup',
    aJournal(aSignal('Staged', { goal: 'apply', backup: saved, ...wantsBackup })),
    saying('apply'),
    'apply',
  ],
  [
    'delivers an image bundle, whatever else is asked by then',
    aJournal(aSignal('Applying', { trial: span(99_000), ...bundle })),
    saying('undo'),
    'deliver',
  ],
  [
    'keeps what has been healthy for long enough where the host itself confirms',
    aJournal(trialOf()),
    saying('apply'),
    'commit',
    { trial: aView(), confirm: { by: 'local', afterMs: 10_000 } },
  ],
  [
    'keeps it by half of the trial, however much longer its policy would wait',
    aJournal(
      trialOf({ order: anOrder('apply', { durations: { stageMs: 1, confirmMs: 20_000 } }) }),
    ),
    saying('apply'),
    'commit',
    { trial: aView(), confirm: { by: 'local', afterMs: 60_000 } },
  ],
  [
    'does not keep what has not been healthy for long enough',
    aJournal(trialOf()),
    saying('apply'),
    'wait',
    { trial: aView(), confirm: { by: 'local', afterMs: 10_001 } },
  ],
  [
    'does not keep what is not healthy now',
    aJournal(trialOf()),
    saying('apply'),
    'wait',
    { trial: aView({ healthy: false }), confirm: { by: 'local', afterMs: 1 } },
  ],
  [
    'does not undo what is committed',
    aJournal(aSignal('Committed', { goal: 'commit' })),
    saying('undo'),
    'wait',
  ],
];

describe('an agent', () => {
  for (const [sentence, journal, order, wanted, more] of ROWS) {
    it(sentence, () => {
      const facts: AgentFacts = {
        now: NOW,
        journal,
        order,
        trial: undefined,
        untidy: false,
        confirm: BY_CLUSTER,
        undoFailed: false,
        ...more,
      };
      assert.equal(decide(facts).do, wanted);
    });
  }

  it('says why it turned back', () => {
    const facts = (signal: OpenSignal, trial: AgentFacts['trial']): AgentFacts => ({
      now: NOW,
      journal: aJournal(signal),
      order: saying('apply'),
      trial,
      untidy: false,
      confirm: BY_CLUSTER,
      undoFailed: false,
    });
    assert.deepEqual(decide(facts(trialOf({ trial: span(100_000) }), aView())), {
      do: 'turnBack',
      failure: {
        class: 'Artifact',
        reason: 'ConfirmTimeout',
        message:
          'nobody confirmed v1.36.3+k0s.0 within 60 s of its restart; last seen: process 7 runs v1.36.3+k0s.0',
      },
    });
    assert.deepEqual(decide(facts(trialOf(), aView({ exits: 3, lastOutput: 'panic: boom\n' }))), {
      do: 'turnBack',
      failure: {
        class: 'Artifact',
        reason: 'ProcessExits',
        message:
          'k0s v1.36.3+k0s.0 exited 3 times since it was put in place; it last printed: panic: boom',
      },
    });
  });

  it('looks often at first, then calmly, and never past the deadline', () => {
    const waitOf = (trial: OpenSignal['trial']) =>
      decide({
        now: NOW,
        journal: aJournal(aSignal('OnTrial', trial && { trial })),
        order: saying('apply'),
        trial: aView(),
        untidy: false,
        confirm: BY_CLUSTER,
        undoFailed: false,
      });
    assert.deepEqual(waitOf(span(150_000)), { do: 'wait', forMs: 250 });
    assert.deepEqual(waitOf({ ...span(150_000), startMs: 50_000 }), { do: 'wait', forMs: 1000 });
    assert.deepEqual(waitOf(span(100_100)), { do: 'wait', forMs: 100 });
  });
});

describe('the answer to an order that is not obeyed', () => {
  const settled = [{ id: 'run1.0.1', phase: 'Undone' as const }];
  const rows: readonly (readonly [string, Journal, OrderView, string, RegExp?])[] = [
    ['is none while the API was not heard', aJournal(), UNHEARD, 'none'],
    ['is none when there is no order', aJournal(), ABSENT, 'none'],
    ['is none for one that is obeyed', aJournal(), saying('stage'), 'none'],
    ['is none for the one under way', aJournal(trialOf()), saying('apply'), 'none'],
    [
      'refuses a leader of before',
      aJournal(),
      saying('stage', { epoch: 2 }),
      'refuse',
      /^its epoch 2 is below 3, which this host has obeyed/,
    ],
    [
      'refuses a goal beyond the beginning',
      aJournal(),
      saying('commit'),
      'refuse',
      /^goal commit: nothing of this order was ever begun on this host$/,
    ],
    [
      'refuses to apply after a lost journal, and says where it lies',
      aJournal(undefined, { lost: '/var/lib/autopilot/journal.json.corrupt-1' }),
      saying('apply'),
      'refuse',
      /lies in \/var\/lib\/autopilot\/journal\.json\.corrupt-1; an order that begins with stage is obeyed$/,
    ],
    ['says that a cancel of nothing is done', aJournal(), saying('cancel'), 'recall'],
    [
      'says how an order of before ended',
      aJournal(undefined, { settled }),
      saying('apply'),
      'recall',
    ],
    [
      'is a remark while another order is on trial',
      aJournal(trialOf()),
      saying('stage', OTHER),
      'remark',
      /^order run2\.0\.1 is not obeyed: this host is OnTrial with run1\.0\.1 and settles that first$/,
    ],
    [
      'is a remark on a late commit',
      aJournal(aSignal('Undoing')),
      saying('commit'),
      'remark',
      /^goal commit came too late: this host is Undoing$/,
    ],
    [
      'is a remark on a goal of a leader of before',
      aJournal(trialOf()),
      saying('undo', { epoch: 1 }),
      'remark',
      /^goal undo refused: its epoch 1 is below 3/,
    ],
    [
      'names what is wrong with an order that has an id',
      aJournal(),
      viewOrder('{"v":2,"id":"run3.0.1"}'),
      'refuse',
      /^the order cannot be read: order: at v: /,
    ],
    ['is none for text without an id', aJournal(), viewOrder('{'), 'none'],
    [
      'does not hide a trial behind an unreadable order',
      aJournal(trialOf()),
      viewOrder('{"id":"run3.0.1"}'),
      'remark',
      /^the order cannot be read/,
    ],
  ];
  for (const [sentence, journal, order, kind, message] of rows) {
    it(sentence, () => {
      const answer = answerTo(journal, order);
      assert.equal(answer.kind, kind, JSON.stringify(answer));
      const said =
        answer.kind === 'remark'
          ? answer.message
          : answer.kind === 'refuse'
            ? answer.failure.message
            : '';
      if (message) assert.match(said, message);
      if (answer.kind === 'refuse') assert.equal(answer.failure.reason, 'OrderRefused');
    });
  }
});
