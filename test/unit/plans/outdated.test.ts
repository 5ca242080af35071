import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InstalledObject, lagOf } from '../../../src/plans/outdated.ts';

const role = (...rules: NonNullable<InstalledObject['rules']>): InstalledObject => ({
  kind: 'ClusterRole',
  rules,
});
const plans = { apiGroups: ['a.io'], resources: ['plans'], verbs: ['get', 'list'] };
const one = { ...plans, resourceNames: ['autopilot'] };
const policy = (spec: object): InstalledObject => ({ kind: 'ValidatingAdmissionPolicy', spec });

const rows: [string, InstalledObject, InstalledObject, string | undefined][] = [
  ['the same rules', role(plans), role(plans), undefined],
  [
    'the same, said in two rules, and more',
    role(plans),
    role({ ...plans, verbs: ['get'] }, { ...plans, verbs: ['list', 'delete'] }),
    undefined,
  ],
  ['all that there is', role(plans), role({ ...plans, resources: ['*'], verbs: ['*'] }), undefined],
  ['one object of all is given by all', role(one), role(plans), undefined],
  ['a verb less', role(plans), role({ ...plans, verbs: ['get'] }), 'lacks list plans.a.io'],
  ['one object instead of all', role(plans), role(one), 'lacks get plans.a.io, list plans.a.io'],
  [
    'another object',
    role(one),
    role({ ...one, resourceNames: ['x'] }),
    'lacks get plans.a.io autopilot, list plans.a.io autopilot',
  ],
  [
    'no rules at all',
    role({ apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'watch'] }),
    { kind: 'ClusterRole', rules: null },
    'lacks get pods, get nodes, watch pods and 1 more',
  ],
  [
    'an address of the API server',
    role({ nonResourceURLs: ['/readyz'], verbs: ['get'] }),
    role(plans),
    'lacks get /readyz',
  ],
  [
    'a policy with what the API server adds',
    policy({ validations: [{ expression: 'true' }] }),
    policy({ failurePolicy: 'Fail', validations: [{ expression: 'true', message: '' }] }),
    undefined,
  ],
  [
    'a policy with one check less',
    policy({ validations: [{ expression: 'a' }, { expression: 'b' }] }),
    policy({ validations: [{ expression: 'a' }] }),
    'says other things than that of this release',
  ],
  [
    'a namespace, of which nothing is told',
    { kind: 'Namespace' },
    { kind: 'Namespace' },
    undefined,
  ],
];
for (const [sentence, wanted, found, lag] of rows) {
  test(`installed: ${sentence}`, () => assert.equal(lagOf(wanted, found), lag));
}
