import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DoctorFacts, examine, type Seen } from '../../../src/cli/doctor-checks.ts';
import { doctorText } from '../../../src/cli/doctor-print.ts';
import { paintFor } from '../../../src/cli/print-paint.ts';
import { trimUpdatePolicy } from '../../../src/plans/trim-update-policy.ts';
import { aReport, OLD, START_MS } from '../../support/builders.ts';

const OURS = 'c2_01234567-89ab-cdef-0123-456789abcdef';
const seen = <T>(value: T): Seen<T> => ({ kind: 'seen', value });
const common = (name: string, over: object = {}) => ({
  ...{
    name,
    uid: name,
    resourceVersion: '1',
    labels: {},
    orderText: undefined,
    exemptions: undefined,
  },
  order: { kind: 'absent' as const },
  reportText: '{}',
  report: { kind: 'valid' as const, value: aReport() },
  reportedAtMs: START_MS,
  ...over,
});
const aController = (name: string, over: object = {}) => ({
  ...common(name, over),
  ...{ k0sVersion: OLD, internalIp: '10.0.0.1', nodeName: name, mode: undefined },
});
const aNode = (name: string, over: object = {}) => ({
  ...common(name),
  ...{ ready: 'True' as const, kubeletVersion: 'v1.36.1+k0s', unschedulable: false },
  ...{ cordonedFor: undefined, softTaint: undefined, ...over },
});

const facts = (over: Partial<DoctorFacts> = {}): DoctorFacts => ({
  ...{ nowMs: START_MS, serverNowMs: START_MS, version: '0.1.0', serverVersion: 'v1.36.1+k0s' },
  kinds: new Map([['plans.autopilot.k0sproject.io', seen([])]]),
  admission: new Map([['policy autopilot-node', seen(undefined)]]),
  installation: new Map([['ClusterRole autopilot:orchestrator', seen(undefined)]]),
  missingRights: seen([]),
  missingAgentRights: seen([]),
  deployment: undefined,
  updateConfigs: [],
  nodeClocks: [{ name: 'w1', aheadMs: -600 }],
  lease: seen({ holder: OURS, renewedAtMs: START_MS, durationMs: 15_000 }),
  nodes: [aNode('w1')],
  controlNodes: [aController('c1')],
  updatePolicy: undefined,
  quarantined: [],
  certificates: [{ of: 'the authority', endsAtMs: START_MS + 90 * 86_400_000 }],
  ...over,
});

const HIDDEN: Seen<never> = { kind: 'hidden', why: 'not yours to see' };
const aPolicy = (spec: object) =>
  trimUpdatePolicy({ metadata: { name: 'default', uid: 'u' }, spec });

test('the Node of a controller has no agent of its own, whatever it is called', () => {
  const silent = { report: { kind: 'absent' as const }, reportText: undefined };
  const found = examine(
    facts({
      controlNodes: [{ ...aController('c1'), nodeName: 'box-1' }],
      nodes: [aNode('box-1', silent)],
    }),
  );
  assert.equal(found.find(({ check }) => check === 'agents')?.level, 'well');
});

test('a healthy installation is all well', () => {
  const lines = doctorText(examine(facts()), paintFor({}, {}));
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('✔')),
    ['', 'all is well'],
  );
});

describe('what is wrong is found, judged, and its cure named', () => {
  const rows: readonly [string, Partial<DoctorFacts>, string, string, RegExp, RegExp?][] = [
    [
      'an API server that is too old',
      { serverVersion: 'v1.29.4+k0s', nodes: [aNode('w1', { kubeletVersion: 'v1.29.4+k0s' })] },
      'API server',
      'bad',
      /v1\.29\.4.*wanted v1\.30 or newer/,
    ],
    [
      'a kind that is not there',
      { kinds: new Map([['plans', { kind: 'absent' as const }]]) },
      'kinds',
      'bad',
      /not there: plans/,
      /autopilot manifests \| kubectl apply/,
    ],
    [
      "k0s's own kind",
      { kinds: new Map([['plans', seen(['spec.policy'])]]) },
      'kinds',
      'bad',
      /of k0s itself, or of an older release: plans lacks spec\.policy/,
    ],
    [
      'kinds that may not be looked at',
      { kinds: new Map([['plans', HIDDEN]]) },
      'kinds',
      'unknown',
      /not yours to see/,
    ],
    [
      'an admission policy that is not there',
      { admission: new Map([['policy x', { kind: 'absent' as const }]]) },
      'admission',
      'bad',
      /policy x; the rights of agents are too wide/,
      /autopilot manifests/,
    ],
    [
      'a binding that only warns',
      { admission: new Map([['binding x', seen('it does not deny: Warn')]]) },
      'admission',
      'bad',
      /binding x: it does not deny: Warn/,
    ],
    [
      'a right that is missing',
      { missingRights: seen(['patch nodes']) },
      'rights',
      'bad',
      /autopilot:orchestrator may not patch nodes/,
      /autopilot manifests/,
    ],
    [
      'a right of agents that is missing',
      { missingAgentRights: seen(['create controlnodes']) },
      'rights',
      'bad',
      /the agent of a controller may not create controlnodes/,
      /autopilot manifests/,
    ],
    [
      'an object that somebody has changed, and one that is gone',
      {
        installation: new Map<string, Seen<string | undefined>>([
          ['ClusterRole autopilot:orchestrator', seen('rules[3].verbs')],
          ['ValidatingAdmissionPolicy autopilot-plan-warnings', { kind: 'absent' }],
        ]),
      },
      'manifests',
      'odd',
      /not there: ValidatingAdmissionPolicy autopilot-plan-warnings; not as this release ships: ClusterRole autopilot:orchestrator \(rules\[3\]\.verbs\)/,
      /autopilot manifests \| kubectl apply/,
    ],
    [
      'orchestrators on hosts beside a Deployment',
      { deployment: 2 },
      'installations',
      'bad',
      /two in this cluster: c2_.* leads, on a host, beside Deployment/,
      /kubectl delete deployment -n k0s-autopilot autopilot-orchestrator, or on each host/,
    ],
    [
      'a channel that is not to be believed',
      {
        updateConfigs: [
          {
            name: 'nightly',
            conditions: [
              { type: 'Accepted', status: 'True' },
              { type: 'Followed', status: 'False', reason: 'IndexExpired', message: 'since May' },
            ],
          },
        ],
      },
      'channels',
      'odd',
      /nightly: IndexExpired: since May/,
      /autopilot channel status/,
    ],
    [
      'a node whose clock is off',
      { nodeClocks: [{ name: 'w3', aheadMs: -120_000 }] },
      'clocks',
      'odd',
      /w3 is 2m behind the API server/,
      /NTP/,
    ],
    [
      'nobody who leads',
      { lease: { kind: 'absent' } },
      'leader',
      'bad',
      /nobody leads/,
      /systemctl status autopilot on the controllers/,
    ],
    [
      "k0s's own Autopilot",
      { lease: seen({ holder: 'controller-1', renewedAtMs: START_MS, durationMs: 15_000 }) },
      'leader',
      'bad',
      /controller-1 holds the Lease, which is none of ours/,
      /--disable-components=autopilot/,
    ],
    [
      'a leader that has died',
      { lease: seen({ holder: OURS, renewedAtMs: START_MS - 60_000, durationMs: 15_000 }) },
      'leader',
      'bad',
      /has not renewed it for 1m/,
    ],
    [
      'a host without an agent',
      { nodes: [aNode('w1', { report: { kind: 'absent' } })] },
      'agents',
      'bad',
      /none reports from w1/,
      /systemctl status autopilot-agent/,
    ],
    [
      'an agent that is silent',
      { nodes: [aNode('w1', { reportedAtMs: START_MS - 3_600_000 })] },
      'agents',
      'bad',
      /silent for too long on w1/,
    ],
    [
      'an agent that cannot write',
      { nodes: [aNode('w1', { report: { kind: 'valid', value: aReport({ writable: false }) } })] },
      'agents',
      'bad',
      /cannot write beside k0s on w1/,
    ],
    [
      'an agent of another release',
      { version: '0.2.0' },
      'versions',
      'odd',
      /this is 0\.2\.0; agents are 0\.1\.0 on c1, w1/,
    ],
    [
      'a controller that is gone',
      {
        controlNodes: [
          aController('c1'),
          aController('c9', { reportedAtMs: START_MS - 7_200_000 }),
        ],
      },
      'ControlNodes',
      'bad',
      /nothing was heard for an hour of c9/,
      /kubectl delete controlnode c9/,
    ],
    [
      'a kubelet that is too new',
      { nodes: [aNode('w1', { kubeletVersion: 'v1.37.0+k0s' })] },
      'skew',
      'bad',
      /w1 v1\.37\.0\+k0s/,
    ],
    [
      'a policy that cannot be met',
      { updatePolicy: aPolicy({ maxUnavailable: 'lots' }) },
      'policy',
      'bad',
      /nothing new is begun: UpdatePolicy\/default spec/,
    ],
    [
      'a policy that is paused',
      { updatePolicy: aPolicy({ paused: true }) },
      'policy',
      'odd',
      /spec\.paused: true/,
      /kubectl patch updatepolicy default/,
    ],
    [
      'an artifact in quarantine',
      { quarantined: ['bad-1'] },
      'quarantine',
      'odd',
      /kept from every Plan: bad-1/,
    ],
    [
      'a clock that is off',
      { nowMs: START_MS + 60_000 },
      'clocks',
      'odd',
      /this machine is 1m ahead of the API server/,
      /NTP/,
    ],
    [
      'a certificate that ends soon',
      { certificates: [{ of: 'the authority', endsAtMs: START_MS + 86_400_000 }] },
      'certificates',
      'odd',
      /the authority ends in 1d/,
    ],
    [
      'a certificate that has ended',
      { certificates: [{ of: 'the authority', endsAtMs: START_MS }] },
      'certificates',
      'bad',
      /the authority has ended/,
    ],
  ];
  for (const [name, over, check, level, message, fix] of rows) {
    test(name, () => {
      const all = examine(facts(over));
      const found = all.find((one) => one.check === check);
      assert.equal(found?.level, level, JSON.stringify(found));
      assert.match(found?.message ?? '', message);
      if (fix) assert.match(found?.fix ?? '', fix);
      const others = all.filter((one) => one.level === 'bad' && one.check !== check);
      assert.deepEqual(others, [], 'one thing is wrong, and one is told');
    });
  }
});
