import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PolicyLayer } from '../../../src/api/policy.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { anOperator, type Operator } from '../../support/operator.ts';
import { aPlan, conditionOf, everything, hasEnded, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

const NAMESPACE = ['-n', 'k0s-autopilot'] as const;

let cluster: Cluster;
let offer: Offer;
let ann: Operator;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 2 });
  offer = await cluster.offer({ version: NEW_VERSION });
  ann = await anOperator(cluster, 'ann');
});
after(() => cluster?.stop());

/** What ann writes with kubectl alone. */
function ask(request: object): Promise<string> {
  const patch = JSON.stringify({ status: { requests: [request] } });
  return cluster.kubectl(
    ...['patch', 'plan', 'autopilot', '--kubeconfig', ann.config],
    ...['--subresource=status', '--type=merge', '-p', patch],
  );
}

/** No node takes it, so that nobody but this test says what becomes of its pods. */
const JOB = {
  template: {
    spec: {
      nodeSelector: { 'test.example/nowhere': 'true' },
      containers: [{ name: 'main', image: 'registry.example/check:1' }],
    },
  },
};

function plan(id: string, policy: PolicyLayer) {
  const made = aPlan({ id, version: NEW_VERSION, offer, workers: everything });
  return { ...made, spec: { ...made.spec, policy } };
}

interface RawPod {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: {
    readonly containers: readonly [{ readonly env: readonly { name: string; value?: string }[] }];
  };
  readonly status: { readonly phase: string };
}

/** The pod of the Job that is waited for. */
function waitingPod(): Promise<RawPod> {
  return eventually('the pod of a Job', async () => {
    const labels = ['-l', 'autopilot.k0sproject.io/hook=look', '-o', 'json'];
    const { items } = JSON.parse(await cluster.kubectl('get', 'pods', ...NAMESPACE, ...labels));
    return (items as RawPod[]).find(({ status }) => status.phase === 'Pending');
  });
}

/** Plays the kubelet. */
async function endPod({ metadata }: RawPod, phase: 'Succeeded' | 'Failed'): Promise<void> {
  const patch = JSON.stringify({ status: { phase } });
  await cluster.kubectl(
    ...['patch', 'pod', metadata.name, ...NAMESPACE],
    ...['--subresource=status', '--type=merge', '-p', patch],
  );
}

function envOf(pod: RawPod): Record<string, string | undefined> {
  return Object.fromEntries(pod.spec.containers[0].env.map(({ name, value }) => [name, value]));
}

test('a Job that the API server does not take fails the run with its words, before anything is touched', async () => {
  const job = { template: { spec: { containers: [{ name: 'Main' }] } } };
  await cluster.apply(plan('upg-0', { hooks: [{ name: 'odd', when: ['BeforeRun'], job }] }));
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  const failed = conditionOf(ended, 'Failed');
  assert.equal(failed?.reason, 'HookFailed');
  assert.match(
    failed.message,
    /^hook odd at BeforeRun failed: POST .*: 422 Job.batch .* is invalid/,
  );
  assert.match(failed.message, /w1, w2 were not touched/);
});

test('a run waits for people and Jobs at its points, fails with a Job, and asks nobody twice', async () => {
  await cluster.apply(
    plan('upg-1', {
      approvals: ['BeforeWorkers', 'BeforeEachBatch'],
      batches: { ramp: [1] },
      hooks: [{ name: 'look', when: ['BeforeNode'], job: JOB }],
    }),
  );
  const held = await cluster.waitForPlan(
    'autopilot',
    'to wait for somebody',
    ({ status }) => status?.waitsFor?.includes('a person has to look') === true,
  );
  assert.equal(conditionOf(held, 'Waiting')?.reason, 'WaitsForApproval');
  assert.match(
    await ann.autopilot('explain', 'autopilot'),
    /autopilot approve autopilot --of Workers/,
  );

  // In advance, with kubectl alone; in somebody else's name it is refused.
  const early = { nonce: 'early', verb: 'approve', arguments: { of: 'Batch/2' } };
  await assert.rejects(ask({ ...early, by: 'bob' }), /wanted a new request with .* by: ann/);
  await ask({ ...early, by: 'ann' });
  await assert.rejects(
    ann.autopilot('approve', 'autopilot', '--of', 'Batch/7'),
    /NothingToApprove/,
  );
  assert.equal(
    await ann.autopilot('approve', 'autopilot'),
    'Plan autopilot: Workers approved: nobody is asked before the workers\n',
  );

  const first = await waitingPod();
  const waiting = await cluster.waitForPlan(
    'autopilot',
    'to wait for the Job',
    (one) => conditionOf(one, 'Waiting')?.reason === 'WaitsForHook',
  );
  const { AUTOPILOT_NODE: one, ...told } = envOf(first);
  assert.deepEqual(told, {
    AUTOPILOT_PLAN: 'autopilot',
    AUTOPILOT_RUN: waiting.status?.runID,
    AUTOPILOT_POINT: 'BeforeNode',
    AUTOPILOT_BATCH: '1',
    AUTOPILOT_VERSION: NEW_VERSION,
  });
  // Whoever leads next waits for the same Job, and begins no other.
  await cluster.orchestrators[0]?.kill();
  await endPod(first, 'Succeeded');
  await cluster.waitForPlan('autopilot', 'to have updated one node', (all) =>
    ['w1', 'w2'].some((name) => targetNamed(all, name)?.phase === 'Committed'),
  );

  const second = await waitingPod();
  const two = envOf(second).AUTOPILOT_NODE;
  assert.deepEqual([one, two].toSorted(), ['w1', 'w2']);
  assert.equal(envOf(second).AUTOPILOT_BATCH, '2');
  await endPod(second, 'Failed');
  const ended = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  const failed = conditionOf(ended, 'Failed');
  assert.equal(failed?.reason, 'HookFailed');
  assert.match(failed.message, new RegExp(`hook look at BeforeNode/${two} failed: BackoffLimit`));
  assert.match(failed.message, new RegExp(`${one} runs ${NEW_VERSION.replaceAll('+', '.')}`));
  const jobs = await cluster.kubectl('get', 'jobs', ...NAMESPACE, '-o', 'name');
  assert.equal(jobs.trim().split('\n').length, 2, jobs);
  const { approvals } = ended.status?.commands?.[0] ?? {};
  assert.deepEqual(
    approvals?.map(({ of, by }) => `${by} ${of}`),
    ['ann Batch/2', 'ann Workers'],
  );

  // The workers were come to: nobody is asked for them again, and the one batch that is left is the first.
  await ann.autopilot('retry', 'autopilot');
  const third = await waitingPod();
  assert.equal(envOf(third).AUTOPILOT_NODE, two);
  await endPod(third, 'Succeeded');
  const done = await cluster.waitForPlan('autopilot', 'to end', hasEnded);
  assert.equal(done.status?.state, 'Completed', JSON.stringify(done.status?.conditions));
  const events = await cluster.kubectl('get', 'events', '-A', '-o', 'yaml');
  assert.match(events, /ann asked to approve: Workers approved/);
});
