import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AdoptionFacts,
  type AdoptionHost,
  judgeAdoption,
  judgeReturn,
} from '../../../src/plans/adoption.ts';
import { trimPlan } from '../../../src/plans/trim-plan.ts';
import { START_MS } from '../../support/builders.ts';
import { aPlan, only } from '../../support/plans.ts';

const aHost = (name: string, over: Partial<AdoptionHost> = {}): AdoptionHost => ({
  ...{ role: 'worker', name, version: 'v1.36.1+k0s', hasAgent: true },
  ...{ signal: undefined, isHeldByUs: false, isOfController: false },
  ...over,
});

const well: AdoptionFacts = {
  leader: { kind: 'alive', holder: 'cp-1_x' },
  profiles: [{ configMap: 'worker-config-default-1.36', disabled: true }],
  hosts: [aHost('c1', { role: 'controller', version: 'v1.36.1+k0s.0' }), aHost('w1')],
  ...{ plans: [], updateConfigs: [], storage: undefined },
  ...{ missingObjects: [], outdatedObjects: [], missingFields: [], installedAtMs: START_MS },
};

function planOf(status: object | undefined, metadata: object = {}) {
  const plan = aPlan({
    version: 'v1.36.3+k0s.0',
    offer: { url: 'http://x/k0s' },
    workers: only('w1'),
  });
  return trimPlan({
    ...plan,
    metadata: {
      name: 'autopilot',
      uid: 'u',
      creationTimestamp: '2026-02-01T00:00:00Z',
      ...metadata,
    },
    ...(status === undefined ? {} : { status }),
  });
}

type Row = readonly [
  sentence: string,
  over: Partial<AdoptionFacts>,
  subject: string,
  outcome: string,
  said: RegExp,
];

const rows: readonly Row[] = [
  [
    'k0s leads',
    { leader: { kind: 'k0s', holder: 'ab' } },
    'leader',
    'blocked',
    /at least one controller runs it/,
  ],
  ['nobody leads', { leader: { kind: 'gone' } }, 'leader', 'note', /is free for our orchestrator/],
  [
    'no profile can be read',
    { profiles: undefined },
    'component',
    'note',
    /cannot be seen from here/,
  ],
  [
    'one profile of two is on',
    { profiles: [...well.profiles!, { configMap: 'worker-config-gpu-1.36', disabled: false }] },
    'component',
    'blocked',
    /profiles worker-config-gpu-1\.36: /,
  ],
  [
    'a hybrid, whose agent reports on its ControlNode',
    {
      hosts: [
        aHost('c1', { role: 'controller' }),
        aHost('box-1', { hasAgent: false, isOfController: true }),
      ],
    },
    'agents',
    'ready',
    /every machine/,
  ],
  [
    'a machine without an agent',
    { hosts: [aHost('w9', { hasAgent: false })] },
    'agents',
    'todo',
    /from Node w9:/,
  ],
  [
    'a signal that is not finished',
    { hosts: [aHost('w1', { signal: { planId: 'x', status: 'Restart' } })] },
    'Node w1',
    'todo',
    /stands at Restart \(Plan id x\), and the machine runs v1\.36\.1/,
  ],
  [
    'finished signals',
    { hosts: [aHost('w1', { signal: { planId: 'x', status: 'Completed' } })] },
    'signals',
    'note',
    /^1 finished/,
  ],
  [
    'something that is not there',
    { missingObjects: ['Role autopilot:leader'] },
    'installation',
    'todo',
    /Role autopilot:leader/,
  ],
  [
    'rights of an older release',
    { outdatedObjects: ['ClusterRole autopilot:leader lacks get nodes'] },
    'rights',
    'todo',
    /another release: ClusterRole autopilot:leader lacks get nodes/,
  ],
  [
    'a definition that was written over',
    { missingFields: ['status.runID'] },
    'kinds',
    'todo',
    /no status\.runID/,
  ],
  [
    'a half-run Plan, node by node',
    {
      plans: [
        planOf({
          state: 'SchedulableWait',
          commands: [
            {
              ...{ id: 0, state: 'SchedulableWait' },
              k0supdate: {
                workers: [
                  { name: 'w1', state: 'SignalSent', lastUpdatedTimestamp: '2026-02-01T00:00:00Z' },
                ],
              },
            },
          ],
        }),
      ],
    },
    'Plan autopilot',
    'todo',
    /w1 runs v1\.36\.1\+k0s, wanted v1\.36\.3\+k0s\.0 \(SignalSent\)$/,
  ],
  [
    'an ended Plan',
    { plans: [planOf({ state: 'MissingSignalNode' })] },
    'Plan autopilot',
    'note',
    /ended MissingSignalNode/,
  ],
  [
    'a Plan that never began',
    { plans: [planOf(undefined)] },
    'Plan autopilot',
    'todo',
    /does not run by surprise$/,
  ],
  [
    'one that was left to the past',
    { plans: [planOf(undefined, { annotations: { 'autopilot.k0sproject.io/adopted': '1' } })] },
    'Plan autopilot',
    'note',
    /left to the past$/,
  ],
  [
    'an UpdateConfig',
    { updateConfigs: ['weekly'] },
    'UpdateConfig weekly',
    'note',
    /ours from then on: what it offers becomes the Plan autopilot/,
  ],
  ['its storage', { storage: 'kine' }, 'storage', 'note', /in kine$/],
];

for (const [sentence, over, subject, outcome, said] of rows) {
  test(`to move over, with ${sentence}: ${outcome}`, () => {
    const found = judgeAdoption({ ...well, ...over }).find((one) => one.subject === subject);
    assert.equal(found?.outcome, outcome);
    assert.match(found.sentence, said);
  });
}

test('where all is well nothing is left to do, in either direction', () => {
  const open = (outcome: string) => outcome === 'todo' || outcome === 'blocked';
  assert.ok(!judgeAdoption(well).some(({ outcome }) => open(outcome)));
  assert.ok(
    !judgeReturn({ ...well, leader: { kind: 'gone' } }).some(({ outcome }) => open(outcome)),
  );
});

test('to go back, what is under way has to end, and what k0s would run at once has to go', () => {
  const hosts = [aHost('w1', { isHeldByUs: true })];
  const said = judgeReturn({ ...well, hosts, plans: [planOf(undefined)] });
  assert.deepEqual(
    said.map(({ subject, outcome }) => `${subject} ${outcome}`),
    ['leader blocked', 'orders blocked', 'Plan autopilot blocked'],
  );
});
