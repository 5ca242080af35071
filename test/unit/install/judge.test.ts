import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Asked,
  type ClusterView,
  disabledComponents,
  type HostView,
  whyNot,
  whyNotCluster,
} from '../../../src/install/judge.ts';

const CONTROLLER = {
  role: 'controller',
  unit: 'k0scontroller.service',
  disabled: ['autopilot'],
} as const;
const WORKER = { role: 'worker', unit: 'k0sworker.service', disabled: [] } as const;
const HOST: HostView = {
  isRoot: true,
  isOneFile: true,
  k0s: CONTROLLER,
  whyNoK0s: undefined,
  installed: undefined,
  manager: 'systemd',
};
const BOTH: Asked = { part: 'both', edge: false, kubeconfig: undefined, check: true };

const hosts: readonly (readonly [string, Partial<Asked>, Partial<HostView>, RegExp | undefined])[] =
  [
    ['both go onto a controller', {}, {}, undefined],
    ['an agent goes onto a worker', { part: 'agent' }, { k0s: WORKER }, undefined],
    ['an agent goes onto a controller', { part: 'agent' }, {}, undefined],
    ['not without root', {}, { isRoot: false }, /^wanted to be run as root/],
    ['not from the sources', {}, { isOneFile: false }, /as one file/],
    ['both do not go onto a worker', {}, { k0s: WORKER }, /found a worker \(k0sworker\.service\)/],
    [
      'an orchestrator goes anywhere with a kubeconfig',
      { part: 'controller', kubeconfig: '/k' },
      { k0s: undefined },
      undefined,
    ],
    [
      'an orchestrator on a worker needs one',
      { part: 'controller' },
      { k0s: WORKER },
      /give it by --kubeconfig$/,
    ],
    [
      'an agent has no kubeconfig',
      { part: 'agent', kubeconfig: '/k' },
      {},
      /is for an orchestrator/,
    ],
    [
      'a host without k0s says where it was looked for',
      { part: 'agent' },
      { k0s: undefined, whyNoK0s: 'wanted k0s as a service of OpenRC' },
      /^wanted k0s as a service of OpenRC$/,
    ],
    [
      'one cluster has one Autopilot: k0s has its own, on a controller',
      { part: 'agent' },
      { k0s: { ...CONTROLLER, disabled: ['metrics-server'] } },
      /--disable-components=autopilot/,
    ],
    [
      'a service that starts something else is not k0s',
      {},
      { k0s: { ...CONTROLLER, role: undefined } },
      /to start something else$/,
    ],
    ['an agent becomes both', {}, { installed: 'agent' }, undefined],
    ['an agent is installed again', { part: 'agent' }, { installed: 'agent' }, undefined],
    [
      'an orchestrator does not take the place of an agent',
      { part: 'controller' },
      { installed: 'agent' },
      /^the agent is installed on this host: `autopilot install both`/,
    ],
    ['edge mode is for an agent', { edge: true }, {}, /--edge is for an agent alone/],
    [
      'edge mode at OpenRC is cron',
      { part: 'agent', edge: true },
      { manager: 'openrc' },
      /a line of cron/,
    ],
  ];

describe('whether a host can have what was asked for', () => {
  for (const [sentence, asked, view, wanted] of hosts) {
    test(sentence, () => {
      const found = whyNot({ ...BOTH, ...asked }, { ...HOST, ...view });
      if (wanted === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', wanted);
    });
  }
});

const CLUSTER: ClusterView = {
  server: 'https://c1:6443',
  version: { gitVersion: 'v1.36.3' },
  kinds: true,
  deployment: false,
};
const version = (minor: string) => ({ gitVersion: `v1.${minor}` });

const clusters: readonly (readonly [
  string,
  Asked['part'],
  Partial<ClusterView>,
  RegExp | undefined,
])[] = [
  ['one that knows our kinds', 'both', {}, undefined],
  [
    'one that is too old',
    'agent',
    { version: version('29') },
    /is Kubernetes v1\.29, wanted 1\.30 to 1\.37$/,
  ],
  ['one that is too new', 'agent', { version: version('38') }, /wanted 1\.30 to 1\.37$/],
  ['a minor version with a plus', 'agent', { version: version('30+') }, undefined],
  ['one that does not know our kinds', 'agent', { kinds: false }, /autopilot manifests/],
  ['one that may not be asked', 'agent', { kinds: undefined, deployment: undefined }, undefined],
  [
    'one with an orchestrator in it',
    'both',
    { deployment: true },
    /installed in this cluster already/,
  ],
  ['an agent beside an orchestrator in the cluster', 'agent', { deployment: true }, undefined],
];

describe('whether a cluster is one to install for', () => {
  for (const [sentence, part, view, wanted] of clusters) {
    test(sentence, () => {
      const found = whyNotCluster(part, { ...CLUSTER, ...view });
      if (wanted === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', wanted);
    });
  }
});

test('components that are disabled, however they are written', () => {
  const args = ['controller', '--disable-components=a,b', '--disable-components', 'autopilot'];
  assert.deepEqual(disabledComponents(args), ['a', 'b', 'autopilot']);
});
