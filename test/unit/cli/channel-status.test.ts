import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type UpdateConfig, updateConfigSchema } from '../../../src/api/update-config.ts';
import { channelStatusText, isFollowed } from '../../../src/cli/channel-status-print.ts';
import { paintFor } from '../../../src/cli/print-paint.ts';

const plain = paintFor({}, {});
const at = '2026-03-01T22:00:00.000Z';
const condition = (type: string, status: string, reason: string, message: string) => ({
  ...{ type, status, reason, message },
  lastTransitionTime: at,
});

function aConfig(status: object | undefined): UpdateConfig {
  return updateConfigSchema.parse({ metadata: { name: 'patches' }, spec: {}, status });
}

const followed = {
  conditions: [
    condition('Accepted', 'True', 'Following', ''),
    condition('Followed', 'True', 'IndexAccepted', 'it offers v1.36.4+k0s.0'),
    condition('UpToDate', 'False', 'ReleaseTooYoung', 'v1.36.4+k0s.0: waits'),
  ],
  currentVersion: 'v1.36.3+k0s.0',
  channelVersion: 'v1.36.4+k0s.0',
  window: { text: 'open until Sun' },
  lastCheck: { at, url: 'https://x', reason: 'IndexAccepted', message: '' },
  nextCheckAt: '2026-03-01T22:10:00.000Z',
  plan: {
    ...{ name: 'autopilot', id: 'patches:v1.36.3+k0s.0:1', version: 'v1.36.3+k0s.0' },
    ...{ from: 'v1.36.1+k0s.0', madeAt: at, state: 'Completed', finishedAt: at },
  },
  skipped: [{ version: 'v1.36.4+k0s.0', reason: 'ReleaseTooYoung', message: 'waits' }],
  releases: [
    {
      ...{ version: 'v1.36.4+k0s.0', releasedAt: at, seenAt: at, severity: 'high' },
      ...{ cves: ['CVE-2026-1234'], behind: 3, nodeHours: 1.25, countedAt: at },
    },
    {
      ...{ version: 'v1.36.3+k0s.0', seenAt: '2026-03-01T20:00:00.000Z', behind: 0 },
      ...{ nodeHours: 6, countedAt: at, doneAt: at },
    },
  ],
};

test('a channel that is followed: what runs, what comes next, what is skipped, and how long it took', () => {
  assert.deepEqual(channelStatusText([aConfig(followed)], plain), [
    'patches: channel stable of https://updates.k0sproject.io',
    '  runs      v1.36.3+k0s.0',
    '  channel   offers v1.36.4+k0s.0',
    '  next      nothing (ReleaseTooYoung: v1.36.4+k0s.0: waits)',
    '  followed  IndexAccepted: it offers v1.36.4+k0s.0',
    '  window    open until Sun',
    '  asked     2026-03-01 22:00 UTC: IndexAccepted, next at 2026-03-01 22:10 UTC',
    '  plan      autopilot, v1.36.1+k0s.0 to v1.36.3+k0s.0, Completed at 2026-03-01 22:00 UTC',
    '  skipped   v1.36.4+k0s.0: ReleaseTooYoung: waits',
    '  RELEASE        SEVERITY  RELEASED              BEHIND  NODE-HOURS  TO LAST NODE  MENDS',
    '  v1.36.4+k0s.0  high      2026-03-01 22:00 UTC  3       1.3         -             CVE-2026-1234',
    '  v1.36.3+k0s.0  -         2026-03-01 20:00 UTC  0       6.0         2h',
  ]);
  assert.ok(isFollowed(aConfig(followed)));
});

test('one that is refused says why, and the command ends with 1', () => {
  const conditions = [
    condition('Accepted', 'False', 'InvalidSchedule', 'periodic.startTime: none'),
  ];
  const config = aConfig({ conditions });
  assert.deepEqual(channelStatusText([config], plain), [
    'patches: channel stable of https://updates.k0sproject.io',
    '  spec      InvalidSchedule: periodic.startTime: none',
  ]);
  assert.ok(!isFollowed(config));
});

test('none at all, and one that nobody looks after', () => {
  assert.deepEqual(channelStatusText([], plain), [
    'no channel is followed: there is no UpdateConfig',
  ]);
  assert.deepEqual(
    channelStatusText([aConfig(undefined)], plain)[1],
    '  not looked after yet; is an orchestrator at work?',
  );
});
