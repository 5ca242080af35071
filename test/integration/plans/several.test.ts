import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EXTENSIONS_API_VERSION } from '../../../src/api/meta.ts';
import type { Plan } from '../../../src/api/plan.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { anOperator, type Operator } from '../../support/operator.ts';
import {
  aPlan,
  conditionOf,
  everything,
  hasEnded,
  only,
  targetNamed,
} from '../../support/plans.ts';
import { NEW_VERSION, OLD_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;
let older: Offer;
let ann: Operator;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 3 });
  offer = await cluster.offer({ version: NEW_VERSION });
  older = await cluster.offer({ version: OLD_VERSION });
  ann = await anOperator(cluster, 'ann');
});
after(() => cluster?.stop());

const policy = (spec: object) => ({
  apiVersion: EXTENSIONS_API_VERSION,
  kind: 'UpdatePolicy',
  metadata: { name: 'default' },
  spec,
});
const planOf = (name: string, over: Partial<Parameters<typeof aPlan>[0]>) =>
  aPlan({ name, id: name, version: NEW_VERSION, offer, ...over });
const startOf = (plan: Plan | undefined) => Date.parse(plan?.status?.startedAt ?? '');
const endOf = (plan: Plan | undefined) => Date.parse(plan?.status?.finishedAt ?? '');

test('disjoint Plans run side by side, an overlapping one queues, and one of controllers is alone', async () => {
  await cluster.apply(policy({ paused: true, maxUnavailable: 2 }));
  await cluster.apply(planOf('a-one', { workers: only('w1') }));
  await cluster.apply(planOf('b-two', { workers: only('w2') }));
  // Who is applied last and wants an older version gets it.
  await cluster.apply(
    planOf('c-three', { workers: only('w2', 'w3'), version: OLD_VERSION, offer: older }),
  );
  for (const name of ['a-one', 'b-two', 'c-three']) {
    await cluster.waitForPlan(name, 'to be held', (plan) => plan.status?.waitsFor !== undefined);
  }
  await cluster.apply(policy({ maxUnavailable: 2 }));
  const queued = await cluster.waitForPlan(
    'c-three',
    'to wait for its turn',
    (plan) => conditionOf(plan, 'Waiting')?.reason === 'WaitsForOtherPlan',
  );
  assert.equal(queued.status?.waitsFor, 'Plan b-two runs first; 2nd of 2');
  await cluster.apply(planOf('d-four', { controllers: everything }));
  const last = await cluster.waitForPlan(
    'd-four',
    'to wait for its turn',
    (plan) => conditionOf(plan, 'Waiting')?.reason === 'WaitsForOtherPlan',
  );
  assert.match(last.status?.waitsFor ?? '', /^Plan .*c-three.* runs first; /);
  const ended: Record<string, Plan> = {};
  for (const name of ['a-one', 'b-two', 'c-three', 'd-four']) {
    ended[name] = await cluster.waitForPlan(name, 'to end', hasEnded, 240_000);
    assert.equal(ended[name].status?.state, 'Completed', name);
  }
  const [one, two, three, four] = Object.values(ended);
  assert.ok(startOf(one) < endOf(two) && startOf(two) < endOf(one), 'side by side');
  assert.ok(startOf(three) >= endOf(two), 'one after the other');
  assert.ok(startOf(four) >= Math.max(endOf(one), endOf(three)), 'alone');
  assert.equal(targetNamed(three!, 'w2')?.previousVersion, NEW_VERSION);
});

test('a paused run is overtaken by a patch, and takes no version back when it goes on', async () => {
  for (const name of ['a-one', 'b-two', 'c-three', 'd-four'])
    await cluster.kubectl('delete', 'plan', name);
  await cluster.kubectl('delete', 'updatepolicy', 'default');
  const old = planOf('old', { workers: only('w2', 'w3'), version: OLD_VERSION, offer: older });
  Object.assign(old.spec.commands[0]?.k0supdate ?? {}, { forceupdate: true });
  // Between its two nodes there is time to be paused.
  Object.assign(old.spec, { policy: { batches: { ramp: [1], soak: '1m' } } });
  await cluster.apply(old);
  await cluster.waitForPlan('old', 'to have begun', (plan) => plan.status?.runID !== undefined);
  await ann.autopilot('pause', 'old');
  await cluster.waitForPlan(
    'old',
    'to be paused with nothing in flight',
    (plan) =>
      conditionOf(plan, 'Waiting')?.reason === 'Paused' && plan.status?.state === 'Schedulable',
  );
  await cluster.apply(planOf('patch', { workers: only('w2', 'w3'), concurrent: 2 }));
  const patched = await cluster.waitForPlan('patch', 'to end', hasEnded, 240_000);
  assert.equal(patched.status?.state, 'Completed');
  await ann.autopilot('resume', 'old');
  const ended = await cluster.waitForPlan('old', 'to end', hasEnded);
  assert.equal(ended.status?.state, 'ApplyFailed');
  assert.equal(conditionOf(ended, 'Failed')?.reason, 'Superseded');
  assert.equal(targetNamed(ended, 'w3')?.reason, 'Superseded');
  assert.match(conditionOf(ended, 'Failed')?.message ?? '', /Plan patch, which was applied later/);
  const nodes = await cluster.kubectl('get', 'nodes', '-o', 'yaml');
  assert.equal(nodes.match(/kubeletVersion: v1\.36\.3/g)?.length, 3);
  assert.doesNotMatch(nodes, /unschedulable: true/);
});
