import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseK0sVersion } from '../../../src/api/k0s-version.ts';
import type { UpdateConfigStatus } from '../../../src/api/update-config.ts';
import type { Look } from '../../../src/channels/answer.ts';
import { channelEvents } from '../../../src/channels/channel-events.ts';
import type { ChannelFacts } from '../../../src/channels/channel-facts.ts';
import { judgeChannel } from '../../../src/channels/judge-channel.ts';
import type { Offered } from '../../../src/channels/offered.ts';
import { trimUpdateConfig } from '../../../src/channels/trim-update-config.ts';
import { trimPlan } from '../../../src/plans/trim-plan.ts';
import { aControlNode, aNode, aReport, NEW, OLD, SHA, START_MS } from '../../support/builders.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const NIGHT = { type: 'periodic', periodic: { startTime: '22:00', length: '4h' } };

function aConfig(
  over: { spec?: object; status?: UpdateConfigStatus | undefined; generation?: number } = {},
) {
  return trimUpdateConfig({
    metadata: {
      name: 'patches',
      uid: 'u1',
      resourceVersion: '7',
      generation: over.generation ?? 1,
    },
    spec: { upgradeStrategy: NIGHT, ...over.spec },
    status: over.status,
  });
}

function anOffer(...versions: string[]): Offered {
  return {
    releases: versions.map((version) => ({
      version: parseK0sVersion(version)!,
      releasedMs: START_MS - HOUR,
      severity: 'high',
      cves: ['CVE-2026-1234'],
      platforms: new Map([
        [
          'linux-amd64',
          {
            k0s: { url: `https://example.com/${version}`, sha256: SHA },
            airgap: { url: `https://example.com/${version}.tar`, sha256: undefined },
          },
        ],
      ]),
    })),
    blocked: { versions: [], edges: [] },
    expiresMs: START_MS + 24 * HOUR,
  };
}

const URL = 'https://updates.k0sproject.io/stable/index.yaml';

function aLook(answer: Look['answer'], over: Partial<Look> = {}): Look {
  return {
    url: URL,
    generation: 1,
    atMs: START_MS - MINUTE,
    answer,
    retryAtMs: undefined,
    ...over,
  };
}

function facts(
  over: Partial<ChannelFacts> = {},
  offered: Offered | undefined = anOffer(NEW),
): ChannelFacts {
  return {
    nowMs: START_MS,
    knownSinceMs: START_MS - HOUR,
    config: aConfig(),
    policy: { channels: {}, trust: {}, flaws: [], hasWindows: false },
    timeZone: 'UTC',
    clusterId: 'kube-system:1',
    world: {
      controlNodes: new Map([
        [
          'c1',
          { ...aControlNode('c1'), k0sVersion: OLD, report: { kind: 'valid', value: aReport() } },
        ],
      ]),
      nodes: new Map([['w1', aNode('w1')]]),
    },
    plan: undefined,
    quarantined: [],
    look: offered && aLook({ kind: 'offered', offered, seen: { epoch: 4, sha256: SHA } }),
    last: offered && { offered, atMs: START_MS - MINUTE },
    ...over,
  };
}

const conditionOf = ({ conditions }: UpdateConfigStatus, type: string) =>
  conditions?.find((one) => one.type === type);

function planWith(id: string, status: object, over: { generation?: number } = {}) {
  return trimPlan({
    metadata: {
      name: 'autopilot',
      uid: 'p1',
      resourceVersion: '9',
      generation: over.generation ?? 1,
    },
    spec: { id, timestamp: 'now', commands: [] },
    status,
  });
}

const failed = (reason: string, phase = 'Undone') => ({
  state: 'ApplyFailed',
  observedGeneration: 1,
  finishedAt: '2026-03-01T21:50:00Z',
  conditions: [
    {
      type: 'Failed',
      status: 'True',
      reason,
      message: 'c1 was undone',
      lastTransitionTime: '2026-03-01T21:50:00Z',
    },
  ],
  commands: [
    {
      id: 0,
      state: 'ApplyFailed',
      k0supdate: {
        controllers: [
          {
            name: 'c1',
            state: 'SignalApplyFailed',
            phase,
            lastUpdatedTimestamp: '2026-03-01T21:50:00Z',
          },
        ],
      },
    },
  ],
});

test('in the window, what is offered becomes a Plan of all machines, by the name that k0s gives it', () => {
  const { make, status } = judgeChannel(facts());
  assert.equal(make?.id, `patches:${NEW}:1`);
  assert.deepEqual(make.policy, { windows: [{ start: '22:00', length: '4h', timeZone: 'UTC' }] });
  const [command] = make.commands;
  assert.deepEqual(command?.k0supdate?.platforms, {
    'linux-amd64': { url: `https://example.com/${NEW}`, sha256: SHA },
  });
  assert.deepEqual(command?.k0supdate?.targets.controllers, {
    discovery: { selector: {} },
    limits: { concurrent: 1 },
  });
  assert.equal(status.nextVersion, NEW);
  assert.equal(status.currentVersion, OLD);
  assert.deepEqual(status.epochs, [{ url: URL, epoch: 4, sha256: SHA }]);
  assert.equal(conditionOf(status, 'Followed')?.reason, 'IndexAccepted');
  assert.equal(conditionOf(status, 'UpToDate')?.reason, 'UpdateUnderWay');
  // Two machines, an hour each since the release.
  assert.equal(status.releases?.[0]?.nodeHours, 2);
});

test('windows of the UpdatePolicy hold for its nodes, and the Plan brings none', () => {
  const policy = { channels: {}, trust: {}, flaws: [], hasWindows: true };
  assert.equal(judgeChannel(facts({ policy })).make?.policy, undefined);
});

test("k0s's own example with both commands in one item: the bundle, and then the binary", () => {
  const workers = { discovery: { selector: {} } };
  const targets = { controllers: workers, workers };
  const planSpec = { commands: [{ airgapupdate: { workers }, k0supdate: { targets } }] };
  const { make } = judgeChannel(facts({ config: aConfig({ spec: { planSpec } }) }));
  assert.deepEqual(
    make?.commands.map((one) => Object.keys(one)),
    [['airgapupdate'], ['k0supdate']],
  );
  assert.deepEqual(make?.commands[0]?.airgapupdate?.platforms, {
    'linux-amd64': { url: `https://example.com/${NEW}.tar` },
  });
});

test('outside of the window nothing is made, and it says when it opens', () => {
  const nowMs = START_MS - 2 * HOUR;
  const { make, status, lookAtMs } = judgeChannel(
    facts({ nowMs, timeZone: 'Europe/Berlin', last: { offered: anOffer(NEW), atMs: nowMs } }),
  );
  assert.equal(make, undefined);
  assert.equal(status.window?.opensAt, '2026-03-01T21:00:00.000Z');
  assert.equal(conditionOf(status, 'UpToDate')?.reason, 'WaitsForWindow');
  assert.equal(
    conditionOf(status, 'UpToDate')?.message,
    `${NEW}: the window opens Sun 2026-03-01 22:00 Europe/Berlin (21:00 UTC)`,
  );
  assert.ok(lookAtMs <= nowMs + HOUR);
});

test('what has been made already is not made again, whoever made it', () => {
  const plan = planWith(`patches:${NEW}:1`, { state: 'SchedulableWait', observedGeneration: 1 });
  const { make, status } = judgeChannel(facts({ plan }));
  assert.equal(make, undefined);
  assert.equal(status.plan?.id, `patches:${NEW}:1`);
  const events = channelEvents(undefined, status).map(({ reason }) => reason);
  assert.deepEqual(events, ['NewVersionAvailable', 'UpdateStarted']);
});

test('the second automatic update runs: a Plan that has completed makes room', () => {
  const plan = planWith(`patches:${OLD}:1`, {
    state: 'Completed',
    observedGeneration: 1,
    finishedAt: '2026-03-01T21:50:00Z',
  });
  assert.equal(judgeChannel(facts({ plan })).make?.id, `patches:${NEW}:1`);
});

test('a Plan of somebody else is waited for, and named', () => {
  const plan = planWith('by-hand', { state: 'Schedulable', observedGeneration: 1 });
  const { make, status } = judgeChannel(facts({ plan }));
  assert.equal(make, undefined);
  assert.equal(conditionOf(status, 'UpToDate')?.reason, 'PlanInTheWay');
  assert.equal(
    conditionOf(status, 'UpToDate')?.message,
    `${NEW} waits for the end of Plan autopilot, which no channel has made`,
  );
});

test('a Plan that somebody has edited after its end has not ended', () => {
  const plan = planWith(
    'by-hand',
    { state: 'Completed', observedGeneration: 1, finishedAt: '2026-03-01T21:50:00Z' },
    { generation: 2 },
  );
  assert.equal(judgeChannel(facts({ plan })).make, undefined);
});

test('a Plan of the channel that has begun nothing yet gives way to what is better, or is taken back', () => {
  const plan = planWith(`patches:${NEW}:1`, { state: undefined });
  const better = judgeChannel(facts({ plan }, anOffer(NEW, 'v1.36.4+k0s.0')));
  assert.equal(better.make?.id, 'patches:v1.36.4+k0s.0:1');
  const blocked = { versions: [{ version: NEW, reason: 'loses data' }], edges: [] };
  const { make, remove, status } = judgeChannel(facts({ plan }, { ...anOffer(OLD, NEW), blocked }));
  assert.deepEqual([make, remove], [undefined, true]);
  assert.equal(conditionOf(status, 'UpToDate')?.reason, 'ReleaseBlocked');
  // What is under way is brought to its end.
  const begun = planWith(`patches:${NEW}:1`, {
    ...{ state: 'SchedulableWait', observedGeneration: 1, runID: 'p1-1', commands: [] },
    frozenSpec: { id: '', timestamp: '', commands: [] },
  });
  const going = judgeChannel(facts({ plan: begun }, { ...anOffer(OLD, NEW), blocked }));
  assert.deepEqual([going.make, going.remove], [undefined, undefined]);
});

test("a Plan that k0s's own Autopilot has left is removed first: by an edit it would never run", () => {
  const { make, remove } = judgeChannel(
    facts({ plan: planWith('1767225600', { state: 'Completed' }) }),
  );
  assert.equal(make, undefined);
  assert.equal(remove, true);
});

test('a release that has failed is told and skipped; a newer one is taken at once', () => {
  const plan = planWith(`patches:${NEW}:1`, failed('ProcessExits'));
  const { make, status } = judgeChannel(facts({ plan }));
  assert.equal(make, undefined);
  assert.deepEqual(status.failures, [
    {
      version: NEW,
      attempts: 1,
      at: '2026-03-01T21:50:00Z',
      reason: 'ProcessExits',
      message: 'c1 was undone',
      undone: true,
      retryAt: '2026-03-01T22:50:00.000Z',
    },
  ]);
  assert.equal(status.skipped?.[0]?.reason, 'ReleaseFailed');
  assert.deepEqual(
    channelEvents(
      { plan: status.plan && { ...status.plan, finishedAt: undefined } } as UpdateConfigStatus,
      status,
    ).map(({ reason }) => reason),
    ['NewVersionAvailable', 'UpdateRolledBack'],
  );
  const next = judgeChannel(facts({ plan }, anOffer(NEW, 'v1.36.4+k0s.0')));
  assert.equal(next.make?.id, 'patches:v1.36.4+k0s.0:1');
  // Told once: a later look at the same Plan adds nothing.
  const again = judgeChannel(facts({ plan, config: aConfig({ status }) }));
  assert.deepEqual(again.status.failures, status.failures);
});

test('what failed for the surroundings is tried again, later each time, as another attempt', () => {
  const plan = planWith(`patches:${NEW}:2`, failed('DrainTimeout', 'Skipped'));
  const { status } = judgeChannel(facts({ plan }));
  assert.equal(status.failures?.[0]?.undone, false);
  assert.equal(status.failures?.[0]?.retryAt, '2026-03-01T23:50:00.000Z');
  const nowMs = Date.parse('2026-03-01T23:51:00Z');
  const last = { offered: anOffer(NEW), atMs: nowMs };
  const { make } = judgeChannel(facts({ plan, nowMs, last, config: aConfig({ status }) }));
  assert.equal(make?.id, `patches:${NEW}:3`);
});

test('what a person has had put back, or ended, is not taken again by itself', () => {
  const done = {
    name: 'autopilot',
    id: `patches:${NEW}:1`,
    version: NEW,
    madeAt: '2026-03-01T20:00:00Z',
  };
  const config = aConfig({
    status: { plan: { ...done, state: 'Completed', finishedAt: '2026-03-01T20:30:00Z' } },
  });
  const rollback = { scope: 'Plan', at: '2026-03-01T21:00:00Z', by: 'ann' };
  for (const asked of [{ rollback }, { aborted: { at: '2026-03-01T21:00:00Z', by: 'ann' } }]) {
    const plan = planWith(`patches:${NEW}:1`, { ...failed('RolledBack'), ...asked });
    const nowMs = START_MS + 48 * HOUR;
    const offered = { ...anOffer(NEW), expiresMs: undefined };
    const { make, status } = judgeChannel(
      facts({ config, plan, nowMs, last: { offered, atMs: nowMs } }, offered),
    );
    assert.equal(make, undefined);
    assert.equal(status.failures?.[0]?.retryAt, undefined);
    assert.match(
      status.skipped?.[0]?.message ?? '',
      /a person has ended it; to take it again: autopilot retry/,
    );
  }
});

test('a Plan that was deleted before its end is told', () => {
  const plan = {
    name: 'autopilot',
    id: `patches:${NEW}:1`,
    version: NEW,
    madeAt: '2026-03-01T21:00:00Z',
  };
  const { status } = judgeChannel(facts({ config: aConfig({ status: { plan } }) }));
  assert.equal(status.plan?.state, 'Deleted');
});

const refusal = {
  kind: 'refused',
  reason: 'IndexReplayed',
  message: 'wanted epoch 5 or later',
} as const;
const away = { kind: 'unreachable', reason: 'ServerUnreachable', message: 'no answer' } as const;

test('after a lie not even what was known before is acted upon', () => {
  const { make, status } = judgeChannel(facts({ look: aLook(refusal) }));
  assert.equal(make, undefined);
  const followed = conditionOf(status, 'Followed');
  assert.deepEqual(
    [followed?.status, followed?.reason, followed?.message],
    ['False', 'IndexReplayed', 'nothing is ordered: wanted epoch 5 or later'],
  );
  assert.equal(status.epochs, undefined, 'and nothing of it is remembered');
});

test('a server that is away does not stop what it has said shortly before', () => {
  const { make, status } = judgeChannel(facts({ look: aLook(away) }));
  assert.equal(make?.id, `patches:${NEW}:1`);
  assert.match(conditionOf(status, 'Followed')?.message ?? '', /the last look failed: no answer$/);
  assert.equal(status.lastCheck?.failures, 1);
  const old = { offered: anOffer(NEW), atMs: START_MS - HOUR };
  const stale = judgeChannel(facts({ look: aLook(away), last: old }));
  assert.equal(stale.make, undefined);
  assert.equal(conditionOf(stale.status, 'Followed')?.reason, 'IndexStale');
});

test('an index that is frozen expires, also while the server says that nothing has changed', () => {
  const offered = { ...anOffer(NEW), expiresMs: START_MS };
  const { make, status } = judgeChannel(facts({}, offered));
  assert.equal(make, undefined);
  assert.equal(conditionOf(status, 'Followed')?.reason, 'IndexExpired');
});

test('nothing is made of what was answered for another spec, or to a leader before', () => {
  for (const look of [
    undefined,
    aLook({ kind: 'offered', offered: anOffer(NEW), seen: undefined }, { generation: 7 }),
  ]) {
    const { make, status } = judgeChannel(facts({ look }));
    assert.equal(make, undefined);
    assert.equal(conditionOf(status, 'Followed')?.reason, 'NotAsked');
  }
});

const bad: [string, Partial<ChannelFacts>, string, RegExp][] = [
  [
    'a schedule that cannot be read',
    { config: aConfig({ spec: { upgradeStrategy: { type: 'periodic' } } }) },
    'InvalidSchedule',
    /startTime/,
  ],
  [
    'an UpdatePolicy that cannot be read',
    {
      policy: {
        channels: {},
        trust: {},
        flaws: [{ path: 'trust.keys.0', message: 'no key' }],
        hasWindows: false,
      },
    },
    'InvalidPolicy',
    /UpdatePolicy\/default spec\.trust\.keys\.0: no key/,
  ],
  [
    'settings of its own that cannot be read',
    { config: aConfig({ spec: { follow: { pin: 'newest' } } }) },
    'InvalidSpec',
    /spec\.follow\.pin: wanted a version/,
  ],
  [
    'a server that is no address',
    { config: aConfig({ spec: { updateServer: 'ftp://x' } }) },
    'InvalidSpec',
    /spec\.updateServer: wanted an http or https address, found "ftp:\/\/x"/,
  ],
];
for (const [what, over, reason, message] of bad) {
  test(`${what} is an error in status, and nobody is asked`, () => {
    const { status, pollAtMs, make } = judgeChannel(facts(over));
    assert.deepEqual([pollAtMs, make], [undefined, undefined]);
    assert.equal(conditionOf(status, 'Accepted')?.reason, reason);
    assert.match(conditionOf(status, 'Accepted')?.message ?? '', message);
  });
}

test('a new UpdateConfig is looked at within half a minute, a new leader goes on where the one before it stood', () => {
  const fresh = judgeChannel(facts({ look: undefined, last: undefined, knownSinceMs: START_MS }));
  assert.ok(fresh.pollAtMs! >= START_MS && fresh.pollAtMs! <= START_MS + 30_000);
  const stored = (nextCheckAt: string) =>
    aConfig({
      status: {
        observedGeneration: 1,
        lastCheck: {
          at: '2026-03-01T21:55:00.000Z',
          url: URL,
          reason: 'IndexAccepted',
          message: '',
        },
        nextCheckAt,
      },
    });
  const pollAt = (nextCheckAt: string) =>
    judgeChannel(
      facts({
        look: undefined,
        last: undefined,
        knownSinceMs: START_MS,
        config: stored(nextCheckAt),
      }),
    ).pollAtMs!;
  assert.equal(pollAt('2026-03-01T22:05:00.000Z'), Date.parse('2026-03-01T22:05:00Z'));
  const overdue = pollAt('2026-03-01T20:00:00.000Z');
  assert.ok(overdue >= START_MS && overdue <= START_MS + 10 * MINUTE, 'spread over one pause');
});

test('the next look is some ten minutes after the last, later where the server wants that', () => {
  const { pollAtMs, status } = judgeChannel(facts());
  assert.ok(pollAtMs! > START_MS + 6 * MINUTE && pollAtMs! < START_MS + 13 * MINUTE);
  assert.equal(status.nextCheckAt, new Date(pollAtMs!).toISOString());
  const busy = judgeChannel(facts({ look: aLook(away, { retryAtMs: START_MS + HOUR }) }));
  assert.ok(busy.pollAtMs! >= START_MS + HOUR);
});

test('by cron a channel is looked at a little after each time, and a Plan is made at once', () => {
  const config = aConfig({ spec: { upgradeStrategy: { type: 'cron', cron: '0 * * * *' } } });
  const { pollAtMs, make } = judgeChannel(facts({ config }));
  assert.ok(pollAtMs! >= START_MS && pollAtMs! <= START_MS + 5 * MINUTE);
  assert.equal(make?.policy, undefined);
  assert.equal(make?.id, `patches:${NEW}:1`);
});

test('a judgement that is stored is judged the same again', () => {
  const { status } = judgeChannel(facts());
  const again = judgeChannel(facts({ config: aConfig({ status }), nowMs: START_MS + 1_000 }));
  assert.deepEqual(again.status, status);
});
