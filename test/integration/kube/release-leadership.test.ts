import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Kube } from '../../../src/kube/client.ts';
import type { RawLease } from '../../../src/kube/raw.ts';
import { releaseLeadership } from '../../../src/kube/release-leadership.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager';

let api: ApiServer;
/** With the rights of the orchestrator and no others. */
let kube: Kube;
/** What the real kube-controller-manager calls the host that it runs on. */
let host: string;

before(async () => {
  api = await startApiServer();
  kube = await api.as(ORCHESTRATOR);
  const holder = await eventually('a kube-controller-manager to lead', async () => {
    return (await election())?.holderIdentity || undefined;
  });
  host = holder.slice(0, holder.lastIndexOf('_'));
});
after(() => api?.stop());

async function election(): Promise<RawLease['spec']> {
  try {
    return (await api.admin.request<RawLease>('GET', LEASE)).spec;
  } catch {
    return undefined;
  }
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString();

test('what another host was elected for is left alone', async () => {
  const before = await election();
  const one = { name: `${host}-2`, restartedAt: inAnHour() };
  assert.deepEqual(await releaseLeadership(kube, one, undefined), { done: true });
  assert.equal((await election())?.leaseTransitions, before?.leaseTransitions);
  assert.equal((await election())?.holderIdentity, before?.holderIdentity);
});

test('what was renewed since the restart is held by a new process, and left alone', async () => {
  const before = await election();
  const one = { name: host, restartedAt: anHourAgo() };
  assert.deepEqual(await releaseLeadership(kube, one, undefined), { done: true });
  assert.equal((await election())?.leaseTransitions, before?.leaseTransitions);
  assert.equal((await election())?.holderIdentity, before?.holderIdentity);
});

const called: readonly (readonly [string, () => { name: string; nodeName?: string }])[] = [
  ['is called as its ControlNode', () => ({ name: host })],
  ['is called as its Node, in capitals', () => ({ name: 'cp-one', nodeName: host.toUpperCase() })],
];
for (const [sentence, names] of called) {
  test(`what an old process of the host held is free at once, where the host ${sentence}`, async () => {
    const before = (await election())?.leaseTransitions ?? 0;
    // A renewal may come between reading and writing: then the world has moved on, as it is told.
    await eventually('the Lease to be freed', async () => {
      const one = { ...names(), restartedAt: inAnHour() };
      return (await releaseLeadership(kube, one, undefined)).done || undefined;
    });
    await eventually('somebody to be elected', async () => {
      const now = await election();
      return (now?.holderIdentity ?? '') !== '' && (now?.leaseTransitions ?? 0) > before;
    });
  });
}

test('without the right it says so, and nothing ends', async () => {
  const nobody = await api.as('nobody');
  const one = { name: host, restartedAt: inAnHour() };
  const outcome = await releaseLeadership(nobody, one, undefined);
  assert.equal(outcome.done, false);
  assert.match(outcome.done ? '' : outcome.why, /cannot get resource "leases"/);
});
