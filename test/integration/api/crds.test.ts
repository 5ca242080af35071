import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { API_VERSION, EXTENSIONS_API_VERSION } from '../../../src/api/meta.ts';
import { type Plan, planSchema } from '../../../src/api/plan.ts';
import { CONTENT_TYPE } from '../../../src/kube/client.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';

const PLANS = '/apis/autopilot.k0sproject.io/v1beta2/plans';
const POLICIES = '/apis/extensions.autopilot.k0sproject.io/v1alpha1/updatepolicies';
const STRICT = { fieldValidation: 'Strict' };
const platforms = { 'linux-amd64': { url: 'http://x/k0s' } };
const discovery = { selector: {} };

/** What k0s's own API accepts, sense or not: a Plan of ours is not refused where k0s's was not. */
const accepted: readonly [sentence: string, spec: object][] = [
  ['no commands at all', { id: '', timestamp: '', commands: [] }],
  ['a command that is neither', plan({})],
  [
    'both commands in one, and an artifact with an empty digest',
    plan({
      k0supdate: { version: 'v1', platforms: { any: { url: '', sha256: '' } }, targets: {} },
      airgapupdate: { version: 'v1', platforms, workers: { discovery } },
    }),
  ],
  [
    'limits of zero and below, and a static list without names',
    plan({
      k0supdate: {
        version: 'not a version',
        forceupdate: true,
        platforms: {},
        targets: {
          controllers: { discovery: { static: {} }, limits: { concurrent: 0 } },
          workers: { discovery: { static: { nodes: [''] } }, limits: { concurrent: -1 } },
        },
      },
    }),
  ],
  [
    'selectors that cannot be read',
    plan({
      k0supdate: {
        version: 'v1',
        platforms,
        targets: { workers: { discovery: { selector: { labels: '((', fields: '=' } } } },
      },
    }),
  ],
];

/** Said by the API server at apply, with the path of the field. */
const refusedPolicies: readonly [policy: object, why: RegExp][] = [
  [{ drain: { timeout: '1d' } }, /spec\.drain\.timeout: .*wanted a duration/],
  [{ drain: { timeout: '' } }, /spec\.drain\.timeout: .*wanted a duration/],
  [{ drain: { gracePeriod: '0s' } }, /drain\.gracePeriod must be longer than 0s/],
  [{ drain: { emptyDir: 'Keep' } }, /spec\.drain\.emptyDir: Unsupported value: "Keep"/],
  [{ confirmTimeout: '1m', gate: { timeout: '2m' } }, /gate\.timeout must be shorter/],
  [{ gate: { stable: '2m', timeout: '2m' } }, /gate\.stable must be shorter/],
  [{ maxUnavailable: 0 }, /spec\.maxUnavailable: .*wanted a number from 1/],
  [{ maxUnavailable: '0%' }, /spec\.maxUnavailable: .*wanted a number from 1/],
  [{ maxUnavailable: '200%' }, /spec\.maxUnavailable/],
  [{ maxFailures: -1 }, /spec\.maxFailures: .*wanted a number from 0/],
  [{ maxFailures: 'few' }, /spec\.maxFailures: .*wanted a number from 0/],
  [{ drain: { onTimeout: 'Kill' } }, /spec\.drain\.onTimeout: Unsupported value: "Kill"/],
  [{ limits: 'Larger' }, /spec\.limits: Unsupported value: "Larger"/],
  [{ backup: { keep: 0 } }, /spec\.backup\.keep: .*greater than or equal to 1/],
  [{ windows: [{ length: '1h' }] }, /spec\.windows\[0\]: .*wanted start/],
  [{ windows: [{ start: '9:00', length: '1h' }] }, /spec\.windows\[0\]\.start: .*time of day/],
  [{ windows: [{ start: '09:00', length: '0s' }] }, /spec\.windows\[0\]: .*never be open/],
  [{ windows: [{ days: ['Fr'], start: '09:00', length: '1h' }] }, /spec\.windows\[0\]\.days\[0\]/],
  [{ freezes: [{ name: 'x', from: '2026-12-20', to: '' }] }, /spec\.freezes\[0\]\.from: .*wanted/],
  [{ batches: { ramp: [1, 0] } }, /spec\.batches\.ramp\[1\]: .*wanted a number from 1/],
  [{ batches: { ramp: [] } }, /spec\.batches\.ramp/],
  [{ batches: { zones: 'All' } }, /spec\.batches\.zones: Unsupported value: "All"/],
  [{ approvals: ['BeforeLunch'] }, /spec\.approvals\[0\]: Unsupported value: "BeforeLunch"/],
  [{ onFailure: 'Hope' }, /spec\.onFailure: Unsupported value: "Hope"/],
  [{ rollback: { scope: 'All' } }, /spec\.rollback\.scope: Unsupported value: "All"/],
  [{ gates: [{ name: 'x' }] }, /spec\.gates\[0\]: .*wanted exactly one of http/],
  [
    { gates: [{ name: 'x', http: { url: 'https://a' }, job: {} }] },
    /spec\.gates\[0\]: .*wanted exactly one of http/,
  ],
  [
    { gates: [{ name: 'x', http: { url: 'file:///etc/passwd' } }] },
    /spec\.gates\[0\]\.http\.url: .*wanted an http or https URL/,
  ],
  [
    { gates: [{ name: 'x', prometheus: { url: 'http://p', query: 'up' } }] },
    /spec\.gates\[0\]\.prometheus: .*wanted atMost or atLeast/,
  ],
  [{ hooks: [{ name: 'x', job: {} }] }, /spec\.hooks\[0\]\.when: Required/],
  [{ pause: true }, /unknown field "spec\.pause"/],
];

const acceptedPolicies: readonly object[] = [
  {},
  { maxUnavailable: 3, limits: 'Override' },
  { batches: { ramp: [1, '10%', '50%'], canaries: ['w1'], zones: 'Spread', soak: '10m' } },
  {
    gates: [
      { name: 'errors', prometheus: { url: 'http://p:9090', query: 'up', atLeast: 0.5 } },
      { name: 'smoke', when: ['AfterBatch'], job: { template: { spec: { containers: [] } } } },
    ],
    hooks: [{ name: 'tell', when: ['BeforeRun'], job: { template: {} } }],
  },
  { maxFailures: 0, drain: { onTimeout: 'Skip' } },
  { drain: { gracePeriod: '1500ms', skipPods: 'app in (a,b)', order: 'LowPriorityFirst' } },
  { maxFailures: '5%' },
  { maxUnavailable: '100%', drain: { timeout: '1h30m' }, gate: { stable: '1.5s' }, paused: true },
  {
    windows: [
      { days: ['Sat', 'Sun'], start: '22:00', length: '4h', timeZone: 'Europe/Berlin' },
      { cron: '0 3 * * *', length: '45m' },
    ],
    freezes: [
      { name: 'fair', reason: 'r', from: '2026-12-20T00:00', to: '2027-01-07T00:00:00+01:00' },
    ],
  },
];

describe('the kinds on a real API server', () => {
  let api: ApiServer;
  before(async () => {
    api = await startApiServer();
  });
  after(() => api?.stop());

  for (const [index, [sentence, spec]] of accepted.entries()) {
    test(`a Plan with ${sentence} is accepted and can be read`, async () => {
      const stored = planSchema.parse(await create(api, `accepted-${index}`, spec));
      const { commands } = stored.spec;
      assert.equal(commands.length, (spec as { commands: unknown[] }).commands.length);
    });
  }

  test('limits that are not said are 1', async () => {
    const targets = { workers: { discovery } };
    const spec = plan({ k0supdate: { version: 'v1', platforms, targets } });
    const stored = (await create(api, 'defaults', spec)) as Plan;
    const limits = stored.spec.commands[0]?.k0supdate?.targets.workers?.limits;
    assert.deepEqual(limits, { concurrent: 1 });
  });

  test('a field that does not exist is refused by name', async () => {
    const refused = create(api, 'typo', { ...plan({}), comands: [] });
    await assert.rejects(refused, /unknown field "spec\.comands"/);
  });

  for (const [index, [spec, why]] of refusedPolicies.entries()) {
    test(`${JSON.stringify(spec)} is refused at apply, in an UpdatePolicy and on a Plan`, async () => {
      await assert.rejects(policy(api, 'default', spec), why);
      const onPlan = create(api, `policy-${index}`, { ...plan(), policy: spec });
      await assert.rejects(onPlan, new RegExp(why.source.replace('spec\\.', 'spec\\.policy\\.')));
    });
  }

  test('an UpdatePolicy of another name is refused', async () => {
    await assert.rejects(policy(api, 'mine', {}), /wanted the name default/);
  });

  for (const spec of acceptedPolicies) {
    test(`the policy ${JSON.stringify(spec)} is accepted`, async () => {
      await policy(api, 'default', spec);
      await api.admin.request('DELETE', `${POLICIES}/default`);
    });
  }

  test('kubectl shows state, progress, version and what a Plan waits for', async () => {
    await create(api, 'shown', plan({}));
    const status = {
      state: 'SchedulableWait',
      progress: { done: 5, total: 7, text: '5/7' },
      targetVersion: 'v1.36.3+k0s.0',
      waitsFor: 'w1 to be drained',
    };
    const orchestrator = await api.as(ORCHESTRATOR);
    await orchestrator.request('PATCH', `${PLANS}/shown/status`, {
      body: { status },
      contentType: CONTENT_TYPE.mergePatch,
    });
    const [head = '', row = ''] = (await api.kubectl('get', 'plan', 'shown')).split('\n');
    assert.deepEqual(head.trim().split(/\s{2,}/), [
      'NAME',
      'STATE',
      'PROGRESS',
      'VERSION',
      'WAITS FOR',
      'AGE',
    ]);
    assert.match(row, /^shown +SchedulableWait +5\/7 +v1\.36\.3\+k0s\.0 +w1 to be drained +\d+s$/);
  });
});

function plan(...commands: readonly object[]): object {
  return { id: 'id', timestamp: 'now', commands };
}

function policy(api: ApiServer, name: string, spec: object): Promise<unknown> {
  const body = {
    apiVersion: EXTENSIONS_API_VERSION,
    kind: 'UpdatePolicy',
    metadata: { name },
    spec,
  };
  return api.admin.request('POST', POLICIES, { body, query: STRICT });
}

function create(api: ApiServer, name: string, spec: object): Promise<unknown> {
  const body = { apiVersion: API_VERSION, kind: 'Plan', metadata: { name }, spec };
  return api.admin.request('POST', PLANS, { body, query: STRICT });
}
