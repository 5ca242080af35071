import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type FollowLayer, followOf } from '../../../src/api/follow.ts';
import {
  compareK0sVersions,
  minorsBetween,
  parseK0sVersion,
} from '../../../src/api/k0s-version.ts';
import { whyEdgeBlocked } from '../../../src/channels/blocked.ts';
import { type ChooseFacts, choose } from '../../../src/channels/choose.ts';
import { isEarly } from '../../../src/channels/early.ts';
import { type Running, runningOf } from '../../../src/channels/machines.ts';
import type { Offered, OfferedRelease } from '../../../src/channels/offered.ts';
import { aControlNode, aNode, aReport, START_MS } from '../../support/builders.ts';

const HOUR = 3_600_000;
const v = (text: string) => parseK0sVersion(text.includes('+') ? text : `${text}+k0s.0`)!;

function aRelease(version: string, over: Partial<OfferedRelease> = {}): OfferedRelease {
  const sha256 = version.padEnd(64, '0').slice(0, 64);
  return {
    version: v(version),
    releasedMs: START_MS - 100 * HOUR,
    severity: 'none',
    cves: [],
    platforms: new Map([
      [
        'linux-amd64',
        { k0s: { url: `https://example.com/${version}`, sha256 }, airgap: undefined },
      ],
    ]),
    ...over,
  };
}

function offer(
  releases: readonly (string | OfferedRelease)[],
  blocked: Partial<Offered['blocked']> = {},
): Offered {
  return {
    releases: releases.map((one) => (typeof one === 'string' ? aRelease(one) : one)),
    blocked: { versions: [], edges: [], ...blocked },
    expiresMs: undefined,
  };
}

function running(
  controllers: readonly string[],
  workers: readonly string[] = [],
  targets?: object,
): Running {
  const report = (version: string) => ({
    kind: 'valid' as const,
    value: aReport({ k0sVersion: v(version).text }),
  });
  const controlNodes = new Map(
    controllers.map((version, at) => [
      `c${at + 1}`,
      { ...aControlNode(`c${at + 1}`), report: report(version), k0sVersion: v(version).text },
    ]),
  );
  const nodes = new Map(
    workers.map((version, at) => [
      `w${at + 1}`,
      { ...aNode(`w${at + 1}`), report: report(version) },
    ]),
  );
  const everything = { discovery: { selector: {} }, limits: { concurrent: 1 } };
  const commands = [
    { k0supdate: { targets: targets ?? { controllers: everything, workers: everything } } },
  ];
  return runningOf(commands, { nodes, controlNodes }, START_MS);
}

function facts(
  offered: Offered,
  run: Running,
  follow: FollowLayer = {},
  over: Partial<ChooseFacts> = {},
): ChooseFacts {
  return {
    nowMs: START_MS,
    offered,
    follow: followOf(follow, {}),
    clusterId: 'kube-system:1',
    running: run,
    seenMs: new Map(),
    failures: [],
    quarantined: [],
    ...over,
  };
}

const workersOnly = { workers: { discovery: { selector: {} }, limits: { concurrent: 1 } } };

/** What is taken, or the reason why nothing is. */
const rows: [sentence: string, facts: ChooseFacts, taken: string, message?: RegExp][] = [
  [
    'the newest is taken',
    facts(offer(['v1.36.2', 'v1.36.3']), running(['v1.36.1'])),
    'v1.36.3+k0s.0',
  ],
  [
    'a later build of the same release is newer',
    facts(offer(['v1.36.1+k0s.1']), running(['v1.36.1'])),
    'v1.36.1+k0s.1',
  ],
  [
    'pre-releases are ordered by number',
    facts(offer(['v1.37.0-rc.10']), running(['v1.37.0-rc.9'])),
    'v1.37.0-rc.10+k0s.0',
  ],
  [
    'a release is newer than its pre-releases',
    facts(offer(['v1.37.0']), running(['v1.37.0-rc.9'])),
    'v1.37.0+k0s.0',
  ],
  [
    'the same is no update',
    facts(offer(['v1.36.1']), running(['v1.36.1'])),
    'UpToDate',
    /^v1\.36\.1\+k0s\.0 is the newest/,
  ],
  [
    'a channel that points backwards is alarming',
    facts(offer(['v1.36.1']), running(['v1.36.2'])),
    'ChannelBackwards',
    /offers v1\.36\.1\+k0s\.0 as its newest, while v1\.36\.2\+k0s\.0 runs on c1: versions do not go back/,
  ],
  [
    'so is one that offers nothing any more',
    facts(offer([]), running(['v1.36.2'])),
    'ChannelBackwards',
    /offers nothing/,
  ],
  [
    'one machine ahead is enough for that',
    facts(offer(['v1.36.2']), running(['v1.36.1'], ['v1.36.3'])),
    'ChannelBackwards',
    /runs on w1/,
  ],
  [
    'machines that lag behind the others get what those have',
    facts(offer(['v1.36.3']), running(['v1.36.3'], ['v1.36.1'])),
    'v1.36.3+k0s.0',
  ],
  [
    'but not again after a Plan that has completed',
    facts(
      offer(['v1.36.3']),
      running(['v1.36.3'], ['v1.36.1']),
      {},
      { completed: 'v1.36.3+k0s.0' },
    ),
    'UpToDate',
    /1 of the machines run something older since/,
  ],
  [
    'controllers go one minor at a time, by the newest of it',
    facts(offer(['v1.36.9', 'v1.37.1', 'v1.37.4', 'v1.38.2']), running(['v1.36.1'])),
    'v1.37.4+k0s.0',
  ],
  [
    'without a release of the minor between there is no way, but within the minor there is',
    facts(offer(['v1.36.9', 'v1.38.2']), running(['v1.36.1'])),
    'v1.36.9+k0s.0',
  ],
  [
    'and none at all is told',
    facts(offer(['v1.38.2']), running(['v1.36.1'])),
    'SkewTooWide',
    /^v1\.38\.2\+k0s\.0: controllers go one minor version at a time, and the channel offers nothing/,
  ],
  [
    'a worker may lag by more',
    facts(offer(['v1.38.2']), running(['v1.38.2'], ['v1.36.1'])),
    'SkewTooWide',
  ],
  [
    'workers alone may leave minors out',
    facts(offer(['v1.38.2']), running(['v1.38.2'], ['v1.36.1'], workersOnly)),
    'v1.38.2+k0s.0',
  ],
  [
    'workers alone stay behind the controllers',
    facts(offer(['v1.36.2', 'v1.36.3']), running(['v1.36.2'], ['v1.36.1'], workersOnly)),
    'v1.36.2+k0s.0',
  ],
  [
    'another major is for a person',
    facts(offer(['v2.0.0']), running(['v1.36.1'])),
    'SkewTooWide',
    /another major version/,
  ],
  [
    'what the channel took back is not taken',
    facts(
      offer(['v1.36.2', 'v1.36.3'], {
        versions: [{ version: 'v1.36.3+k0s.0', reason: 'loses data' }],
      }),
      running(['v1.36.1']),
    ),
    'v1.36.2+k0s.0',
  ],
  [
    'a blocked edge is gone around',
    facts(
      offer(['v1.36.3', 'v1.36.4'], {
        edges: [{ from: '<v1.36.3', to: 'v1.36.4+k0s.0', reason: 'x' }],
      }),
      running(['v1.36.1']),
    ),
    'v1.36.3+k0s.0',
  ],
  [
    'and is open from where it is not blocked',
    facts(
      offer(['v1.36.3', 'v1.36.4'], {
        edges: [{ from: '<v1.36.3', to: 'v1.36.4+k0s.0', reason: 'x' }],
      }),
      running(['v1.36.3']),
    ),
    'v1.36.4+k0s.0',
  ],
  [
    'an edge that nothing goes around is told',
    facts(
      offer(['v1.36.4'], {
        edges: [{ from: '<v1.36.3', to: 'v1.36.4+k0s.0', reason: 'stored versions' }],
      }),
      running(['v1.36.1']),
    ),
    'ReleaseBlocked',
    /forbids to go there from v1\.36\.1\+k0s\.0: stored versions/,
  ],
  [
    'the way to the newest is not a dead end: 1.36.9 leads nowhere, 1.36.5 to 1.37',
    facts(
      offer(['v1.36.5', 'v1.36.9', 'v1.37.0'], {
        edges: [
          { from: '<v1.36.5 ', to: 'v1.37.0+k0s.0', reason: 'x' },
          { from: '>v1.36.5+k0s.0', to: 'v1.37.0+k0s.0', reason: 'y' },
        ],
      }),
      running(['v1.36.1']),
    ),
    'v1.36.5+k0s.0',
  ],
  [
    'patchOnly stays in the minor version',
    facts(offer(['v1.36.2', 'v1.37.0']), running(['v1.36.1']), { patchOnly: true }),
    'v1.36.2+k0s.0',
  ],
  [
    'securityOnly takes the newest that mends something',
    facts(offer([aRelease('v1.36.2', { severity: 'high' }), 'v1.36.3']), running(['v1.36.1']), {
      securityOnly: true,
    }),
    'v1.36.2+k0s.0',
  ],
  [
    'securityOnly and nothing that mends',
    facts(offer(['v1.36.3']), running(['v1.36.1']), { securityOnly: true }),
    'ReleaseNotWanted',
    /mends no weakness/,
  ],
  [
    'securityOnly and an index that says nothing of it',
    facts(offer([aRelease('v1.36.3', { severity: undefined })]), running(['v1.36.1']), {
      securityOnly: true,
    }),
    'ReleaseNotWanted',
    /does not say what it mends/,
  ],
  [
    'securityOnly goes through others to what mends',
    facts(offer(['v1.37.0', aRelease('v1.38.0', { severity: 'low' })]), running(['v1.36.1']), {
      securityOnly: true,
    }),
    'v1.37.0+k0s.0',
  ],
  [
    'a pin to a version takes that one',
    facts(offer(['v1.36.2', 'v1.36.3']), running(['v1.36.1']), { pin: 'v1.36.2+k0s.0' }),
    'v1.36.2+k0s.0',
  ],
  [
    'a pin that is reached stays',
    facts(offer(['v1.36.2', 'v1.36.3']), running(['v1.36.2']), { pin: 'v1.36.2+k0s.0' }),
    'ReleaseNotWanted',
    /pinned to v1\.36\.2/,
  ],
  [
    'a pin to a minor version takes its newest',
    facts(offer(['v1.36.3', 'v1.37.1']), running(['v1.36.1']), { pin: 'v1.36' }),
    'v1.36.3+k0s.0',
  ],
  [
    'a pin two minors up is gone to step by step',
    facts(offer(['v1.36.3', 'v1.37.1', 'v1.38.1']), running(['v1.36.1']), { pin: 'v1.38' }),
    'v1.37.1+k0s.0',
  ],
  [
    'what is too young waits, and an older one is taken',
    facts(
      offer(['v1.36.2', aRelease('v1.36.3', { releasedMs: START_MS - HOUR })]),
      running(['v1.36.1']),
      { minAge: '72h' },
    ),
    'v1.36.2+k0s.0',
  ],
  [
    'how long it waits is told',
    facts(offer([aRelease('v1.36.3', { releasedMs: START_MS - HOUR })]), running(['v1.36.1']), {
      minAge: '3h',
    }),
    'ReleaseTooYoung',
    /released at 2026-03-01T21:00:00Z, waits for minAge until 2026-03-02T00:00:00Z/,
  ],
  [
    'what is urgent does not wait',
    facts(
      offer([aRelease('v1.36.3', { releasedMs: START_MS - HOUR, severity: 'critical' })]),
      running(['v1.36.1']),
      { minAge: '72h', urgent: 'high' },
    ),
    'v1.36.3+k0s.0',
  ],
  [
    'what is less than urgent does',
    facts(
      offer([aRelease('v1.36.3', { releasedMs: START_MS - HOUR, severity: 'moderate' })]),
      running(['v1.36.1']),
      { minAge: '72h', urgent: 'high' },
    ),
    'ReleaseTooYoung',
  ],
  [
    'without a date it counts from when it was seen',
    facts(
      offer([aRelease('v1.36.3', { releasedMs: undefined })]),
      running(['v1.36.1']),
      { minAge: '3h' },
      { seenMs: new Map([['v1.36.3+k0s.0', START_MS - 2 * HOUR]]) },
    ),
    'ReleaseTooYoung',
    /seen here first at 2026-03-01T20:00:00Z/,
  ],
  [
    'a platform that is missing is told',
    facts(offer([aRelease('v1.36.3', { platforms: new Map() })]), running(['v1.36.1']), {}),
    'PlatformMissing',
    /no binary of it for linux-amd64/,
  ],
  [
    'what has failed is left for later',
    facts(
      offer(['v1.36.2', 'v1.36.3']),
      running(['v1.36.1']),
      {},
      {
        failures: [
          {
            version: 'v1.36.3+k0s.0',
            attempts: 1,
            at: '2026-03-01T21:30:00Z',
            reason: 'DrainTimeout',
            message: 'w1',
            undone: false,
            retryAt: '2026-03-01T22:30:00Z',
          },
        ],
      },
    ),
    'v1.36.2+k0s.0',
  ],
  [
    'and is tried again then',
    facts(
      offer(['v1.36.3']),
      running(['v1.36.1']),
      {},
      {
        failures: [
          {
            version: 'v1.36.3+k0s.0',
            attempts: 1,
            at: '2026-03-01T20:30:00Z',
            reason: 'DrainTimeout',
            message: 'w1',
            undone: false,
            retryAt: '2026-03-01T21:30:00Z',
          },
        ],
      },
    ),
    'v1.36.3+k0s.0',
  ],
  [
    'what is quarantined is skipped',
    facts(
      offer(['v1.36.2', 'v1.36.3']),
      running(['v1.36.1']),
      {},
      {
        quarantined: [
          {
            name: 'q',
            version: 'v1.36.3+k0s.0',
            sha256: 'v1.36.3'.padEnd(64, '0'),
            message: 'ProcessExits on c1',
            run: 'r',
          },
        ],
      },
    ),
    'v1.36.2+k0s.0',
  ],
  [
    'but not another file of the same name',
    facts(
      offer(['v1.36.3']),
      running(['v1.36.1']),
      {},
      {
        quarantined: [
          {
            name: 'q',
            version: 'v1.36.3+k0s.0',
            sha256: 'f'.repeat(64),
            message: 'ProcessExits on c1',
            run: 'r',
          },
        ],
      },
    ),
    'v1.36.3+k0s.0',
  ],
  ['nobody has told a version', facts(offer(['v1.36.3']), running([])), 'AgentMissing'],
];

describe('of what a channel offers', () => {
  for (const [sentence, given, taken, message] of rows) {
    test(sentence, () => {
      const choice = choose(given);
      assert.equal(
        choice.kind === 'take' ? choice.release.version.text : choice.reason,
        taken,
        JSON.stringify(choice.skipped),
      );
      if (message) assert.match(choice.kind === 'none' ? choice.message : '', message);
    });
  }
});

test('a share of clusters is early, always the same ones, and as many as it says', () => {
  const ids = Array.from({ length: 2_000 }, (_, at) => `kube-system:${at}`);
  const early = ids.filter((id) => isEarly(id, 10));
  assert.ok(early.length > 150 && early.length < 250, `${early.length}`);
  assert.ok(
    early.every((id) => isEarly(id, 30)),
    'a larger share holds the smaller one',
  );
  assert.equal(ids.filter((id) => isEarly(id, 0)).length, 0);
  assert.equal(ids.filter((id) => isEarly(id, 100)).length, ids.length);
  const young = offer([aRelease('v1.36.3', { releasedMs: START_MS - HOUR, severity: 'critical' })]);
  const follow: FollowLayer = { early: { share: 10, ahead: '24h' }, minAge: '72h', urgent: 'high' };
  const kindOf = (clusterId: string) =>
    choose(facts(young, running(['v1.36.1']), follow, { clusterId })).kind;
  assert.equal(kindOf(early[0]!), 'take');
  assert.equal(kindOf(ids.find((id) => !isEarly(id, 10))!), 'none');
});

const version = fc
  .record({ minor: fc.integer({ min: 34, max: 39 }), patch: fc.nat(4), build: fc.nat(1) })
  .map(({ minor, patch, build }) => `v1.${minor}.${patch}+k0s.${build}`);

test('whatever is offered: never down, never two minors, never over a blocked edge, and every way is gone to its end', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(version, { minLength: 1, maxLength: 12 }),
      version,
      fc.array(fc.record({ from: version, to: version }), { maxLength: 6 }),
      (texts, start, edges) => {
        const sorted = texts.toSorted((a, b) => compareK0sVersions(v(a), v(b)));
        const offered = offer(sorted, {
          edges: edges.map(({ from, to }) => ({ from: `<=${from}`, to, reason: 'x' })),
        });
        let at = v(start);
        let target: string | undefined;
        for (let step = 0; ; step++) {
          assert.ok(step <= texts.length, 'it ends');
          const choice = choose(facts(offered, running([at.text])));
          if (choice.kind === 'none') break;
          const next = choice.release.version;
          assert.ok(compareK0sVersions(next, at) > 0, `${next.text} after ${at.text}`);
          assert.ok(minorsBetween(at, next) <= 1);
          assert.equal(whyEdgeBlocked(offered, at, next.text), undefined);
          assert.equal(choice.target.text, target ?? choice.target.text, 'the goal stays');
          target = choice.target.text;
          at = next;
        }
        assert.equal(at.text, target ?? at.text, 'the goal is reached');
      },
    ),
    {
      numRuns: Number(process.env.TEST_RUNS ?? 200),
      ...(process.env.TEST_SEED && { seed: Number(process.env.TEST_SEED) }),
    },
  );
});
