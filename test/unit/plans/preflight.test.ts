import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanSpec } from '../../../src/api/plan.ts';
import { REMOVED_APIS } from '../../../src/api/removed-apis.ts';
import { preflight } from '../../../src/plans/preflight.ts';
import {
  aBundle,
  aControlNode,
  aNode,
  anUpdate,
  aReport,
  aSpec,
  START_MS,
  someFacts,
} from '../../support/builders.ts';

const controlNodes = [aControlNode('cp-1'), aControlNode('cp-2'), aControlNode('cp-3')];
const nodes = [aNode('w-1'), aNode('w-2')];
const everything = { controllers: '', workers: '' };

const removedInUse = {
  kind: 'known',
  inUse: [{ api: REMOVED_APIS.at(-1)!, resource: 'removedcrds', objects: 2 }],
} as const;

type World = Parameters<typeof someFacts>[1];
const rows: [sentence: string, spec: PlanSpec, world: World, reason: string, message: RegExp][] = [
  [
    'a version that is no version',
    aSpec(anUpdate({ ...everything, version: 'latest' })),
    {},
    'InvalidVersion',
    /commands\[0\]: k0supdate.version: wanted a k0s version such as v1.36.3\+k0s.0, found "latest"/,
  ],
  [
    'concurrent: 0',
    aSpec(anUpdate({ ...everything, concurrent: 0 })),
    {},
    'InvalidLimit',
    /limits.concurrent: wanted 1 or more, found 0/,
  ],
  [
    'a digest that is not hex',
    aSpec(anUpdate({ ...everything, sha256: 'abc' })),
    {},
    'InvalidDigest',
    /platforms.linux-amd64.sha256: wanted 64 hex digits, found "abc"/,
  ],
  [
    'a url that is a file',
    aSpec(anUpdate({ ...everything, url: 'file:///k0s' })),
    {},
    'InvalidUrl',
    /wanted http/,
  ],
  [
    'a mirror that is no address, by its place in the list',
    aSpec(anUpdate({ ...everything, mirrors: ['https://a.example/k0s', 'b.example/k0s'] })),
    {},
    'InvalidUrl',
    /commands\[0\]: k0supdate.platforms.linux-amd64.mirrors\[1\]: wanted http.*, found "b.example/,
  ],
  [
    'a bundle without a name',
    aSpec(aBundle({ version: '' })),
    {},
    'InvalidVersion',
    /airgapupdate.version: wanted a name for the bundle, found ""/,
  ],
  [
    'a bundle with concurrent: 0',
    aSpec(aBundle({ concurrent: 0 })),
    {},
    'InvalidLimit',
    /airgapupdate.workers.limits.concurrent: wanted 1 or more/,
  ],
  [
    'a bundle whose url is no address',
    aSpec(aBundle({ url: 'ftp://mirror/images.tar' })),
    {},
    'InvalidUrl',
    /airgapupdate.platforms.linux-amd64.url: wanted http/,
  ],
  [
    'a version without an API that is in use, in the words of k0s',
    aSpec(anUpdate({ ...everything, version: 'v99.99.99' })),
    { apiCheck: removedInUse },
    'RemovedApiInUse',
    /: removedcrds.k0s.k0sproject.example.com v1beta1 has been removed in Kubernetes v99.99.99, but there are 2 such resources in the cluster$/,
  ],
  [
    'a bundle of such a version, which nothing waives',
    aSpec(aBundle({ version: 'v99.99.99+k0s.0' })),
    { apiCheck: removedInUse },
    'RemovedApiInUse',
    /^commands\[0\].airgapupdate.version: v99.99.99\+k0s.0: removedcrds/,
  ],
  [
    'a bundle for nobody',
    aSpec(aBundle({ workers: 'pool=none' })),
    {},
    'NoTargets',
    /commands\[0\].airgapupdate: wanted at least one target, found none: workers by labels/,
  ],
  [
    'a bundle for a Node that does not exist',
    aSpec(aBundle({ workers: ['w-9'] })),
    {},
    'NodeMissing',
    /^Node w-9 does not exist$/,
  ],
  [
    'a bundle for a hybrid without an agent on its ControlNode',
    aSpec(aBundle({ workers: ['cp-1'] })),
    {
      nodes: [aNode('cp-1')],
      controlNodes: [aControlNode('cp-1', { report: { kind: 'absent' } })],
    },
    'AgentMissing',
    /^ControlNode cp-1 has no agent: it has never reported/,
  ],
  [
    'both commands in one',
    aSpec({ ...anUpdate(everything), ...aBundle() }),
    {},
    'CommandAmbiguous',
    /found both; make them two commands/,
  ],
  [
    'a command that is empty',
    aSpec({}),
    {},
    'CommandEmpty',
    /wanted k0supdate or airgapupdate, found neither/,
  ],
  [
    'a selector that is invalid',
    aSpec(anUpdate({ workers: 'pool in (' })),
    {},
    'InvalidSelector',
    /targets.workers: label selector: .* it selects nothing/,
  ],
  [
    'a selector that matches nothing',
    aSpec(anUpdate({ workers: 'pool=none' })),
    {},
    'NoTargets',
    /wanted at least one target, found none: no controllers, workers by labels "pool=none"/,
  ],
  [
    'a node that does not exist',
    aSpec(anUpdate({ workers: ['w-9'] })),
    {},
    'NodeMissing',
    /^Node w-9 does not exist$/,
  ],
  [
    'a node without an agent',
    aSpec(anUpdate({ workers: ['w-1'] })),
    { nodes: [aNode('w-1', { report: { kind: 'absent' } })] },
    'AgentMissing',
    /^Node w-1 has no agent: it has never reported/,
  ],
  [
    'an agent that has been silent for longer than two and a half heartbeats',
    aSpec(anUpdate({ workers: ['w-1'] })),
    { nodes: [aNode('w-1', { reportedAtMs: START_MS - 751_000 })] },
    'AgentStale',
    /last reported 751s ago, wanted at most 750s/,
  ],
  [
    'a host that cannot be written to',
    aSpec(anUpdate({ workers: ['w-1'] })),
    { nodes: [aNode('w-1', { report: { kind: 'valid', value: aReport({ writable: false }) } })] },
    'HostNotWritable',
    /cannot write beside \/usr\/local\/bin\/k0s/,
  ],
  [
    'a platform that the Plan has no artifact for',
    aSpec(anUpdate({ workers: ['w-1'] })),
    { nodes: [aNode('w-1', { platform: 'linux-arm64' })] },
    'PlatformMissing',
    /^Node w-1 is linux-arm64; the Plan has artifacts for linux-amd64$/,
  ],
  [
    'a Node that does not say its platform',
    aSpec(anUpdate({ workers: ['w-1'] })),
    { nodes: [aNode('w-1', { platform: undefined })] },
    'PlatformMissing',
    /lacks the labels/,
  ],
  [
    'controllers that would skip a minor version',
    aSpec(anUpdate({ controllers: '', version: 'v1.38.0+k0s.0' })),
    {},
    'SkewTooWide',
    /controller cp-1 runs v1.36.1\+k0s.0; controllers go one minor version at a time/,
  ],
  [
    'a step back across a minor version',
    aSpec(anUpdate({ workers: '', version: 'v1.35.9+k0s.0' })),
    {},
    'DowngradeRefused',
    /needs forceupdate/,
  ],
  [
    'workers that would be newer than an API server',
    aSpec(anUpdate({ workers: '', version: 'v1.37.0+k0s.0' })),
    {},
    'KubeletTooNew',
    /newer than the API server of controller cp-1/,
  ],
];

for (const [sentence, spec, world, reason, message] of rows) {
  test(`refused: ${sentence}`, () => {
    const { refusals } = preflight(spec, someFacts(spec, { nodes, controlNodes, ...world }));
    assert.equal(refusals[0]?.reason, reason, JSON.stringify(refusals));
    assert.match(refusals[0].message, message);
  });
}

function resolved(spec: PlanSpec, world: World = {}) {
  const result = preflight(spec, someFacts(spec, { nodes, controlNodes, ...world }));
  assert.deepEqual(result.refusals, []);
  return result;
}

test('all targets are found, controllers and workers by name', () => {
  const { commands } = resolved(aSpec(anUpdate(everything)));
  assert.deepEqual(commands, [{ controllers: ['cp-1', 'cp-2', 'cp-3'], workers: ['w-1', 'w-2'] }]);
});

test('what is not ready goes first', () => {
  const { commands } = resolved(aSpec(anUpdate(everything)), {
    nodes: [aNode('w-1'), aNode('w-2', { ready: 'Unknown' })],
    controlNodes: [
      aControlNode('cp-1'),
      aControlNode('cp-2', { apiServer: { ready: 'False', message: '', atMs: 1, sinceMs: 1 } }),
    ],
  });
  assert.deepEqual(commands, [{ controllers: ['cp-2', 'cp-1'], workers: ['w-2', 'w-1'] }]);
});

test('a hybrid is updated as a controller only', () => {
  const { commands } = resolved(aSpec(anUpdate(everything)), {
    nodes: [aNode('cp-1'), aNode('w-1')],
  });
  assert.deepEqual(commands[0]?.workers, ['w-1']);
});

test('a bundle goes to every Node, hybrids included, and asks for no version, room or readiness', () => {
  const notReady = { ready: 'False', message: 'no answer', atMs: 1, sinceMs: 1 } as const;
  const unfit = { kind: 'valid' as const, value: aReport({ writable: false }) };
  const budgets = [{ namespace: 'default', name: 'all', expectedPods: 2, desiredHealthy: 2 }];
  const { commands, warnings } = resolved(aSpec(aBundle({ version: 'any text' })), {
    nodes: [
      aNode('cp-1', { report: { kind: 'absent' } }),
      aNode('w-1', { report: unfit }),
      aNode('w-2', { ready: 'Unknown' }),
    ],
    controlNodes: [aControlNode('cp-1', { apiServer: notReady })],
    budgets,
  });
  assert.deepEqual(commands, [{ controllers: [], workers: ['w-2', 'cp-1', 'w-1'] }]);
  assert.deepEqual(warnings, []);
});

test('two commands that go up one minor version each are legal together', () => {
  resolved(
    aSpec(
      anUpdate({ ...everything, version: 'v1.37.0+k0s.0' }),
      anUpdate({ ...everything, version: 'v1.38.0+k0s.0' }),
    ),
  );
});

test('forceupdate waives the comparison of versions', () => {
  resolved(aSpec(anUpdate({ ...everything, version: 'v0.0.0', force: true })));
});

test('a patch version back is a warning', () => {
  const { warnings } = resolved(aSpec(anUpdate({ ...everything, version: 'v1.36.0+k0s.0' })));
  assert.match(
    warnings[0]?.message ?? '',
    /is older than v1.36.1\+k0s.0, which controller cp-1 runs/,
  );
});

test('a host whose k0s is down is no reason to refuse: it is the one to repair', () => {
  const { k0sVersion: _, ...host } = aReport().host;
  resolved(aSpec(anUpdate({ workers: ['w-1'] })), {
    nodes: [
      aNode('w-1', { ready: 'Unknown', report: { kind: 'valid', value: { ...aReport(), host } } }),
    ],
  });
});

test('a budget that no eviction can ever meet is a warning, said once, and only where workers are drained', () => {
  const budgets = [
    { namespace: 'default', name: 'all', expectedPods: 2, desiredHealthy: 2 },
    { namespace: 'default', name: 'most', expectedPods: 6, desiredHealthy: 5 },
    { namespace: 'default', name: 'empty', expectedPods: 0, desiredHealthy: 0 },
  ];
  const both = aSpec(anUpdate(everything), anUpdate({ ...everything, version: 'v1.36.4+k0s.0' }));
  assert.deepEqual(
    resolved(both, { budgets }).warnings.map(({ message }) => message),
    [
      'disruption budget default/all needs 2 of its 2 pods: a drain that meets one of them cannot end',
    ],
  );
  assert.deepEqual(resolved(aSpec(anUpdate({ controllers: '' })), { budgets }).warnings, []);
});

test('everything that is wrong is said at once', () => {
  const spec = aSpec(anUpdate({ workers: ['w-8', 'w-9'] }));
  const { refusals } = preflight(spec, someFacts(spec, { nodes, controlNodes }));
  assert.deepEqual(
    refusals.map(({ target }) => target?.name),
    ['w-8', 'w-9'],
  );
});

test('forceupdate waives the check of APIs, and an older version has none to lose', () => {
  for (const command of [
    anUpdate({ ...everything, version: 'v99.99.99', force: true }),
    anUpdate({ ...everything }),
  ]) {
    const world = { nodes, controlNodes, apiCheck: removedInUse };
    const { refusals } = preflight(aSpec(command), someFacts(aSpec(command), world));
    assert.ok(!refusals.some(({ reason }) => reason === 'RemovedApiInUse'));
  }
});
