import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpdateConfigStatus } from '../../../src/api/update-config.ts';
import { channelSamples } from '../../../src/metrics/channel-samples.ts';
import { START_MS } from '../../support/builders.ts';

const iso = (hours: number) => new Date(START_MS + hours * 3_600_000).toISOString();
const release = (version: string, over: object = {}) => ({
  version,
  seenAt: iso(-9),
  releasedAt: iso(-10),
  severity: 'high' as const,
  behind: 3,
  nodeHours: 30,
  countedAt: iso(0),
  ...over,
});

test('nothing is said where no channel is followed', () => {
  assert.deepEqual(channelSamples([], START_MS), []);
});

test('releases are told by severity, once each, and channels by what came of the last look', () => {
  const good: UpdateConfigStatus = {
    answeredAt: iso(-1),
    conditions: ['Accepted', 'Followed'].map((type) => ({
      type,
      status: 'True' as const,
      reason: 'IndexAccepted',
      message: '',
      lastTransitionTime: iso(0),
    })),
    releases: [
      release('v1.36.3+k0s.0', { behind: 0, doneAt: iso(-4), nodeHours: 12 }),
      release('v1.36.4+k0s.0'),
    ],
  };
  const refused: UpdateConfigStatus = {
    answeredAt: iso(-5),
    conditions: [
      { ...good.conditions![1]!, status: 'False', reason: 'IndexReplayed' },
      good.conditions![0]!,
    ],
    releases: [
      release('v1.36.4+k0s.0'),
      release('v1.36.5+k0s.0', { severity: undefined, behind: 7 }),
    ],
  };
  const told = channelSamples([good, refused], START_MS).map(({ name, labels, value }) => [
    name.replace('autopilot_channel', ''),
    Object.values(labels).join(),
    value,
  ]);
  assert.deepEqual(told, [
    ['s', 'IndexAccepted', 1],
    ['s', 'IndexReplayed', 1],
    ['_answer_age_seconds', '', 5 * 3_600],
    ['_releases', 'high', 2],
    ['_machines_behind', 'high', 3],
    ['_node_hours', 'high', 42],
    ['_release_to_last_node_seconds', 'high', 6 * 3_600],
    ['_releases', 'unknown', 1],
    ['_machines_behind', 'unknown', 7],
    ['_node_hours', 'unknown', 30],
  ]);
});
