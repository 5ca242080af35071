import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decideLeader,
  type LeaderDecision,
  type LeaderView,
  type LeaseRecord,
} from '../../../src/kube/leader-decision.ts';

const times = { leaseMs: 15_000, renewDeadlineMs: 10_000 };
const NOW = 100_000;
const resourceVersion = '7';
const record = (holder: string, durationMs = 15_000): LeaseRecord => ({
  holder,
  durationMs,
  transitions: 4,
  resourceVersion,
});

const view = (over: Partial<LeaderView>): LeaderView => ({
  nowMs: NOW,
  identity: 'me',
  record: undefined,
  changedAtMs: NOW,
  renewedAtMs: undefined,
  epoch: undefined,
  ...over,
});

const take: LeaderDecision = { kind: 'take', transitions: 5, resourceVersion };
const renew: LeaderDecision = { kind: 'renew', transitions: 4, resourceVersion };
const standBy = (holder: string, untilMs: number): LeaderDecision => ({
  kind: 'standBy',
  holder,
  untilMs,
});
const stepDown = (why: string): LeaderDecision => ({ kind: 'stepDown', why });
const leading = { renewedAtMs: NOW - 2_000, epoch: 4 };

const ROWS: readonly (readonly [string, Partial<LeaderView>, LeaderDecision])[] = [
  ['there is no Lease yet', {}, { kind: 'create', transitions: 0 }],
  [
    'the Lease was deleted while we led: the epoch goes on',
    leading,
    { kind: 'create', transitions: 4 },
  ],
  [
    'the Lease was deleted after we led: others may have led since',
    { epoch: 4 },
    { kind: 'create', transitions: 5 },
  ],
  ['the Lease was given back', { record: record('') }, take],
  ['ours from before a step down: a new epoch all the same', { record: record('me') }, take],
  ["another's, just seen", { record: record('k0s', 60_000) }, standBy('k0s', NOW + 60_000)],
  [
    "another's, not changed for a moment less than its own duration",
    { record: record('k0s', 60_000), changedAtMs: NOW - 59_999 },
    standBy('k0s', NOW + 1),
  ],
  [
    "another's, not changed for its own duration",
    { record: record('k0s', 60_000), changedAtMs: NOW - 60_000 },
    take,
  ],
  ['ours, and we lead', { record: record('me'), ...leading }, renew],
  [
    'we lead, and another has taken it',
    { record: record('other'), ...leading },
    stepDown('the Lease was taken by other'),
  ],
  [
    'we lead, and somebody has emptied it',
    { record: record(''), ...leading },
    stepDown('the Lease was taken by nobody'),
  ],
  [
    'we lead, a moment before the deadline',
    { record: record('me'), ...leading, renewedAtMs: NOW - 9_999 },
    renew,
  ],
  [
    'we led until the deadline, whatever the Lease says',
    { record: record('me'), ...leading, renewedAtMs: NOW - 10_000 },
    stepDown('the Lease could not be renewed for 10 s'),
  ],
];

for (const [sentence, over, expected] of ROWS) {
  test(sentence, () => assert.deepEqual(decideLeader(view(over), times), expected));
}
