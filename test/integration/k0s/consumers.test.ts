import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONTENT_TYPE } from '../../../src/kube/client.ts';
import { PLANS } from '../../../src/kube/target-path.ts';
import { Cluster, type Offer } from '../../support/cluster/cluster.ts';
import { updateInPlace } from '../../support/k0smotron-client.ts';
import { aPlan, only, targetNamed } from '../../support/plans.ts';
import { NEW_VERSION } from '../../support/releases.ts';

let cluster: Cluster;
let offer: Offer;

before(async () => {
  cluster = await Cluster.start({ controllers: 1, workers: 1 });
  offer = await cluster.offer({ version: NEW_VERSION });
});
after(() => cluster?.stop());

test('k0smotron updates one machine after the other, each by a Plan of the same name', async () => {
  const { kube } = cluster;
  const common = { version: NEW_VERSION, url: offer.url };
  const first = { ...common, id: 'id-kcp-1', role: 'controllers', node: 'c1' } as const;
  const controller = await updateInPlace(kube, first);
  assert.equal((await cluster.host('c1').k0sStatus()).version, NEW_VERSION);
  const worker = await updateInPlace(kube, {
    ...common,
    ...{ id: 'id-kcp-2', role: 'workers', node: 'w1' },
  });
  assert.equal((await cluster.host('w1').k0sStatus()).version, NEW_VERSION);
  for (const { states } of [controller, worker]) {
    assert.ok(states.includes('SchedulableWait'), states.join());
    assert.equal(states.at(-1), 'Completed');
  }
  assert.notEqual(controller.uid, worker.uid);
});

test('a Plan by server-side apply of the manager autopilot runs once, and again with a new id', async () => {
  await cluster.kubectl('delete', 'plan', 'autopilot');
  const apply = (id: string) =>
    cluster.kube.request('PATCH', `${PLANS}/autopilot`, {
      query: { fieldManager: 'autopilot', force: true },
      contentType: CONTENT_TYPE.apply,
      body: aPlan({ id, version: NEW_VERSION, offer, workers: only('w1') }),
    });
  const ended = (generation: number) =>
    cluster.waitForPlan(
      'autopilot',
      'to be Completed',
      ({ status }) => status?.state === 'Completed' && status.observedGeneration === generation,
    );
  await apply('chan-1');
  const first = await ended(1);
  assert.equal(targetNamed(first, 'w1')?.reason, 'AlreadyUpdated');
  await apply('chan-1');
  assert.equal((await cluster.plan('autopilot'))?.metadata.generation, 1);
  await apply('chan-2');
  const second = await ended(2);
  assert.notEqual(second.status?.runID, first.status?.runID);
  // The manager of the spec owns none of the status, nor is any of it taken back by its apply.
  assert.equal(second.status?.commands?.length, 1);
});
