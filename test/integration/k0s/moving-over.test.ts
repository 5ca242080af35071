import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ANNOTATION, API_VERSION } from '../../../src/api/meta.ts';
import { type Plan, planSchema } from '../../../src/api/plan.ts';
import { CONTENT_TYPE } from '../../../src/kube/client.ts';
import { CONTROL_NODES, PLANS } from '../../../src/kube/target-path.ts';
import type { AdoptionCheck } from '../../../src/plans/adoption.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { aReport, NEW } from '../../support/builders.ts';
import { type Finished, tryRun } from '../../support/cluster/run.ts';
import { eventually } from '../../support/eventually.ts';
import { anyKind, K0sLeader, k0sDefinitions } from '../../support/k0s-autopilot.ts';
import { LoneOrchestrator } from '../../support/lone-orchestrator.ts';
import { aPlan, conditionOf, hasEnded, only } from '../../support/plans.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MAIN = join(ROOT, 'src/main.ts');
const PROFILE = 'worker-config-default-1.36';

let api: ApiServer;
let k0s: K0sLeader;
let orchestrator: LoneOrchestrator | undefined;
let config: string;
/** Commands that were run, as the page for users writes them. */
const ran = new Set<string>();

before(async () => {
  api = await startApiServer({ bare: true });
  config = await api.kubeconfig('admin', ['system:masters']);
  await clusterOfK0s();
});
after(async () => {
  await orchestrator?.stop();
  await api?.stop();
});

const offer = { url: 'http://127.0.0.1:1/k0s' };
const toNew = (name: string, controllers = only('c1')) =>
  aPlan({ name, version: NEW, offer, controllers });

/** A cluster whose Autopilot is k0s's own: one Plan is under way, others have ended or never began. */
async function clusterOfK0s(): Promise<void> {
  await applied(await k0sDefinitions());
  await api.kubectl('create', 'namespace', 'k0s-autopilot');
  k0s = new K0sLeader(await api.as('k0s', ['system:masters']));
  await k0s.lead();
  await eventually('the kinds of k0s', () => api.admin.request('GET', CONTROL_NODES));
  for (const name of ['autopilot', 'old', 'done', 'legacy']) await create(toNew(name));
  const targets = {
    k0supdate: {
      controllers: [
        { name: 'c1', state: 'SignalSent', lastUpdatedTimestamp: '2026-03-01T22:00:00Z' },
      ],
    },
  };
  const entry = (state: string) => [{ id: 0, state, ...targets }];
  await writeStatus('autopilot', { state: 'SchedulableWait', commands: entry('SchedulableWait') });
  await writeStatus('done', { state: 'Completed', commands: entry('Completed') });
  await writeStatus('legacy', { state: 'InconsistentTargets', commands: [] });
  const signal = {
    ...{ planId: 'upg-1', created: '2026-03-01T22:00:00Z' },
    command: { id: 0, k0supdate: { url: offer.url, version: NEW } },
    status: { status: 'Downloading', timestamp: '2026-03-01T22:00:01Z' },
  };
  await create({
    apiVersion: API_VERSION,
    kind: 'ControlNode',
    metadata: {
      name: 'c1',
      labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
      annotations: {
        'k0sproject.io/autopilot-signal-version': 'v2',
        'k0sproject.io/autopilot-signal-data': JSON.stringify(signal),
      },
    },
  });
  await create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...{ name: PROFILE, namespace: 'kube-system' },
      labels: { 'k0s.k0sproject.io/worker-profile': 'default' },
    },
    data: { konnectivity: '{}' },
  });
}

async function applied(text: string): Promise<void> {
  const { code, stderr } = await api.tryKubectl(['apply', '-f', '-'], text);
  assert.equal(code, 0, stderr);
}

async function create(object: object): Promise<void> {
  const { code, stderr } = await api.tryKubectl(['create', '-f', '-'], JSON.stringify(object));
  assert.equal(code, 0, stderr);
}

/** As k0s writes it: an administrator, by an update of the subresource. */
function writeStatus(name: string, status: object): Promise<unknown> {
  return api.admin.request('PATCH', `${PLANS}/${name}/status`, {
    contentType: CONTENT_TYPE.mergePatch,
    body: { status },
  });
}

async function plan(name: string): Promise<Plan> {
  return planSchema.parse(await api.admin.request('GET', `${PLANS}/${name}`));
}

function planThat(name: string, isSo: (plan: Plan) => boolean): Promise<Plan> {
  return eventually(`Plan ${name} to be so`, async () => {
    const found = await plan(name);
    if (isSo(found)) return found;
    throw new Error(JSON.stringify(found.status));
  });
}

const waitsWith = (reason: string) => (found: Plan) =>
  conditionOf(found, 'Waiting')?.reason === reason;

function autopilot(...args: string[]): Promise<Finished> {
  ran.add(`autopilot ${args.join(' ')}`);
  return tryRun(process.execPath, [MAIN, ...args, '--kubeconfig', config]);
}

async function kubectl(line: string): Promise<string> {
  ran.add(line);
  const [, ...args] = line.split(' ');
  // From the folder of the project, as the page says.
  return api.kubectl(...args.map((arg) => (/^(crds|deploy)\//.test(arg) ? join(ROOT, arg) : arg)));
}

interface Adopted {
  readonly code: number;
  readonly done: readonly string[];
  readonly checks: readonly AdoptionCheck[];
}

async function adopt(...args: string[]): Promise<Adopted> {
  ran.add(['autopilot', 'adopt', ...args].join(' '));
  const { code, stdout, stderr } = await autopilot('adopt', ...args, '-o', 'json');
  assert.ok(stdout.startsWith('{'), stderr);
  return { code, ...JSON.parse(stdout) };
}

const about = ({ checks }: Adopted, subject: string) =>
  checks.find((one) => one.subject === subject);

const events = (name: string) =>
  api.kubectl('get', 'events', '--field-selector', `involvedObject.name=${name}`);

test('adopt --check on a cluster of k0s: what is in the way, what is missing, what is true of each node', async () => {
  const found = await adopt('--check');
  assert.equal(found.code, 1);
  assert.equal(about(found, 'leader')?.outcome, 'blocked');
  assert.match(
    about(found, 'leader')?.sentence ?? '',
    new RegExp(`k0s.* leads .*${K0sLeader.holder}`),
  );
  assert.equal(about(found, 'component')?.outcome, 'blocked');
  assert.match(about(found, 'component')?.sentence ?? '', /worker-config-default-1\.36/);
  assert.match(
    about(found, 'ControlNode c1')?.sentence ?? '',
    /signal of k0s stands at Downloading/,
  );
  assert.match(about(found, 'agents')?.sentence ?? '', /none reports from ControlNode c1/);
  assert.match(about(found, 'kinds')?.sentence ?? '', /no spec\.policy, status\..* and \d+ more/);
  assert.match(about(found, 'installation')?.sentence ?? '', /not there: CustomResourceDefinition/);
  assert.match(
    about(found, 'Plan autopilot')?.sentence ?? '',
    /^k0s left it as SchedulableWait: c1 unknown version, wanted v1\.36\.3\+k0s\.0 \(SignalSent\)$/,
  );
});

test('adopt --check says what k0s keeps its state in, as far as the cluster tells', async () => {
  const storage = async () => about(await adopt('--check'), 'storage')?.sentence;
  assert.match((await storage()) ?? '', /^the cluster does not tell/);
  const define = async (kind: string, group: string, ...objects: readonly object[]) => {
    await applied(anyKind(kind, group));
    const path = `/apis/${group}/v1beta1/${kind.toLowerCase()}s`;
    await eventually(`the kind ${kind}`, () => api.admin.request('GET', path));
    for (const object of objects) await create({ apiVersion: `${group}/v1beta1`, kind, ...object });
  };
  const config = { metadata: { name: 'k0s' }, spec: { storage: { type: 'kine' } } };
  await define('ClusterConfig', 'k0s.k0sproject.io', config);
  assert.equal(await storage(), 'k0s keeps its state in kine');
  const member = (name: string) => ({ metadata: { name } });
  await define('EtcdMember', 'etcd.k0sproject.io', member('c1'), member('c2'), member('c3'));
  assert.equal(await storage(), 'k0s keeps its state in etcd (3 members)');
});

test('adopt changes nothing while k0s leads', async () => {
  const { code, stderr, stdout } = await autopilot('adopt');
  assert.equal(code, 1);
  assert.match(stderr, /nothing was changed; first end what is blocked/);
  assert.match(stdout, /^blocked +leader: k0s's own Autopilot leads/m);
  const kinds = await api.kubectl('get', 'crd', '-o', 'name');
  assert.doesNotMatch(kinds, /extensions\.autopilot/);
});

test('ours stands by beside it, and says so; k0s goes on with its Plans', async () => {
  await kubectl('kubectl apply -f crds/ -f deploy/namespace.yaml');
  await kubectl('kubectl apply -f deploy/');
  const ours = await LoneOrchestrator.start(await api.kubeconfig(ORCHESTRATOR));
  orchestrator = ours;
  await eventually('it to stand by', async () =>
    (await ours.log()).includes("k0s's own Autopilot leads until it is switched off"),
  );
  await eventually('the Event', async () =>
    /StandingBy.*k0s's own/.test(await events('autopilot')),
  );
  assert.equal(await events('done'), '');
  const role = ['clusterrole', 'autopilot:orchestrator'];
  const remove = '[{"op":"remove","path":"/rules/0/verbs/0"}]';
  await api.kubectl('patch', ...role, '--type=json', '-p', remove);
  const rights = about(await adopt('--check'), 'rights');
  assert.match(rights?.sentence ?? '', /: ClusterRole autopilot:orchestrator lacks [a-z]+ [a-z.]+/);
  assert.match(rights?.next.join() ?? '', /^autopilot manifests \| kubectl apply /);
  await kubectl('kubectl apply -f deploy/');
  assert.equal(about(await adopt('--check'), 'rights'), undefined);
  const explained = await autopilot('explain', 'old');
  assert.match(explained.stdout, /k0s's own Autopilot leads .* this Plan is its to run/);
  // Our admission lets k0s write how its own Plans stand.
  await writeStatus('autopilot', { state: 'Schedulable' });
  await writeStatus('autopilot', { state: 'SchedulableWait' });
});

test('it takes over once the Lease is freed; no Plan from before runs by surprise, and a new one does', async () => {
  await api.kubectl(
    ...['patch', 'configmap', PROFILE, '-n', 'kube-system', '--type=merge'],
    ...['-p', '{"data":{"autopilotDisabled":"true"}}'],
  );
  await k0s.end();
  await planThat('autopilot', waitsWith('LeftByK0s'));
  await planThat('old', waitsWith('NotAdopted'));
  await create(toNew('fresh', only('nobody')));
  const fresh = await planThat('fresh', hasEnded);
  assert.equal(fresh.status?.state, 'IncompleteTargets');
  for (const [name, state] of [
    ['done', 'Completed'],
    ['legacy', 'InconsistentTargets'],
  ] as const) {
    const { status } = await plan(name);
    assert.equal(status?.state, state);
    assert.equal(status.conditions, undefined, 'what k0s has ended is left alone');
  }
  for (const [name, words] of [
    ['autopilot', /it would not begin: k0s has begun it .* autopilot adopt --run autopilot/],
    ['old', /it would not begin: it is older than this installation .* adopt --run old/],
    ['done', /it would not begin: k0s has run it, and it ended Completed/],
  ] as const) {
    assert.match((await autopilot('preview', name)).stdout.replaceAll(/\s+/g, ' '), words);
  }
  assert.doesNotMatch((await autopilot('preview', 'fresh')).stdout, /would not begin/);
  await orchestrator?.stop();
  orchestrator = await LoneOrchestrator.start(await api.kubeconfig(ORCHESTRATOR));
  await eventually('it to act again', async () => (await orchestrator!.log()).includes('acting'));
  assert.ok(waitsWith('NotAdopted')(await plan('old')), 'a restart changes nothing of it');
});

test('adopt leaves the Plans from before to the past, once; a second time there is nothing to do', async () => {
  const c1 = { [ANNOTATION.report]: JSON.stringify(aReport({ k0sVersion: NEW })) };
  await api.admin.request('PATCH', `${CONTROL_NODES}/c1`, {
    query: { fieldManager: 'autopilot-agent' },
    contentType: CONTENT_TYPE.mergePatch,
    body: { metadata: { annotations: c1 } },
  });
  const found = await adopt('--check');
  assert.match(
    about(found, 'Plan autopilot')?.sentence ?? '',
    /c1 runs v1\.36\.3\+k0s\.0, as wanted \(SignalSent\)$/,
  );
  const [command = ''] = about(found, 'ControlNode c1')?.next ?? [];
  await kubectl(command);
  assert.equal((await adopt('--check')).code, 1, 'two Plans are left');
  const first = await adopt();
  assert.equal(first.code, 0, JSON.stringify(first.checks));
  assert.equal(first.done.filter((one) => one.startsWith('Plan ')).length, 4);
  assert.deepEqual((await adopt()).done, []);
  assert.ok(waitsWith('LeftByK0s')(await plan('autopilot')));
});

test('adopt --run lets one run: from where k0s has left it', async () => {
  await adopt('--run', 'autopilot');
  const { status } = await planThat('autopilot', hasEnded);
  assert.equal(status?.state, 'Completed');
  assert.equal(status.commands?.[0]?.k0supdate?.controllers?.[0]?.reason, 'AlreadyUpdated');
  assert.ok(waitsWith('NotAdopted')(await plan('old')), 'the other one still waits');
  const stranger = await autopilot('adopt', '--run', 'fresh');
  assert.equal(stranger.code, 2);
  assert.match(stranger.stderr, /wanted a Plan from before our installation, found fresh/);
});

test('a Plan that k0s had ended runs again once it is edited', async () => {
  await api.kubectl('patch', 'plan', 'done', '--type=merge', '-p', '{"spec":{"id":"upg-2"}}');
  const { status } = await planThat('done', hasEnded);
  assert.equal(status?.state, 'Completed');
});

test("when k0s's definitions are written over ours nothing begins, and it is said; adopt mends it", async () => {
  await applied(await k0sDefinitions());
  await create(toNew('later'));
  await eventually('the Event', async () => /KindsOverwritten/.test(await events('later')));
  const explained = await autopilot('explain', 'later');
  assert.match(explained.stdout, /\[KindsOverwritten\]/);
  assert.match(explained.stdout, /\n {4}kubectl apply -f crds\/\n/);
  assert.equal((await plan('later')).status?.runID, undefined);
  const { code, done } = await adopt();
  assert.equal(code, 0);
  // A status that is written while k0s's definitions stand loses our fields: such a Plan looks like one from before.
  assert.deepEqual(
    done.filter((line) => !line.startsWith('Plan fresh left to the past: ')),
    ['CustomResourceDefinition plans.autopilot.k0sproject.io made'],
  );
  const { status } = await planThat('later', hasEnded);
  assert.equal(status?.state, 'Completed');
});

test('--back waits for our orchestrator to stop, then takes away what would keep k0s from its work', async () => {
  await kubectl('kubectl delete plan old');
  const blocked = await adopt('--back', '--check');
  assert.equal(blocked.code, 1);
  assert.match(about(blocked, 'leader')?.sentence ?? '', /our orchestrator leads/);
  await orchestrator?.stop();
  orchestrator = undefined;
  const ready = await adopt('--back', '--check');
  assert.equal(ready.code, 0, JSON.stringify(ready.checks));
  const { code, done, checks } = await adopt('--back');
  assert.equal(code, 0);
  assert.ok(
    done.includes('ValidatingAdmissionPolicy autopilot-plan-requests deleted'),
    done.join(),
  );
  assert.ok(done.includes('the report of c1 taken away'));
  assert.deepEqual((await adopt('--back')).done, []);
  const policies = await api.kubectl('get', 'validatingadmissionpolicies', '-o', 'name');
  assert.doesNotMatch(policies, /autopilot/);
  for (const line of checks.flatMap(({ next }) => next)) {
    if (line.startsWith('kubectl ')) await kubectl(line);
  }
  // What k0s does when its Autopilot is back.
  await applied(await k0sDefinitions());
  assert.equal((await plan('done')).status?.state, 'Completed');
});

test('each command of the page for users was tried here, but for those of a host', async () => {
  const page = await readFile(join(ROOT, 'docs/usage/moving-over.md'), 'utf8');
  const lines = [...page.matchAll(/^```(?:sh)?\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/ +#.*$/, '').trim())
    .filter((line) => /^(autopilot|kubectl) /.test(line));
  assert.ok(lines.length > 5, 'the page has commands');
  assert.deepEqual(
    lines.filter((line) => !ran.has(line)),
    [],
  );
});
