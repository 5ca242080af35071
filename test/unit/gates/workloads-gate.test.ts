import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedWorkloads, workloadsBaselineSchema } from '../../../src/gates/baseline.ts';
import {
  type RawSurveyPod,
  type RawWorkload,
  type Survey,
  type SurveyOptions,
  Surveyor,
  type WorkloadKind,
} from '../../../src/gates/workloads.ts';
import { judgeWorkloads } from '../../../src/gates/workloads-gate.ts';

const BEFORE = '2026-03-01T00:00:00Z';
const TAKEN_AT_MS = Date.parse('2026-03-01T12:00:00Z');
const LATER = '2026-03-01T12:00:00Z';

const HASH = '5d4f8c';
const nothing: SurveyOptions = {
  takenAtMs: TAKEN_AT_MS,
  ignoreNamespaces: [],
  nodesUnderWay: [],
  restartsBefore: undefined,
  before: undefined,
};

function workload(
  name: string,
  spec: RawWorkload['spec'],
  status: RawWorkload['status'],
  metadata: Partial<RawWorkload['metadata']> = {},
): RawWorkload {
  return {
    metadata: { namespace: 'shop', creationTimestamp: BEFORE, ...metadata, name },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  };
}

type PodOver = Omit<Partial<RawSurveyPod>, 'metadata'> & {
  readonly metadata?: Partial<RawSurveyPod['metadata']>;
};

/** Of the Deployment `web`, running, unless said otherwise. */
function pod(uid: string, over: PodOver = {}): RawSurveyPod {
  return {
    spec: { nodeName: 'w1' },
    status: { phase: 'Running' },
    ...over,
    metadata: {
      name: uid,
      uid,
      namespace: 'shop',
      creationTimestamp: LATER,
      labels: { 'pod-template-hash': HASH },
      ownerReferences: [{ kind: 'ReplicaSet', name: `web-${HASH}`, controller: true }],
      ...over.metadata,
    },
  };
}

function owned(kind: string, name: string): Partial<RawSurveyPod['metadata']> {
  return { labels: {}, ownerReferences: [{ kind, name, controller: true }] };
}

const backingOff = {
  phase: 'Running',
  containerStatuses: [{ restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
};
const restarted = (restartCount: number) => ({
  phase: 'Running',
  containerStatuses: [{ restartCount, state: {} }],
});
const unschedulable = {
  phase: 'Pending',
  conditions: [
    { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available: 3 cordoned.' },
  ],
};

function survey(
  workloads: readonly (readonly [WorkloadKind, RawWorkload])[],
  pods: readonly RawSurveyPod[] = [],
  options: Partial<SurveyOptions> = {},
): Survey {
  const surveyor = new Surveyor({ ...nothing, ...options });
  for (const [kind, one] of workloads) surveyor.addWorkloads(kind, [one]);
  surveyor.addPods(pods);
  return surveyor.end();
}
const web = ['Deployment', workload('web', { replicas: 3 }, { availableReplicas: 3 })] as const;
const weaker = ['Deployment', workload('web', { replicas: 3 }, { availableReplicas: 1 })] as const;
const healthy = survey([web]);
const troubleOf = (found: Survey) => Object.fromEntries(found.troubled);

const SURVEYS: readonly (readonly [what: string, found: Survey, trouble: object])[] = [
  ['all replicas are there', healthy, {}],
  [
    'replicas that are not available are missing',
    survey([weaker]),
    { 'Deployment shop/web': { missing: 2, crashing: 0, pending: 0 } },
  ],
  [
    'replicas that are not said are one',
    survey([['StatefulSet', workload('db', {}, {})]]),
    { 'StatefulSet shop/db': { missing: 1, crashing: 0, pending: 0 } },
  ],
  [
    'scaled to nothing, nothing is missing',
    survey([['Deployment', workload('web', { replicas: 0 }, undefined)]]),
    {},
  ],
  [
    'pods of a DaemonSet on nodes under way may be away',
    survey(
      [
        [
          'DaemonSet',
          workload('net', undefined, { desiredNumberScheduled: 5, numberAvailable: 3 }),
        ],
      ],
      [],
      { nodesUnderWay: ['w1'] },
    ),
    { 'DaemonSet shop/net': { missing: 1, crashing: 0, pending: 0 } },
  ],
  [
    'a namespace that is left out is not looked at',
    survey([weaker], [pod('a', { status: backingOff })], { ignoreNamespaces: ['shop'] }),
    {},
  ],
  [
    'a pod counts for the Deployment behind its ReplicaSet',
    survey([web], [pod('a', { status: backingOff }), pod('b', { status: unschedulable })]),
    { 'Deployment shop/web': { missing: 0, crashing: 1, pending: 1 } },
  ],
  [
    'a pod of a bare ReplicaSet counts for that',
    survey(
      [['ReplicaSet', workload('old', { replicas: 1 }, { availableReplicas: 1 })]],
      [pod('a', { status: backingOff, metadata: owned('ReplicaSet', 'old') })],
    ),
    { 'ReplicaSet shop/old': { missing: 0, crashing: 1, pending: 0 } },
  ],
  [
    'a pod of an owner of another kind counts for that owner, whatever its age',
    survey([], [pod('a', { status: unschedulable, metadata: owned('Database', 'pg') })], {
      before: { takenAtMs: TAKEN_AT_MS, young: new Set() },
    }),
    { 'Database shop/pg': { missing: 0, crashing: 0, pending: 1 } },
  ],
  [
    'Jobs, static pods, and pods that end or have ended are not looked at',
    survey(
      [web],
      [
        pod('a', { status: backingOff, metadata: owned('Job', 'nightly') }),
        pod('b', { status: backingOff, metadata: owned('Node', 'w1') }),
        pod('c', { status: { phase: 'Failed' } }),
        pod('d', { status: backingOff, metadata: { deletionTimestamp: LATER } }),
      ],
    ),
    {},
  ],
  [
    'what was made since is new, and not worse',
    survey(
      [['Deployment', workload('web', { replicas: 3 }, {}, { creationTimestamp: LATER })]],
      [
        pod('a', { status: unschedulable }),
        pod('b', { status: unschedulable, metadata: { ownerReferences: [], labels: {} } }),
      ],
      { before: { takenAtMs: TAKEN_AT_MS, young: new Set() } },
    ),
    {},
  ],
  [
    'a pod that has restarted since the last look crashes',
    survey([web], [pod('a', { status: restarted(3) }), pod('b', { status: restarted(7) })], {
      restartsBefore: new Map([
        ['a', 2],
        ['b', 7],
      ]),
    }),
    { 'Deployment shop/web': { missing: 0, crashing: 1, pending: 0 } },
  ],
  ['before a first look nobody knows', survey([web], [pod('a', { status: restarted(3) })]), {}],
  [
    'on a node under way nothing of it is held against the run',
    survey([web], [pod('a', { status: backingOff })], { nodesUnderWay: ['w1'] }),
    {},
  ],
];
for (const [what, found, trouble] of SURVEYS) {
  test(what, () => assert.deepEqual(troubleOf(found), trouble));
}

test('made just before the first look, it was there all the same', () => {
  const justMade = ['Deployment', workload('web', {}, {}, { creationTimestamp: LATER })] as const;
  const before = survey([justMade], [], { takenAtMs: TAKEN_AT_MS + 500 });
  assert.deepEqual([...before.young], ['Deployment shop/web']);
  const later = survey([justMade], [], { takenAtMs: TAKEN_AT_MS + 60_000, before });
  assert.equal(later.total, 1);
  assert.equal(later.young.size, 0);
  const unseen = survey([justMade], [], { before: { takenAtMs: TAKEN_AT_MS, young: new Set() } });
  assert.equal(unseen.total, 0);
});

test('restarts are kept of pods that had one, also on nodes under way', () => {
  const found = survey([web], [pod('a', { status: restarted(2) }), pod('b')], {
    nodesUnderWay: ['w1'],
  });
  assert.deepEqual([...found.restarts], [['a', 2]]);
});

test('none worse is a pass', () => {
  assert.deepEqual(judgeWorkloads(healthy, healthy), {
    outcome: 'pass',
    message: 'none of 1 workloads is worse than before the run',
  });
});
test('what was as bad before is no worse, and better is fine', () => {
  assert.equal(judgeWorkloads(survey([weaker]), survey([weaker])).outcome, 'pass');
  assert.equal(judgeWorkloads(healthy, survey([weaker])).outcome, 'pass');
});
test('the worst are named first, with numbers and the words of the scheduler', () => {
  const db = ['StatefulSet', workload('db', { replicas: 5 }, { availableReplicas: 1 })] as const;
  const now = survey([web, db], [pod('a', { status: unschedulable })]);
  assert.deepEqual(judgeWorkloads(now, healthy), {
    outcome: 'fail',
    message:
      '2 of 2 workloads are worse than before the run: StatefulSet shop/db: 4 replicas not available (0 before); Deployment shop/web: 1 pod not started (0 before) (0/3 nodes are available: 3 cordoned.)',
  });
});
test('however many there are, the message stays short', () => {
  const many = Array.from({ length: 1_000 }, (_, at) => {
    return ['Deployment', workload(`app-${at}`, { replicas: 1 }, {})] as const;
  });
  const { message } = judgeWorkloads(survey(many), healthy);
  assert.match(message, /^1000 of 1000 .*; and 995 more$/);
  assert.ok(message.length < 1_000, String(message.length));
});

test('a baseline is the same after it was stored', () => {
  const found = survey([weaker], [pod('a', { status: backingOff })]);
  const read = workloadsBaselineSchema.parse(JSON.parse(JSON.stringify(storedWorkloads(found))));
  const { takenAtMs, troubled, young } = found;
  assert.deepEqual(read, { takenAtMs, troubled, young });
});

test('a look at 5,000 pods of 1,000 Deployments is quick', (t) => {
  const pages = Array.from({ length: 10 }, (_, page) =>
    JSON.stringify(
      Array.from({ length: 500 }, (_, at) =>
        pod(`p-${page}-${at}`, {
          metadata: {
            ownerReferences: [
              {
                kind: 'ReplicaSet',
                name: `app-${(page * 500 + at) % 1_000}-${HASH}`,
                controller: true,
              },
            ],
          },
          status: restarted(at % 3),
        }),
      ),
    ),
  );
  const deployments = Array.from({ length: 1_000 }, (_, at) =>
    workload(`app-${at}`, { replicas: 5 }, { availableReplicas: 5 }),
  );
  const beganMs = performance.now();
  const surveyor = new Surveyor(nothing);
  surveyor.addWorkloads('Deployment', deployments);
  for (const page of pages) surveyor.addPods(JSON.parse(page));
  const found = surveyor.end();
  const tookMs = performance.now() - beganMs;
  t.diagnostic(`${Math.round(tookMs)} ms, the parsing of small pods included`);
  assert.equal(judgeWorkloads(found, healthy).outcome, 'pass');
  assert.equal(found.total, 1_000);
  assert.ok(tookMs < 5_000);
});
