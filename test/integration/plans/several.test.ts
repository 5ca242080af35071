import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EXTENSIONS_API_VERSION } from '../../../src/api/meta.ts';
import type { Plan } from '../../../src/api/plan.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { aPlan, conditionOf, hasEnded, only, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

const PATCH_VERSION = 'v1.36.4+k0s.0';

let cluster: Cluster;
let offer: Offer;
let patch: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 3 });
  offer = await cluster.offer({ version: NEW_VERSION });
  patch = await cluster.offer({ version: PATCH_VERSION });
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
  await cluster.apply(planOf('one', { workers: only('w1') }));
  await cluster.apply(planOf('two', { workers: only('w2') }));
  await cluster.apply(
    planOf('three', { workers: only('w2', 'w3'), version: PATCH_VERSION, offer: patch }),
  );
  for (const name of ['one', 'two', 'three']) {
    await cluster.waitForPlan(name, 'to be held', (plan) => plan.status?.waitsFor !== undefined);
  }
  await cluster.apply(policy({ maxUnavailable: 2 }));
  const queued = await cluster.waitForPlan(
    'three',
    'to wait for its turn',
    (plan) => conditionOf(plan, 'Waiting')?.reason === 'WaitsForOtherPlan',
  );
  assert.equal(queued.status?.waitsFor, 'Plan two runs first; 2nd of 2');
  await cluster.apply(planOf('four', { controllers: only('cp-1') }));
  const last = await cluster.waitForPlan(
    'four',
    'to wait for its turn',
    (plan) => conditionOf(plan, 'Waiting')?.reason === 'WaitsForOtherPlan',
  );
  assert.match(last.status?.waitsFor ?? '', /^Plan .*three.* runs first; /);
  const ended: Record<string, Plan> = {};
  for (const name of ['one', 'two', 'three', 'four']) {
    ended[name] = await cluster.waitForPlan(name, 'to end', hasEnded, 240_000);
    assert.equal(ended[name].status?.state, 'Completed', name);
  }
  const { one, two, three, four } = ended;
  assert.ok(startOf(one) < endOf(two) && startOf(two) < endOf(one), 'side by side');
  assert.ok(startOf(three) >= endOf(two), 'one after the other');
  assert.ok(startOf(four) >= Math.max(endOf(one), endOf(three)), 'alone');
  assert.equal(targetNamed(three!, 'w2')?.previousVersion, NEW_VERSION);
});

test('a paused run is overtaken by a patch, and takes no version back when it goes on', async () => {
  for (const name of ['one', 'two', 'three', 'four']) await cluster.kubectl('delete', 'plan', name);
  await cluster.kubectl('delete', 'updatepolicy', 'default');
  // Paused as soon as it has begun, by its own policy: w1 has not been touched then.
  const old = planOf('old', { workers: only('w1', 'w3'), version: PATCH_VERSION, offer: patch });
  const newest = 'v1.36.5+k0s.0';
  const newer = await cluster.offer({ version: newest });
  await cluster.apply(old);
  await cluster.waitForPlan('old', 'to have begun', (plan) => plan.status?.runID !== undefined);
  await cluster.apply({ ...old, spec: { ...old.spec, policy: { paused: true } } });
  await cluster.waitForPlan(
    'old',
    'to be paused with nothing in flight',
    (plan) =>
      conditionOf(plan, 'Waiting')?.reason === 'Paused' && plan.status?.state === 'Schedulable',
  );
  await cluster.apply(
    planOf('patch', { workers: only('w1', 'w3'), version: newest, offer: newer, concurrent: 2 }),
  );
  const patched = await cluster.waitForPlan('patch', 'to end', hasEnded, 240_000);
  assert.equal(patched.status?.state, 'Completed');
  await cluster.apply(old);
  const ended = await cluster.waitForPlan('old', 'to end', hasEnded);
  assert.equal(ended.status?.state, 'ApplyFailed');
  assert.equal(conditionOf(ended, 'Failed')?.reason, 'Superseded');
  assert.equal(targetNamed(ended, 'w1')?.reason, 'Superseded');
  const versions = await cluster.kubectl('get', 'nodes', '-o', 'yaml');
  assert.match(versions, /kubeletVersion: v1\.36\.5/);
  assert.doesNotMatch(versions, /unschedulable: true/);
});
