import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { API_VERSION } from '../../../src/api/meta.ts';
import { type Plan, planSchema } from '../../../src/api/plan.ts';
import { CONTENT_TYPE } from '../../../src/kube/client.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';

const PLANS = '/apis/autopilot.k0sproject.io/v1beta2/plans';
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

  test('kubectl shows state, progress, version and what a Plan waits for', async () => {
    await create(api, 'shown', plan({}));
    const status = {
      state: 'SchedulableWait',
      progress: { done: 5, total: 7, text: '5/7' },
      targetVersion: 'v1.36.3+k0s.0',
      waitsFor: 'w1 to be drained',
    };
    await api.admin.request('PATCH', `${PLANS}/shown/status`, {
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

function create(api: ApiServer, name: string, spec: object): Promise<unknown> {
  const body = { apiVersion: API_VERSION, kind: 'Plan', metadata: { name }, spec };
  return api.admin.request('POST', PLANS, { body, query: STRICT });
}
