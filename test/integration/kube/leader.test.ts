import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LEADER_LEASE, NAMESPACE } from '../../../src/api/meta.ts';
import { type Leader, type Leadership, startLeader } from '../../../src/kube/leader.ts';
import type { RawLease } from '../../../src/kube/raw.ts';
import { isAlone } from '../../../src/plans/hand-over.ts';
import { type ApiServer, ORCHESTRATOR, startApiServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { silentLog } from '../../support/silent-log.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const LEASE = `${LEASES}/${LEADER_LEASE}`;
const leaseMs = 3_000;
const times = { leaseMs, renewDeadlineMs: 2_000, retryMs: 500 };

let api: ApiServer;
let wire: TcpProxy;
const leaders: Leader[] = [];

before(async () => {
  api = await startApiServer();
  wire = await startTcpProxy(api.address, api.port);
});
after(async () => {
  await Promise.all(leaders.map((leader) => leader.stop()));
  await wire?.close();
  await api?.stop();
});

interface Candidate {
  readonly leader: Leader;
  /** When it began or ceased to lead, by the clock of this test. */
  readonly turns: { readonly leading: boolean; readonly atMs: number }[];
}

async function candidate(identity: string, server?: string): Promise<Candidate> {
  const kube = await api.as(ORCHESTRATOR, [], server);
  const turns: Candidate['turns'] = [];
  const leader = startLeader({
    kube,
    identity,
    log: silentLog,
    times,
    onChange({ leading }: Leadership) {
      if (turns.at(-1)?.leading !== leading) turns.push({ leading, atMs: performance.now() });
    },
  });
  leaders.push(leader);
  return { leader, turns };
}

const leads = ({ leader }: Candidate) => leader.current.leading;
const readLease = () => api.admin.request<RawLease>('GET', LEASE);

test('one of two leads; cut off, it steps down before the other takes over, and time is short', async () => {
  const first = await candidate('first', wire.url);
  await eventually('the first to lead', () => leads(first));
  assert.equal(first.leader.current.epoch, 0);
  const second = await candidate('second');
  await eventually('the second to stand by', () => second.leader.current.holder === 'first');
  const before = (await readLease()).metadata.resourceVersion;
  await eventually(
    'a renewal',
    async () => (await readLease()).metadata.resourceVersion !== before,
  );

  wire.set('dead');
  const cutAtMs = performance.now();
  await eventually('the second to lead', () => leads(second), { everyMs: 10 });
  const tookMs = performance.now() - cutAtMs;
  assert.ok(tookMs <= leaseMs + 1_000, `take-over after ${tookMs} ms`);
  assert.equal(leads(first), false);
  const down = first.turns.at(-1)?.atMs ?? Number.POSITIVE_INFINITY;
  const up = second.turns.at(-1)?.atMs ?? 0;
  assert.ok(down < up, `the first led until ${down}, the second from ${up}`);
  assert.equal(second.leader.current.epoch, 1, 'one transition more');
  assert.match(first.leader.current.problem ?? '', /could not be renewed for 2 s/);

  wire.set('cut');
  wire.set('pass');
  await eventually('the first to stand by', () => first.leader.current.holder === 'second');
  assert.ok(leads(second));
  await first.leader.stop();

  // Given back, it is taken at once, well before it would expire.
  const third = await candidate('third');
  await eventually('the third to stand by', () => third.leader.current.holder === 'second');
  const releasedAtMs = performance.now();
  await second.leader.stop();
  await eventually('the third to lead', () => leads(third), { everyMs: 10 });
  assert.ok(performance.now() - releasedAtMs < leaseMs / 2);
  assert.equal(third.leader.current.epoch, 2);
  await third.leader.stop();
});

test('a leader that hands over is followed at once, and leads again where nobody is there', async () => {
  const one = await candidate('gives-way');
  await eventually('it to lead', () => leads(one));
  const two = await candidate('takes-over');
  await eventually('the second to stand by', () => two.leader.current.holder === 'gives-way');
  const { epoch } = one.leader.current;
  const atMs = performance.now();
  assert.equal(await one.leader.handOver(2_500), epoch);
  assert.equal(leads(one), false);
  await eventually('the second to lead', () => leads(two), { everyMs: 10 });
  assert.ok(performance.now() - atMs < 1_500, 'it does not wait for the Lease to run out');
  assert.equal(two.leader.current.epoch, epoch + 1);
  await two.leader.stop();
  await eventually('the first to lead again', () => leads(one));

  const before = one.leader.current.epoch;
  const aloneAtMs = performance.now();
  await one.leader.handOver(2_500);
  await eventually('it to lead again', () => leads(one), { everyMs: 10 });
  assert.ok(performance.now() - aloneAtMs >= 2_500, 'it left the Lease to others for that long');
  assert.equal(isAlone(before, one.leader.current.epoch), true);
  await one.leader.stop();
});

test('the epoch is raised above any that was seen, and stays so for those who come', async () => {
  const one = await candidate('one');
  await assert.rejects(one.leader.raiseEpoch(7), /only the leader/);
  await eventually('it to lead', () => leads(one));
  const before = one.leader.current.epoch;
  assert.equal(await one.leader.raiseEpoch(before), before, 'high enough already');
  assert.equal(await one.leader.raiseEpoch(41), 41);
  assert.equal(one.leader.current.epoch, 41);
  assert.equal((await readLease()).spec?.leaseTransitions, 41);
  await one.leader.stop();
  const two = await candidate('two');
  await eventually('the next to lead', () => leads(two));
  assert.equal(two.leader.current.epoch, 42);
  await two.leader.stop();
});

test('the Lease is deleted under its leader: it goes on with its epoch', async () => {
  const one = await candidate('deleted');
  await eventually('it to lead', () => leads(one));
  const { epoch } = one.leader.current;
  await api.admin.request('DELETE', LEASE);
  await eventually(
    'a new Lease',
    async () => (await readLease()).spec?.holderIdentity === 'deleted',
  );
  assert.deepEqual([leads(one), one.leader.current.epoch], [true, epoch]);
  assert.equal((await readLease()).spec?.leaseTransitions, epoch);
  await one.leader.stop();
});

test("k0s's own Autopilot holds the Lease: ours stands by, names it, and keeps its labels", async () => {
  await api.admin.request('PATCH', LEASE, {
    contentType: 'application/merge-patch+json',
    body: {
      metadata: { labels: { 'autopilot.k0sproject.io/central-cordoning': 'k0s' } },
      spec: { holderIdentity: 'k0s', leaseDurationSeconds: 60 },
    },
  });
  const one = await candidate('ours');
  await eventually('it to stand by', () => one.leader.current.holder === 'k0s');
  // k0s lets go of it.
  await api.admin.request('PATCH', LEASE, {
    contentType: 'application/merge-patch+json',
    body: { spec: { holderIdentity: '' } },
  });
  await eventually('it to lead', () => leads(one));
  assert.equal(
    (await readLease()).metadata.labels?.['autopilot.k0sproject.io/central-cordoning'],
    'k0s',
  );
  await one.leader.stop();
});

test('without the namespace it says what to do', async () => {
  await api.admin.request('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
  await eventually('the namespace to go', async () => {
    const found = await api.kubectl('get', 'namespaces', '-o', 'name');
    return !found.includes(NAMESPACE);
  });
  const one = await candidate('homeless');
  // Rights went with the namespace; the admin's have not.
  const { problem } = await eventually('a problem', () => {
    const { current } = one.leader;
    return current.problem === undefined ? undefined : current;
  });
  assert.match(problem ?? '', /k0s-autopilot/);
  await one.leader.stop();
});
