import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { type Plan, planSchema } from '../../../src/api/plan.ts';
import type { RemovedApi } from '../../../src/api/removed-apis.ts';
import { usesOf } from '../../../src/kube/api-check-client.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { type Finished, tryRun } from '../../support/cluster/run.ts';
import { eventually } from '../../support/eventually.ts';
import { LoneOrchestrator } from '../../support/lone-orchestrator.ts';
import { aPlan, conditionOf, hasEnded, only } from '../../support/plans.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');
const GROUP = 'k0s.k0sproject.example.com';
const offer = { url: 'http://127.0.0.1:1/k0s' };

let api: ApiServer;
let orchestrator: LoneOrchestrator;
let config: string;

before(async () => {
  api = await startApiServer();
  config = await api.kubeconfig('admin', ['system:masters']);
  orchestrator = await LoneOrchestrator.start(await api.kubeconfig(ORCHESTRATOR));
  // Policies are taken up a moment after they were stored.
  await eventually('the policy to warn', async () => (await warningsOf([{}])).length > 0);
});
after(async () => {
  await orchestrator?.stop();
  await api?.stop();
});

/** As the suite `ap-removedapis` of k0s makes it. */
function definition(group: string, kind: string, versions: Readonly<Record<string, boolean>>) {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase() },
      scope: 'Cluster',
      versions: Object.entries(versions).map(([name, served], at) => ({
        ...{ name, served, storage: at === 0 },
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    },
  };
}

/** Waits until it is there: a kind is served a moment after it was made, and cut off a moment after it was not. */
async function apply(object: object): Promise<void> {
  await eventually('it to be applied', async () => {
    const { code, stderr } = await api.tryKubectl(['apply', '-f', '-'], JSON.stringify(object));
    if (code !== 0) throw new Error(stderr);
    return true;
  });
}

async function remove(): Promise<void> {
  await api.kubectl('delete', 'plan', 'autopilot', '--ignore-not-found');
}

async function planAfter(plan: object): Promise<Plan> {
  await remove();
  await apply(plan);
  return ended();
}

function ended(isSo = hasEnded): Promise<Plan> {
  return eventually('the Plan to end', async () => {
    const plan = planSchema.parse(
      JSON.parse(await api.kubectl('get', 'plan', 'autopilot', '-o', 'json')),
    );
    if (isSo(plan)) return plan;
    throw new Error(JSON.stringify(plan.status));
  });
}

const autopilot = (...args: string[]): Promise<Finished> =>
  tryRun(process.execPath, [MAIN, ...args, '--kubeconfig', config]);

const toTheEnd = (forceupdate = false) => {
  const plan = aPlan({ version: 'v99.99.99', offer, controllers: only('controller0') });
  const [command] = plan.spec.commands;
  const commands = [{ k0supdate: { ...command!.k0supdate, forceupdate } }];
  return { ...plan, spec: { ...plan.spec, commands } };
};

const DESCRIPTION =
  'removedcrds.k0s.k0sproject.example.com v1beta1 has been removed in Kubernetes v99.99.99, but there are 1 such resources in the cluster';

test('a Plan that takes away an API in use ends as Warning, with the description of k0s', async () => {
  await apply(definition(GROUP, 'RemovedCRD', { v1beta1: true }));
  await apply({
    apiVersion: `${GROUP}/v1beta1`,
    kind: 'RemovedCRD',
    metadata: { name: 'removed-resource' },
  });
  const { status, ...plan } = await planAfter(toTheEnd());
  assert.equal(status?.state, 'Warning');
  assert.equal(status.commands?.length, 1);
  assert.equal(status.commands[0]?.state, 'Warning');
  assert.equal(status.commands[0].description, DESCRIPTION);
  const accepted = conditionOf({ ...plan, status }, 'Accepted');
  assert.equal(accepted?.reason, 'RemovedApiInUse');
});

test('explain and preview say so, and what to type', async () => {
  const explained = await autopilot('explain', 'autopilot');
  assert.equal(explained.code, 0, explained.stderr);
  assert.ok(explained.stdout.includes(DESCRIPTION), explained.stdout);
  assert.match(
    explained.stdout,
    /\n {4}kubectl get removedcrds\.v1beta1\.k0s\.k0sproject\.example\.com -A\n/,
  );
  const file = join(tmpdir(), `removed-apis-${process.pid}.yaml`);
  await writeFile(file, JSON.stringify(toTheEnd()));
  const previewed = await autopilot('preview', '-f', file);
  assert.equal(previewed.code, 1, previewed.stderr);
  assert.ok(previewed.stdout.includes(`RemovedApiInUse: commands[0]`), previewed.stdout);
  assert.ok(previewed.stdout.includes(DESCRIPTION), previewed.stdout);
});

test('forceupdate waives it for an update, and nothing does for a bundle', async () => {
  const forced = await planAfter(toTheEnd(true));
  assert.equal(forced.status?.state, 'IncompleteTargets');
  assert.equal(forced.status.commands?.[0]?.description, undefined);

  const bundle = {
    ...toTheEnd(),
    spec: {
      ...{ id: 'bundle', timestamp: 'now' },
      commands: [
        {
          airgapupdate: {
            ...{ version: 'v99.99.99', platforms: { 'linux-amd64': offer } },
            workers: { discovery: only('w1') },
          },
        },
      ],
    },
  };
  const { status } = await planAfter(bundle);
  assert.equal(status?.state, 'Warning');
  assert.equal(status.commands?.[0]?.description, DESCRIPTION);
});

test('once the objects are gone, a retry is not held by them', async () => {
  await api.kubectl('delete', 'removedcrd', 'removed-resource');
  const asked = await autopilot('retry', 'autopilot');
  assert.equal(asked.code, 0, asked.stderr + asked.stdout);
  const plan = await ended(
    ({ status }) => hasEnded({ status } as Plan) && status?.state !== 'Warning',
  );
  assert.equal(plan.status?.state, 'IncompleteTargets');
});

test('an object that is served under the version that survives is no alarm; under no other, it is one', async () => {
  const group = 'moving.example.com';
  const kube = await api.as('lister', ['system:masters']);
  const gone = (survivesAs: string | undefined): RemovedApi[] => [
    { group, version: 'v1beta1', kind: 'Thing', removedIn: 'v1.40.0', survivesAs },
  ];
  const found = async (survivesAs: string | undefined) => {
    const uses = await usesOf(kube, gone(survivesAs), AbortSignal.timeout(20_000));
    return uses.map(({ resource, objects }) => `${objects} ${resource}`);
  };
  await apply(definition(group, 'Thing', { v1beta1: true, v1: true }));
  for (const name of ['one', 'two']) {
    await apply({ apiVersion: `${group}/v1beta1`, kind: 'Thing', metadata: { name } });
  }
  assert.deepEqual(await found('v1'), []);
  assert.deepEqual(await found(undefined), ['2 things']);
  await apply(definition(group, 'Thing', { v1beta1: true, v1: false }));
  await eventually('v1 not to be served', async () => (await found('v1')).length === 1);
  assert.deepEqual(await found('v1'), ['2 things']);
});

const artifact = { url: 'https://mirror.example/k0s' };
const platforms = (sha256?: unknown) => ({
  'linux-amd64': { ...artifact, ...(sha256 === undefined ? {} : { sha256 }) },
});
const update = (targets: object, sha256?: unknown) => ({
  k0supdate: { version: 'v1.36.3+k0s.0', platforms: platforms(sha256), targets },
});
const everything = { discovery: { selector: {} } };
const bundle = (workers: object = everything) => ({
  airgapupdate: { version: 'v1.36.3', platforms: platforms(), workers },
});
const by = (selector: object) => ({ discovery: { selector } });

function planOf(commands: readonly object[]) {
  return {
    apiVersion: 'autopilot.k0sproject.io/v1beta2',
    kind: 'Plan',
    metadata: { name: 'autopilot' },
    spec: { id: '1', timestamp: 'now', commands },
  };
}

/** @returns what `kubectl apply` prints beside the name of what was applied */
async function warningsOf(commands: readonly object[]): Promise<string[]> {
  await remove();
  const { code, stderr } = await api.tryKubectl(['apply', '-f', '-'], stringify(planOf(commands)));
  assert.equal(code, 0, stderr);
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('Warning: '))
    .map((line) => line.replace(/^.* with binding '[^']*': /, ''));
}

const rows: readonly (readonly [
  sentence: string,
  commands: readonly object[],
  ...said: readonly RegExp[],
])[] = [
  [
    'all is well',
    [update({ controllers: everything, workers: everything }, 'a'.repeat(64)), bundle()],
  ],
  [
    'concurrent: 0',
    [update({ workers: { ...everything, limits: { concurrent: 0 } } })],
    /^workers.limits.concurrent: wanted 1 or more, found 0; k0s would wait for ever/,
  ],
  [
    'a negative one of a bundle',
    [bundle({ ...everything, limits: { concurrent: -3 } })],
    /found -3;/,
  ],
  [
    'both commands in one item',
    [{ ...update({ workers: everything }), ...bundle() }],
    /^commands: wanted k0supdate or airgapupdate in each item, found both in one;/,
  ],
  ['an item with neither', [{}], /found neither in one; k0s would do nothing/],
  [
    'a digest that is not hex',
    [update({ workers: everything }, 'sha256:abc')],
    /sha256: wanted 64 hex digits, in quotes, found linux-amd64: sha256:abc;/,
  ],
  [
    'a digest that lost its quotes on the way through a template',
    [update({ workers: everything }, '1.2345678e+63')],
    /in quotes, found linux-amd64: 1.2345678e\+63;/,
  ],
  [
    'controllers by the label of their role',
    [update({ controllers: by({ labels: 'node-role.kubernetes.io/control-plane=true' }) })],
    /wanted labels that ControlNodes carry, found node-role.kubernetes.io\/control-plane=true;/,
  ],
  [
    'a field that cannot be selected by',
    [update({ workers: by({ fields: 'spec.unschedulable=false' }) })],
    /^selector.fields: wanted metadata.name=NAME .* found spec.unschedulable=false; k0s would select nothing/,
  ],
  [
    'labels that cannot be parsed',
    [update({ workers: by({ labels: 'pool in (' }) })],
    /^selector.labels: wanted .* found pool in \(; k0s would select everything/,
  ],
  [
    'several at once',
    [{}, update({ workers: { ...everything, limits: { concurrent: 0 } } })],
    /concurrent/,
    /neither/,
  ],
];

for (const [sentence, commands, ...said] of rows) {
  test(`kubectl apply, where ${sentence}: ${said.length} warnings, which the status repeats`, async () => {
    const warnings = await warningsOf(commands);
    assert.equal(warnings.length, said.length, warnings.join('\n'));
    for (const [at, pattern] of said.entries()) assert.match(warnings[at] ?? '', pattern);
    const { status } = await ended();
    const condition = status?.conditions?.find(({ type }) => type === 'WellFormed');
    assert.equal(condition?.message, said.length === 0 ? undefined : warnings.join('; '));
  });
}

test('a digest without quotes that is a number never comes so far: the API server names the field', async () => {
  const text = stringify(planOf([update({ workers: everything }, 0)])).replace(
    'sha256: 0',
    `sha256: ${'1'.repeat(64)}`,
  );
  const { code, stderr } = await api.tryKubectl(['apply', '-f', '-'], text);
  assert.equal(code, 1);
  assert.match(stderr, /platforms\.linux-amd64\.sha256: Invalid value: .*must be of type string/);
});

test('a Plan of hundreds of commands is let in, warned of or not', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`linux-${at}`, { ...artifact, sha256: 'a'.repeat(64) }]),
  );
  const labels = Array.from({ length: 20 }, (_, at) => `label-${at} in (a,b,c)`).join(',');
  const one = { version: 'v1.36.3+k0s.0', platforms: many, targets: { workers: by({ labels }) } };
  const plan = planOf(Array.from({ length: 150 }, () => ({ k0supdate: one })));
  const large = { ...plan, metadata: { name: 'large' } };
  const made = await api.tryKubectl(['create', '-f', '-'], JSON.stringify(large));
  assert.equal(made.code, 0, made.stderr);
  assert.equal(made.stderr, '');
  await api.kubectl('delete', 'plan', 'large');
});

test('the API server finds no fault with the policy itself', async () => {
  const policy = await eventually('the policy to be checked', async () => {
    const text = await api.kubectl(
      ...['get', 'validatingadmissionpolicy', 'autopilot-plan-warnings', '-o', 'json'],
    );
    const { status } = JSON.parse(text);
    return status?.typeChecking === undefined ? undefined : status;
  });
  assert.equal(policy.typeChecking.expressionWarnings, undefined, JSON.stringify(policy));
});
